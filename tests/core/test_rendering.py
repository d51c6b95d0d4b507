from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status, common
from adapter.core.delivery import Delivery, Notice, RenderSettings
from adapter.core.message import BODY_LIMIT, TITLE_LIMIT, AlertMessage, body
from adapter.core.rendering import Rendered, render_notice
from support.rendering import NOW, renderer
from support.steps import steps

UUID = "f" * 64
BUNDLED = renderer()


def an_alert(number: int = 0, *, over: bool = False, **notes: str) -> Alert:
    labels = {"alertname": "TargetDown", "severity": "critical", "instance": f"node-{number}"}
    return Alert(
        labels=labels,
        annotations={"summary": f"node-{number} is down", **notes},
        status=Status.RESOLVED if over else Status.FIRING,
        starts_at=NOW - timedelta(minutes=23),
        ends_at=NOW if over else None,
    )


def a_group(*alerts: Alert, truncated: int = 0) -> AlertGroup:
    return AlertGroup(
        alerts=alerts,
        receiver="dingtalk",
        common_labels=common(alert.labels for alert in alerts),
        external_url="https://am.example.com",
        truncated_alerts=truncated,
    )


def render(group: AlertGroup, *, keyword: str = "", **look: str) -> Rendered:
    delivery = Delivery(robot="ops", group=group, settings=RenderSettings(**look))
    return BUNDLED.render(delivery, now=NOW, keyword=keyword)


def text_of(rendered: Rendered) -> str:
    return rendered.message.markdown.text


def told(text: str, count: int) -> list[int]:
    """Return the numbers of the alerts that a text tells."""
    return [number for number in range(count) if f"**node-{number}**" in text]


# Fitting.


def test_up_to_ten_alerts_are_told_in_full() -> None:
    alerts = [an_alert(number, description=f"why {number}") for number in range(10)]
    text = text_of(render(a_group(*alerts), template="apart"))
    assert all(f"> why {number}" in text for number in range(10))


def test_a_larger_group_is_a_list_that_begins_with_a_few_in_full() -> None:
    alerts = [an_alert(number, description=f"why {number}.") for number in range(11)]
    text = text_of(render(a_group(*alerts), template="apart"))
    assert [number for number in range(11) if f"> why {number}." in text] == [0, 1, 2]
    assert told(text, 11) == list(range(11))


def test_what_has_no_room_is_counted_with_a_link_to_it() -> None:
    alerts = [an_alert(number) for number in range(2000)]
    rendered = render(a_group(*alerts), template="apart")
    shown = told(text_of(rendered), 2000)
    assert shown == list(range(len(shown)))
    assert (
        f"另 {2000 - len(shown)} 条："
        "[全部告警](https://am.example.com/#/alerts?receiver=dingtalk)" in text_of(rendered)
    )
    assert BODY_LIMIT - 300 < len(body(rendered.message, UUID)) <= BODY_LIMIT


def test_without_an_address_the_rest_is_counted_all_the_same() -> None:
    group = msgspec.structs.replace(a_group(*map(an_alert, range(2000))), external_url="")
    text = text_of(render(group, language="en", template="apart"))
    assert f"and {2000 - len(told(text, 2000))} more\n" in text + "\n"


def test_alerts_that_the_sender_cut_off_are_told() -> None:
    assert "另 7 条未列出" in text_of(render(a_group(an_alert(), truncated=7)))
    assert "and 7 more not" in text_of(render(a_group(an_alert(), truncated=7), language="en"))


def test_lines_for_all_go_before_details_of_some() -> None:
    alerts = [an_alert(number, description="x" * 3000) for number in range(10)]
    hungry = (
        '{% extends "apart.j2" %}{% block alert %}'
        "**{{ alert.subject }}** {{ alert.description }}{% endblock %}"
    )
    delivery = Delivery(
        robot="ops", group=a_group(*alerts), settings=RenderSettings(template="hungry")
    )
    rendered = renderer(hungry=hungry).render(delivery, now=NOW)
    assert told(text_of(rendered), 10) == list(range(10))
    assert text_of(rendered).count("x" * 3000) == 5
    assert rendered.failed is None


def test_a_huge_value_is_cut_at_a_character_and_says_so() -> None:
    text = text_of(render(a_group(an_alert(description="严" * 400_000))))
    quoted = next(line for line in text.split("\n") if line.startswith("> "))
    assert quoted == "> " + "严" * 327 + "…（已截断）"


def test_values_shrink_until_a_template_that_shows_all_of_them_fits() -> None:
    notes = {f"note_{number}": "[x]" * 2000 for number in range(9)}
    alert = msgspec.structs.replace(an_alert(), annotations=notes)
    everything = (
        '{% extends "default.j2" %}{% block line %}'
        "{% for name, value in alert.annotations.items() %}{{ name }}={{ value }}{% endfor %}"
        "{% endblock %}"
        "{% block alert %}{{ self.line() }}{% endblock %}"
    )
    settings_ = RenderSettings(template="everything", language="en")
    delivery = Delivery(robot="ops", group=a_group(alert), settings=settings_)
    rendered = renderer(everything=everything).render(delivery, now=NOW)
    assert rendered.failed is None
    assert text_of(rendered).count("… (cut)") == 9
    assert text_of(rendered).count(r"\[x\]") > 9 * 200


def test_a_message_of_twice_as_many_alerts_takes_twice_the_steps() -> None:
    few, many = (a_group(*map(an_alert, range(count))) for count in (5_000, 10_000))
    assert steps(lambda: render(many)) < 2.2 * steps(lambda: render(few))
    assert render(many).failed is None


# Whatever the alerts hold.

STRINGS = st.text(st.characters(), max_size=30) | st.sampled_from(
    [
        "",
        "\ud800",
        "严" * 5000,
        "🔥" * 3000,
        "[a](b)\n# x" * 900,
        "@all",
        "http://a b",
        "\x00\x1b[31m",
    ]
)
TIMES = st.none() | st.datetimes(timezones=st.just(UTC)) | st.datetimes()
ALERTS = st.builds(
    Alert,
    labels=st.dictionaries(STRINGS | st.sampled_from(["alertname", "severity", "pod"]), STRINGS),
    annotations=st.dictionaries(STRINGS | st.sampled_from(["summary", "description"]), STRINGS),
    status=st.sampled_from(Status),
    starts_at=TIMES,
    ends_at=TIMES,
    generator_url=STRINGS,
    dashboard_url=STRINGS,
    silence_url=STRINGS,
)
GROUPS = st.builds(
    AlertGroup,
    alerts=st.lists(ALERTS, max_size=14).map(tuple),
    receiver=STRINGS,
    group_labels=st.dictionaries(STRINGS, STRINGS, max_size=3),
    external_url=STRINGS | st.just("https://am.example.com/"),
    truncated_alerts=st.integers(0, 2**63),
)
LOOKS = st.builds(
    RenderSettings,
    template=st.sampled_from(["default", "gone", "broken", "empty", "long"]),
    language=st.sampled_from(["zh", "en", "fr"]),
    timezone=st.sampled_from(["Asia/Shanghai", "Mars/Base", "../etc", "", "America"]),
)
ODD = renderer(
    broken='{% extends "default.j2" %}{% block line %}{{ 1 / 0 }}{% endblock %}',
    empty='{% extends "layout.j2" %}',
    long='{% extends "default.j2" %}{% block group %}' + "x" * 18_800 + "{% endblock %}",
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(GROUPS, LOOKS, st.sampled_from(["", "告警", 'a"b']))
def test_there_is_always_a_message_and_it_always_fits(
    group: AlertGroup, look: RenderSettings, keyword: str
) -> None:
    delivery = Delivery(robot="ops", group=group, settings=look)
    rendered = ODD.render(delivery, now=NOW, keyword=keyword)
    markdown = rendered.message.markdown
    sent = body(rendered.message, UUID)
    assert len(sent) <= BODY_LIMIT
    assert json.loads(sent)["markdown"]["text"] == markdown.text
    assert 0 < len(markdown.title) <= TITLE_LIMIT
    assert "\n" not in markdown.title
    assert markdown.text.strip()
    assert keyword in markdown.title
    assert keyword in markdown.text
    assert rendered.failed is None or rendered.failed.startswith(look.template)


@pytest.mark.parametrize("value", ["x", "严", "😀", "[", "@", "\\", "\n", "\ud800", '"', "<"])
@pytest.mark.parametrize("template", ["default", "broken"])
def test_a_megabyte_of_anything_fits(value: str, template: str) -> None:
    huge = value * 100_000  # ten times in each alert
    labels = dict.fromkeys(("alertname", "severity", "cluster", "pod", "job", huge[:99]), huge)
    notes = {"summary": huge, "description": huge, "runbook_url": "https://a/" + huge}
    alert = Alert(labels=labels, annotations=notes, starts_at=NOW, generator_url=huge)
    group = AlertGroup(alerts=(alert,) * 12, receiver=huge, external_url=huge)
    delivery = Delivery(robot="ops", group=group, settings=RenderSettings(template=template))
    assert len(body(ODD.render(delivery, now=NOW).message, UUID)) <= BODY_LIMIT


# When a template fails.


@pytest.mark.parametrize(
    ("source", "failed"),
    [
        ("{{ 1 / 0 }}", "odd.j2:2: ZeroDivisionError"),
        ("{{ alert.labels.instance.secret }}", "odd.j2:2: UndefinedError"),
        ("{{ labels }}", "odd.j2:2: UndefinedError"),
        ("{{ alert | nothing }}", "odd.j2:2: TemplateAssertionError"),
        ("{{ 'x' * 200000000 }}", "odd.j2:2: SecurityError"),
        ("{% if %}", "odd.j2:2: TemplateSyntaxError"),
        ('{% include "nowhere.j2" %}', "odd.j2:2: TemplateNotFound"),
    ],
)
def test_a_failing_template_is_named_and_the_alert_goes_out_all_the_same(
    source: str, failed: str
) -> None:
    odd = '{% extends "default.j2" %}{% block line %}\n' + source + "{% endblock %}"
    group = a_group(an_alert(), an_alert(1, over=True))
    delivery = Delivery(robot="ops", group=group, settings=RenderSettings(template="odd"))
    rendered = renderer(odd=odd).render(delivery, now=NOW, keyword="运维")
    assert rendered.failed == failed
    assert text_of(rendered) == (
        "🔴 严重 TargetDown\n\n04:42 起，已 23 分钟\n\n"
        "- 🔴 node-0：node-0 is down\n\n- ✅ node-1\n\n"
        "模板 odd 出错，此为内置格式\n\n"
        "[全部告警](https://am.example.com/#/alerts?receiver=dingtalk)\n\n运维"
    )


def test_a_template_without_end_is_stopped() -> None:
    endless = '{% extends "default.j2" %}{% block line %}{{ self.line() }}{% endblock %}'
    delivery = Delivery(
        robot="ops", group=a_group(an_alert()), settings=RenderSettings(template="endless")
    )
    failed = renderer(endless=endless).render(delivery, now=NOW).failed
    assert failed is not None
    assert failed.endswith("RecursionError")


def test_a_template_that_is_not_there_is_named() -> None:
    rendered = render(a_group(an_alert()), template="gone")
    assert rendered.failed == "gone.j2: there is no such template"
    assert "node-0" in text_of(rendered)


def test_a_template_that_says_nothing_or_too_much_counts_as_failed() -> None:
    for name in ("empty", "long"):
        settings_ = RenderSettings(template=name)
        delivery = Delivery(robot="ops", group=a_group(an_alert()), settings=settings_)
        assert ODD.render(delivery, now=NOW).failed == f"{name}.j2: TooMuchError"


def test_a_message_of_no_alerts_is_a_message() -> None:
    rendered = render(AlertGroup(alerts=()))
    assert rendered.failed is None
    assert rendered.message.markdown.title == "✅ 已恢复 未命名告警"


def test_the_built_in_format_tells_alerts_of_several_names_apart() -> None:
    other = Alert(labels={"alertname": "NodeDown", "severity": "warning"})
    text = text_of(render(a_group(an_alert(), other), template="gone"))
    assert "- 🔴 TargetDown · critical" not in text
    assert "- 🔴 TargetDown · node-0：node-0 is down\n\n- 🟡 NodeDown" in text


# Keyword, zone, notices.


@pytest.mark.parametrize("template", ["default", "gone"])
def test_the_keyword_is_put_into_title_and_text_where_it_is_missing(template: str) -> None:
    markdown = render(a_group(an_alert()), template=template, keyword="告警X").message.markdown
    assert markdown.title.endswith(" · 告警X")
    assert markdown.text.endswith("\n\n告警X")
    markdown = render(a_group(an_alert()), template=template, keyword="Target").message.markdown
    assert not markdown.title.endswith("Target")
    assert not markdown.text.endswith("Target")


def test_a_long_title_is_cut_before_its_keyword() -> None:
    alert = Alert(labels={"alertname": "x" * 100})
    title = render(a_group(alert), keyword="告警组").message.markdown.title
    assert title == "🔔 告警 " + "x" * 52 + "… · 告警组"
    assert len(title) == TITLE_LIMIT


def test_a_title_is_plain_text_because_nothing_renders_it() -> None:
    alert = Alert(labels={"alertname": "[a]_*<b>"})
    assert render(a_group(alert)).message.markdown.title == "🔔 告警 [a]_*<b>"


def test_times_are_told_in_the_zone_of_the_route() -> None:
    assert "04:42 起" in text_of(render(a_group(an_alert())))
    london = render(a_group(an_alert()), timezone="Europe/London", language="en")
    assert "since 20:42, for 23 min" in text_of(london)
    assert "20:42 起" in text_of(render(a_group(an_alert()), timezone="No/Where"))


def test_a_notice_is_sent_as_it_was_written() -> None:
    notice = Notice(robot="ops", title="数据库\n已重建", text="**旧文件**在 `x`\n\n请检查")
    markdown = render_notice(notice, "告警").markdown
    assert markdown.title == "数据库 已重建 · 告警"
    assert markdown.text == "**旧文件**在 `x`\n\n请检查\n\n告警"


def test_a_notice_without_text_says_its_title() -> None:
    assert render_notice(Notice(robot="ops", title="a_b *", text=" ")).markdown.text == r"a_b \*"


@given(
    st.lists(st.text(max_size=20).map(lambda text: text * 300), max_size=20), st.text(max_size=90)
)
def test_a_notice_fits_whatever_it_says(paragraphs: list[str], title: str) -> None:
    notice = Notice(robot="ops", title=title or "x", text="\n\n".join(paragraphs))
    assert len(body(render_notice(notice, "告警"), UUID)) <= BODY_LIMIT


def test_a_notice_of_one_endless_paragraph_is_cut() -> None:
    message: AlertMessage = render_notice(Notice(robot="ops", title="x", text="[" * 99_999))
    assert message.markdown.text.endswith("…")
    assert len(body(message, UUID)) <= BODY_LIMIT


def test_a_time_that_no_zone_can_hold_is_told_as_it_is() -> None:
    last = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
    alert = msgspec.structs.replace(an_alert(), starts_at=last)
    assert "9999-12-31 23:30 起" in text_of(render(a_group(alert)))
