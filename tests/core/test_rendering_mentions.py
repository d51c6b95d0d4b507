"""Whom messages ring, and the words that do it, as they are read and as DingTalk reads them."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.core.batch import Form
from adapter.core.directory import Contact
from adapter.core.mentions import Wanted, announcement
from adapter.core.who import NOBODY, OnDuty
from support.batches import (
    a_batch,
    a_delivery,
    an_alert,
    entries_of,
    network_storm,
    nodes,
    size_of,
    text_of,
    three_groups,
)
from support.mentions import DIRECTORY, as_sent, ringing, rule, rung_by
from support.rendering import NOW, ROOT, problems_of, renderer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from adapter.core.batch import Batch, Entry
    from adapter.core.delivery import Delivery
    from adapter.core.rendering import RenderedBatch, Renderer

GOLDEN = ROOT / "tests" / "golden" / "mentions"
BUNDLED = renderer()


def render(
    batch: Batch,
    *,
    announced: Sequence[str] = (),
    digested: Sequence[Wanted] = (),
    by: Renderer = BUNDLED,
) -> RenderedBatch:
    who = OnDuty(DIRECTORY, NOW, announced, digested=digested)
    return by.render_batch(batch, now=NOW, who=who)


def told(delivery: Delivery, *, by: Renderer = BUNDLED) -> RenderedBatch:
    """Return the message of one group alone."""
    return render(a_batch(Form.FULL, entries_of([delivery]), alone=True), by=by)


def pods(*owners: str, **look: str) -> Delivery:
    alerts = [
        an_alert("KubePodCrashLooping", "critical", pod=f"api-{number}", owner=owner)
        for number, owner in enumerate(owners)
    ]
    return a_delivery(*alerts, **look)


def of_three(language: str) -> list[Delivery]:
    crashing, disk, back = three_groups(language=language)
    return [ringing(crashing, rule("schedule:sre")), ringing(disk, rule("lee")), back]


def of_storm(language: str) -> tuple[Batch, tuple[Wanted, ...]]:
    entries = entries_of(network_storm(language=language), received_at=NOW - timedelta(minutes=2))
    return a_batch(Form.DIGEST, entries), (Wanted(("schedule:sre",)), Wanted(("wang",)))


CASES = {
    "alone": lambda language: told(ringing(of_three(language)[0], rule("schedule:sre", "wang"))),
    "everybody": lambda language: told(ringing(pods("lee", language=language), rule("all", "lee"))),
    "merged": lambda language: render(a_batch(Form.FULL, entries_of(of_three(language)))),
    "lines": lambda language: render(a_batch(Form.LINE, entries_of(of_three(language)))),
    "digest": lambda language: render(of_storm(language)[0], digested=of_storm(language)[1]),
}


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", CASES)
def test_a_message_that_rings_reads_as_its_golden_file(name: str, language: str) -> None:
    markdown = CASES[name](language).message.markdown
    shown = f"{markdown.title}\n\n----\n\n{markdown.text}\n"
    golden = GOLDEN / language / f"{name}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(shown)
    assert shown == golden.read_text()


def test_every_golden_file_has_its_case() -> None:
    for language in ("zh", "en"):
        assert {path.stem for path in (GOLDEN / language).glob("*.md")} == set(CASES)


def test_who_is_on_call_is_rung_at_the_end_of_a_group() -> None:
    rendered = told(ringing(pods("", ""), rule("schedule:sre")))
    sent = as_sent(rendered.message)
    assert sent["markdown"]["text"].endswith("\n\n值班 张三 @13800000001")
    assert sent["at"] == {"atMobiles": ["13800000001"]}
    assert rung_by(sent) == ("zhang",)
    assert rendered.rung == (Contact("13800000001"),)


def test_a_number_abroad_and_a_user_id_stand_literally() -> None:
    sent = as_sent(told(ringing(pods("lee", "wang"), rule("label:owner"))).message)
    assert sent["markdown"]["text"].endswith("\n\n值班 lee @+852-12345678 王五 @wang_wu.01")
    assert sent["at"] == {"atMobiles": ["+852-12345678"], "atUserIds": ["wang_wu.01"]}
    assert rung_by(sent) == ("lee", "wang")


def test_everybody_is_rung_without_any_number() -> None:
    rendered = told(ringing(pods("lee"), rule("zhang", "all"), rule("label:owner")))
    sent = as_sent(rendered.message)
    assert sent["at"] == {"isAtAll": True}
    assert "@" not in sent["markdown"]["text"]
    assert sent["markdown"]["text"].endswith("\n\n通知 张三 所有人 lee")
    assert len(rung_by(sent)) > 5
    assert rendered.left_out == ()


def test_a_repeat_rings_nobody_and_says_nobody() -> None:
    delivery = ringing(pods("lee"), rule("zhang"))
    [alert] = delivery.group.alerts
    batch = a_batch(Form.FULL, entries_of([delivery]), alone=True)
    rendered = render(batch, announced=[announcement("", alert)])
    assert as_sent(rendered.message).get("at") is None
    assert "张三" not in text_of(rendered)


def test_in_a_merged_message_each_is_marked_once_where_first_named() -> None:
    groups = [ringing(nodes(1, key=str(n)), rule("zhang")) for n in range(3)]
    text = text_of(render(a_batch(Form.LINE, entries_of(groups))))
    assert [line for line in text.split("\n\n") if "张三" in line][1:] == [
        line for line in text.split("\n\n") if line.endswith(" · 张三")
    ]
    assert text.count("@13800000001") == 1
    assert " · 张三 @13800000001\n\n" in text


def test_somebody_without_a_name_is_named_with_a_mask_when_rung_already() -> None:
    groups = [ringing(nodes(1, key=str(n)), rule("mobile:13911112222")) for n in range(2)]
    text = text_of(render(a_batch(Form.LINE, entries_of(groups))))
    assert text.count("@13911112222") == 1
    assert text.count(r" · 139\*\*\*\*2222") == 1


def test_what_rings_everybody_waits_where_single_people_are_marked() -> None:
    groups = [
        ringing(nodes(1, key=str(n)), rule(target))
        for n, target in enumerate(["zhang", "all", "lee"])
    ]
    for form in (Form.FULL, Form.LINE):
        entries = entries_of(groups)
        first = render(a_batch(form, entries))
        assert (first.told, rung_by(as_sent(first.message))) == (1, ("zhang",))
        rest = render(a_batch(form, entries[1:]))
        assert rest.told == 2
        assert as_sent(rest.message)["at"] == {"isAtAll": True}
        assert "@" not in text_of(rest)


def crowd(first: int, count: int) -> list[str]:
    return [f"mobile:139{number:08}" for number in range(first, first + count)]


@pytest.mark.parametrize("form", [Form.FULL, Form.LINE])
def test_no_message_rings_more_than_fifty_and_nobody_is_left_out(form: Form) -> None:
    groups = [ringing(nodes(1, key=str(n)), rule(*crowd(7 * n, 7))) for n in range(20)]
    entries, rung = entries_of(groups), []
    while entries:
        rendered = render(a_batch(form, entries))
        mobiles = as_sent(rendered.message)["at"]["atMobiles"]
        assert len(mobiles) == min(49, 7 * len(entries))
        assert rendered.left_out == ()
        rung += mobiles
        entries = entries[rendered.told :]
    assert [f"mobile:{mobile}" for mobile in rung] == crowd(0, 140)


def test_a_group_of_many_owners_takes_several_messages() -> None:
    alerts = [an_alert("A", "critical", pod=f"p-{n}", n=str(n)) for n in range(60)]
    rules = [
        msgspec.structs.replace(rule(target), alerts=(n,)) for n, target in enumerate(crowd(0, 60))
    ]
    entries = entries_of([ringing(a_delivery(*alerts), *rules)])
    first = render(a_batch(Form.FULL, entries, alone=True))
    assert first.told == 50
    assert len(first.rung) == 50


def test_of_more_than_fifty_for_one_alert_the_first_are_rung_and_the_others_told() -> None:
    rendered = told(ringing(nodes(1), rule(*crowd(0, 60))))
    assert [f"mobile:{each.mobile}" for each in rendered.rung] == crowd(0, 50)
    assert [f"mobile:{each.mobile}" for each in rendered.left_out] == crowd(50, 10)
    assert all("****" in each.masked for each in rendered.left_out)


def test_long_names_give_way_to_marks_and_a_small_room_to_fewer_of_them() -> None:
    zhang = DIRECTORY.people["zhang"]
    people = {
        f"p{n}": replace(zhang, key=f"p{n}", name="名" * 64, mobile=f"139{n:08}") for n in range(50)
    }
    who = OnDuty(replace(DIRECTORY, people=people), NOW)
    batch = a_batch(Form.FULL, entries_of([ringing(nodes(1), rule(*people))]), alone=True)
    rendered = BUNDLED.render_batch(batch, now=NOW, who=who)
    assert len(rendered.rung) == 50
    assert size_of(rendered) < 19_000
    small = BUNDLED.render_batch(batch, now=NOW, who=who, room=2_000)
    assert 0 < len(small.rung) < 50
    assert len(small.rung) + len(small.left_out) == 50
    assert size_of(small) <= 2_000


def test_what_means_nobody_is_told() -> None:
    rendered = told(ringing(pods("nobody"), rule("label:owner", otherwise=["zhang"])))
    assert rendered.missing == ("label:owner=nobody",)
    assert rung_by(as_sent(rendered.message)) == ("zhang",)


# -- templates -------------------------------------------------------------------------------------

MINE = (
    '{% extends "default.j2" %}'
    "{% block group %}{{ super() }}"
    "{% if mentions %}\n\n负责：{{ mentions | join(' / ') }}{% endif %}{% endblock %}"
    "{% block entry %}{{ alert.name }}{% for who in mentions %} {{ who }}{% endfor %}{% endblock %}"
)


def test_a_template_may_put_mentions_where_it_likes() -> None:
    rendered = told(
        ringing(pods("lee", "wang", template="mine"), rule("label:owner")), by=renderer(mine=MINE)
    )
    text = text_of(rendered)
    assert "负责：lee @+852-12345678 / 王五 @wang_wu.01" in text
    assert "值班" not in text
    assert rung_by(as_sent(rendered.message)) == ("lee", "wang")


def test_an_entry_of_a_template_may_too() -> None:
    entries = entries_of([ringing(pods("lee", template="mine"), rule("label:owner"))])
    text = text_of(render(a_batch(Form.LINE, entries), by=renderer(mine=MINE)))
    assert "KubePodCrashLooping lee @+852-12345678\n\n" in text


def test_a_mark_that_is_not_apart_from_other_words_is_written_once_more() -> None:
    glued = '{% extends "default.j2" %}{% block footer %}({{ mentions | join }}){% endblock %}'
    rendered = told(ringing(pods("lee", template="mine"), rule("zhang")), by=renderer(mine=glued))
    assert "(张三 @13800000001)" in text_of(rendered)
    assert rung_by(as_sent(rendered.message)) == ("zhang",)


def test_a_template_that_fails_still_rings() -> None:
    broken = '{% extends "default.j2" %}{% block group %}{{ 1 / 0 }}{% endblock %}'
    rendered = told(ringing(pods("lee", template="mine"), rule("zhang")), by=renderer(mine=broken))
    assert rendered.failed
    assert rung_by(as_sent(rendered.message)) == ("zhang",)


def test_check_config_tries_templates_with_mentions() -> None:
    wrong = '{% extends "default.j2" %}{% block footer %}{{ mentions[0].phone }}{% endblock %}'
    [problem] = problems_of(mine=wrong)
    assert problem.name == "mine.j2"


def test_a_refused_alert_told_plainly_still_rings() -> None:
    batch = a_batch(Form.FULL, entries_of([ringing(pods("lee"), rule("zhang"))]))
    rendered = render(msgspec.structs.replace(batch, minimal=True))
    assert rung_by(as_sent(rendered.message)) == ("zhang",)


# -- series ----------------------------------------------------------------------------------------


def in_part(entries: Sequence[Entry], earlier: Contact) -> RenderedBatch:
    who = OnDuty(DIRECTORY, NOW, earlier={earlier: NOW - timedelta(seconds=30)})
    return BUNDLED.render_batch(a_batch(Form.FULL, entries, alone=True), now=NOW, who=who)


@pytest.mark.parametrize("earlier", [Contact("13800000001"), Contact()])
def test_a_later_part_of_a_series_rings_only_for_what_came_since(earlier: Contact) -> None:
    delivery = ringing(pods("lee"), rule("zhang"))
    waited = in_part(entries_of([delivery], received_at=NOW - timedelta(seconds=40)), earlier)
    assert (waited.rung, waited.left_out) == ((), ())
    assert text_of(waited).endswith("\n\n值班 张三")
    came = in_part(entries_of([delivery], received_at=NOW - timedelta(seconds=20)), earlier)
    assert rung_by(as_sent(came.message)) == ("zhang",)


def test_nobody_is_rung_where_nobody_asks() -> None:
    onlooker = OnDuty(DIRECTORY, NOW)
    assert NOBODY.of_digest() == onlooker.of_digest()
    assert NOBODY.earlier == onlooker.earlier
