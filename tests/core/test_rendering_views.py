"""What templates are told of alerts and groups, where the default template does not show it."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.core.alerts import Alert, AlertGroup, Status
from adapter.core.group_view import GroupView
from adapter.core.links import URL_LIMIT, all_alerts_url, http_url
from adapter.core.reader import Reader
from adapter.core.severity import DEFAULT_SCALE, UNTOLD
from adapter.core.words import LANGUAGES, words_of
from support.rendering import NOW

if TYPE_CHECKING:
    from adapter.core.alert_view import AlertView

START = NOW - timedelta(minutes=23)


def view_of(*alerts: Alert, language: str = "en") -> GroupView:
    reader = Reader(words_of(language), UTC, NOW, 4000)
    return GroupView(AlertGroup(alerts=alerts), reader)


def firing(severity: str = "critical", **labels: str) -> Alert:
    return Alert(labels={"alertname": "A", "severity": severity, **labels}, starts_at=START)


def over(**labels: str) -> Alert:
    return Alert(
        labels={"alertname": "A", **labels}, status=Status.RESOLVED, starts_at=START, ends_at=NOW
    )


def only(alert: Alert) -> AlertView:
    return view_of(alert).alerts[0]


def test_what_the_sender_says_of_an_alert_is_shown_as_it_came() -> None:
    view = only(Alert(generator_url="http://p/1", fingerprint="c08103ff842cef86"))
    assert (view.generator_url, view.fingerprint) == ("http://p/1", "c08103ff842cef86")


# Severity.


@pytest.mark.parametrize(
    ("value", "name"),
    [("critical", "严重"), ("P0", "严重"), ("Warning", "警告"), ("none", "提示"), ("", "告警")],
)
def test_severity_is_told_by_its_label_in_any_case(value: str, name: str) -> None:
    assert DEFAULT_SCALE.level_of({"severity": value}).name("zh") == name


def test_a_severity_that_no_level_knows_is_its_own_name() -> None:
    assert DEFAULT_SCALE.level_of({"severity": "disaster"}) is UNTOLD
    assert view_of(firing("disaster")).badge == "🔔 disaster"
    assert view_of(Alert()).badge == "🔔 Alert"


def test_every_level_has_a_name_in_every_language() -> None:
    for level in DEFAULT_SCALE.worst_first:
        assert set(level.names) == set(LANGUAGES)


# Of a group.


def test_firing_alerts_come_first_and_the_worst_of_them_first() -> None:
    view = view_of(over(), firing("info"), firing("odd"), firing("critical"), firing("warning"))
    assert [alert.severity.rank for alert in view.firing] == [0, 1, 2, 3]
    assert view.alerts == [*view.firing, *view.resolved]
    assert view.badge == "🔴 Critical 1 · 🟡 Warning 1 · 🔔 odd 1 · 🔵 Info 1"


def test_more_severities_than_fit_a_glance_are_not_all_named() -> None:
    view = view_of(*(firing(f"s{number}") for number in range(99)))
    assert view.badge.count("🔔") == 4


def test_names_are_told_with_their_numbers() -> None:
    named = [Alert(labels={"alertname": name}) for name in "AABCDE"]
    assert view_of(*named).name == "A ×2, B ×1, C ×1, 2 other kinds"
    assert view_of(*named[:3]).name == "A ×2, B ×1"
    assert view_of(*named[:2]).name == "A ×2"
    assert view_of(Alert()).name == "Unnamed alert"


def test_what_is_over_among_what_fires_is_counted() -> None:
    assert view_of(firing(), over(), over()).recovered == "✅ 2 resolved"
    assert view_of(over(), over()).recovered == view_of(firing()).recovered == ""
    assert view_of(over(), over()).badge == "✅ All resolved"


def test_a_group_lasted_from_its_first_start_to_its_last_end() -> None:
    late = Alert(status=Status.RESOLVED, starts_at=NOW, ends_at=NOW + timedelta(minutes=2))
    view = view_of(over(), late)
    assert view.when == "20:42 → 21:07, lasted 25 min"
    assert view.lasted == "lasted 25 min"
    assert view_of(firing(), late).ends_at is None
    assert view_of(firing(), late).lasted == ""


def test_a_summary_is_the_groups_only_if_several_alerts_say_it() -> None:
    told = Alert(annotations={"summary": "s", "description": "d"}, starts_at=START)
    assert (view_of(told, told).summary, view_of(told, told).description) == ("s", "d")
    assert view_of(told).summary == view_of(told, Alert()).summary == ""


# Of an alert.


def test_an_alert_of_several_tells_only_what_differs() -> None:
    view = view_of(firing(pod="a", rack="1", job="j"), firing(pod="b", rack="2", job="j"))
    assert [(alert.subject, alert.details) for alert in view.alerts] == [
        ("a", ["rack=1"]),
        ("b", ["rack=2"]),
    ]
    assert view.details == ["job=j"]


def test_a_label_that_is_no_usual_subject_tells_alerts_apart_all_the_same() -> None:
    view = view_of(firing(shard="1"), firing(shard="2"))
    assert [alert.subject for alert in view.alerts] == ["1", "2"]
    assert only(firing(shard="1")).subject == ""


def test_a_single_alert_tells_what_and_its_group_the_rest() -> None:
    view = view_of(firing(pod="a", job="j", cluster="c", namespace="n"))
    assert (view.alerts[0].subject, view.alerts[0].details) == ("a", [])
    assert (view.where, view.details) == (["c", "n"], ["job=j"])


def test_the_description_stands_in_for_a_summary_only_while_the_alert_fires() -> None:
    notes = {"description": "load is 96"}
    assert only(Alert(annotations=notes)).summary == "load is 96"
    assert only(Alert(annotations=notes)).description == ""
    assert only(Alert(annotations=notes, status=Status.RESOLVED)).summary == ""
    stale = Alert(annotations={"summary": "s", **notes}, status=Status.RESOLVED)
    assert only(stale).description == ""


def test_when_says_no_more_than_is_known() -> None:
    assert only(firing()).when == "since 20:42, for 23 min"
    assert only(Alert(starts_at=NOW)).when == "since 21:05"
    assert only(over()).when == "20:42 → 21:05, lasted 23 min"
    assert only(Alert(status=Status.RESOLVED, starts_at=START)).when == "20:42"
    assert only(Alert()).when == ""
    assert only(Alert()).duration is None
    assert only(firing()).duration == timedelta(minutes=23)


def test_an_alert_leads_where_its_group_does_not() -> None:
    first = Alert(generator_url="http://p/1", annotations={"runbook": "http://r"})
    other = Alert(generator_url="http://p/2", annotations={"runbook_url": "http://r"})
    view = view_of(first, other)
    assert [(link.text, link.url) for link in view.links] == [("Runbook", "http://r")]
    assert [link.url for alert in view.alerts for link in alert.links] == [
        "http://p/1",
        "http://p/2",
    ]
    assert view.alerts[0].runbook_url == "http://r"


def test_grafanas_dashboard_goes_before_the_annotation() -> None:
    notes = {"dashboard_url": "http://a"}
    assert only(Alert(annotations=notes)).dashboard_url == "http://a"
    assert only(Alert(annotations=notes, dashboard_url="http://d")).dashboard_url == "http://d"
    both = Alert(dashboard_url="http://d", panel_url="http://p")
    assert (only(both).dashboard_url, only(both).panel_url) == ("http://d", "http://p")
    assert [link.text for link in only(both).links] == []
    assert [link.text for link in view_of(both).links] == ["Dashboard", "Panel"]


# Addresses.


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        (
            "http://p/graph?g0.expr=up%28%29&g0.tab=1#x",
            "http://p/graph?g0.expr=up%28%29&g0.tab=1#x",
        ),
        ("HTTPS://a.example:9090", "HTTPS://a.example:9090"),
        ("http://[fe80::1]:9090/x", "http://[fe80::1]:9090/x"),
        ("http://监控.example/图", "http://%E7%9B%91%E6%8E%A7.example/%E5%9B%BE"),
        (" http://p/a (b)[c] ", "http://p/a%20%28b%29%5Bc%5D"),
        ("http://p/*_`<>\"'|\\@138", "http://p/%2A_%60%3C%3E%22%27%7C%5C%40138"),
        ("http://p/\n\ud800", "http://p/%0A?"),
        ("http://good@evil/", ""),
        ("http://good\\@evil/", ""),
        ("http:///x", ""),
        ("javascript:alert(1)", ""),
        ("dingtalk://dingtalkclient/x", ""),
        ("//p/x", ""),
        ("p/x", ""),
        ("", ""),
        ("http://p/" + "x" * URL_LIMIT, ""),
        ("http://p/" + "严" * (URL_LIMIT // 2), ""),
    ],
)
def test_an_address_is_linked_only_if_it_leads_to_a_web_page(url: str, linked: str) -> None:
    assert http_url(url) == linked


def test_the_list_of_all_alerts_is_found_by_receiver_as_alertmanagers_page_reads_it() -> None:
    plain = AlertGroup(alerts=(), receiver="a.b+c/严", external_url="http://am/x/")
    quoted = AlertGroup(alerts=(), receiver="a\\.b\\+c/严", external_url="http://am/x")
    expected = "http://am/x/#/alerts?receiver=a%5C.b%5C%2Bc%2F%E4%B8%A5"
    assert all_alerts_url(plain) == all_alerts_url(quoted) == expected
    assert all_alerts_url(AlertGroup(alerts=(), receiver="x")) == ""


# Words.


def test_spans_are_told_in_their_two_largest_units() -> None:
    told = words_of("zh").span
    assert [told(timedelta(seconds=seconds)) for seconds in (-1, 59, 60, 3600, 3660, 86400)] == [
        *("0 秒", "59 秒", "1 分钟", "1 小时", "1 小时 1 分钟", "1 天")
    ]
    assert told(timedelta(days=2, hours=3, minutes=4)) == "2 天 3 小时"


def test_a_language_that_is_not_known_is_chinese() -> None:
    assert words_of("fr") is words_of("zh")


# What Grafana sends.


def test_values_that_grafana_measured_are_told_whatever_else_it_sends() -> None:
    measured = {"B": 91.2, "C": 1, "D": None, "E": "x"}
    assert only(Alert(values=measured)).values == ["B=91.2", "C=1"]
    for strange in (None, [1], "x"):
        assert only(Alert(values=strange)).values == []


def test_title_and_message_are_text_or_nothing() -> None:
    reader = Reader(words_of("en"), UTC, NOW, 4000)
    view = GroupView(AlertGroup(alerts=(), title=" t ", message={"a": 1}), reader)
    assert (view.title, view.message) == ("t", "")


def test_a_runbook_is_the_groups_if_all_say_so() -> None:
    one, other = (Alert(annotations={"runbook_url": f"http://r/{n}"}) for n in range(2))
    assert view_of(one, one).runbook_url == "http://r/0"
    assert view_of(one, other).runbook_url == ""


def test_what_is_over_is_not_silenced() -> None:
    fires = AlertGroup(alerts=(firing(), over()), external_url="http://am")
    view = GroupView(fires, Reader(words_of("en"), UTC, NOW, 4000))
    assert [bool(alert.silence_url("1h")) for alert in view.alerts] == [True, False]
    assert "severity" in view.silence_url()


def test_a_repeat_says_the_how_many_eth_it_is_while_it_fires() -> None:
    for alert, told in ((firing(), "notification 3"), (over(), "")):
        group = AlertGroup(alerts=(alert,), times=3)
        view = GroupView(group, Reader(words_of("en"), UTC, NOW, 4000))
        assert view.repeated == told
    assert view_of(firing()).repeated == ""
