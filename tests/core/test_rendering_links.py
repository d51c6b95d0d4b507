"""Messages carry links to the adapter only where they lead somewhere, and the last one says why."""

from __future__ import annotations

import msgspec
import pytest

from adapter.core.batch import Batch, Form
from adapter.core.message import ActionCardMessage
from adapter.core.message_links import Kind, Link
from adapter.phone import markdown
from support.batches import a_batch, a_delivery, an_alert, entries_of, network_storm, three_groups
from support.rendering import LINKED, LINKER, NOW, renderer

MESSAGE = "0f1e" * 9
BY = renderer(
    LINKED,
    asking='{% extends "default.j2" %}{% block footer %}'
    '[4h]({{ silence_url("4h") }}) [odd]({{ silence_url("&x=") }}){% endblock %}'
    '{% block entry %}{{ alert.silence_url() | link("one") }}{% endblock %}',
)
DOWN = [an_alert("Down", "warning", instance=f"10.0.0.{number}") for number in range(3)]


def of_source(batch: Batch, source: str) -> Batch:
    """Return the batch as if its alerts had come from this Alertmanager."""

    def moved(entry: object) -> object:
        group = msgspec.structs.replace(entry.delivery.group, source=source)  # type: ignore[attr-defined]
        delivery = msgspec.structs.replace(entry.delivery, group=group)  # type: ignore[attr-defined]
        return msgspec.structs.replace(entry, delivery=delivery)  # type: ignore[type-var]

    return msgspec.structs.replace(batch, entries=tuple(map(moved, batch.entries)))


def links_of(batch: Batch) -> list[str]:
    message = BY.render_batch(batch, now=NOW, name=MESSAGE).message
    return [link.url for link in markdown.links(markdown.parse(message.markdown.text))]


def opened(url: str) -> Link:
    link = LINKER.read(*url.partition("?")[0].removeprefix(f"{LINKER.base}/m/").split("/"))
    assert link is not None, url
    return link


def one_group(*, template: str = "default", **look: str) -> Batch:
    delivery = a_delivery(*DOWN, template=template, **look)
    return of_source(a_batch(Form.FULL, entries_of([delivery]), alone=True), "bj")


def test_the_last_link_of_a_group_tells_of_its_delivery() -> None:
    batch = one_group()
    *_, silence, everything, last = links_of(batch)
    assert (opened(last).kind, opened(last).delivery) == (Kind.WHY, batch.entries[0].delivery_id)
    assert opened(silence) == Link(
        Kind.ACT, str(batch.entries[0].delivery_id), int(NOW.timestamp()) + 86_400
    )
    assert everything.startswith("https://am.example.com/#/alerts")


def test_only_an_alertmanager_that_is_configured_can_be_asked_for_a_silence() -> None:
    for source in ("", "sh"):
        links = links_of(of_source(one_group(), source))
        ours = [link for link in links if link.startswith(LINKER.base)]
        assert [opened(link).kind for link in ours] == [Kind.WHY]
        assert any("#/silences/new" in link for link in links)


def test_a_template_says_for_how_long() -> None:
    long, odd, _why = links_of(one_group(template="asking"))
    assert long.endswith("?for=4h")
    assert opened(long).kind is Kind.ACT
    assert "?" not in odd


@pytest.mark.parametrize("form", Form)
def test_the_last_link_of_several_groups_tells_of_the_message(form: Form) -> None:
    deliveries = network_storm() if form is Form.DIGEST else three_groups()
    last = opened(links_of(of_source(a_batch(form, entries_of(deliveries)), "bj"))[-1])
    assert (last.kind, last.subject) == (Kind.MESSAGE, MESSAGE)


def test_an_alert_among_others_is_known_by_its_own_delivery() -> None:
    look = {"template": "asking"}
    entries = entries_of([a_delivery(alert, key=alert.fingerprint, **look) for alert in DOWN])
    found = links_of(of_source(a_batch(Form.LINE, entries), "bj"))
    acts = [opened(url) for url in found if "/act/" in url]
    assert [(act.delivery, act.fingerprint) for act in acts] == [
        (entry.delivery_id, entry.alert.fingerprint) for entry in entries
    ]


def test_a_card_keeps_its_buttons_and_says_why_in_its_text() -> None:
    message = BY.render_batch(one_group(message="action_card"), now=NOW, name=MESSAGE).message
    assert isinstance(message, ActionCardMessage)
    card = message.action_card
    assert card.btns is not None
    assert opened(card.btns[0].action_url).kind is Kind.ACT
    [why] = markdown.links(markdown.parse(card.text))
    assert opened(why.url).kind is Kind.WHY


def test_what_dingtalk_refused_with_links_goes_out_without_any() -> None:
    minimal = msgspec.structs.replace(one_group(), minimal=True)
    assert links_of(minimal) == []


def test_an_alert_without_a_fingerprint_is_silenced_in_alertmanager() -> None:
    [alert] = [msgspec.structs.replace(DOWN[0], fingerprint=value) for value in ("",)]
    batch = a_batch(Form.FULL, entries_of([a_delivery(alert)]), alone=True)
    links = links_of(of_source(batch, "bj"))
    assert any("am.bj.example.com/#/silences/new" in link for link in links)
