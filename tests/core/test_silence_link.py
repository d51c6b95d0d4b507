"""Where a person can silence alerts; a link that would do something else is none."""

from __future__ import annotations

from urllib.parse import unquote

import pytest

from adapter.core.alerts import Alert, AlertGroup
from adapter.core.silence_link import Silencer, silencer_of
from adapter.core.style import Origin, Style

HERE = Silencer("https://am.example.com", {"cluster": "bj"})
FORM = "https://am.example.com/#/silences/new?filter="


def alert(**labels: str) -> Alert:
    return Alert(labels={"alertname": "Up", **labels})


def asked(*alerts: Alert) -> str:
    url = HERE.url(alerts)
    assert url.startswith(FORM)
    return unquote(url.removeprefix(FORM))


def test_a_silence_asks_for_what_the_alerts_have_in_common() -> None:
    assert asked(alert(pod="a", job="j"), alert(pod="b", job="j")) == '{alertname="Up", job="j"}'


def test_values_are_written_as_the_form_reads_them() -> None:
    assert HERE.url([alert(x='a b"\\')]) == (
        FORM + "%7Balertname%3D%22Up%22%2C%20x%3D%22a%20b%5C%22%5C%5C%22%7D"
    )
    assert asked(alert(x="\ud800")) == '{alertname="Up", x="\ufffd"}'


def test_what_only_the_adapter_added_or_the_form_cannot_read_is_not_asked_for() -> None:
    added = alert(cluster="bj", **{"a.b": "x"}, empty="")
    assert asked(added) == '{alertname="Up"}'
    assert asked(alert(cluster="sh")) == '{alertname="Up", cluster="sh"}'


@pytest.mark.parametrize(
    "alerts",
    [
        [],
        [Alert()],
        [alert(), Alert(labels={"alertname": "Down"})],
        [Alert(labels={"job": "a"}), Alert(labels={"job": "a"})],
        [alert(x="x" * 3_000)],
    ],
)
def test_there_is_no_link_where_it_would_lead_nowhere_or_silence_strangers(
    alerts: list[Alert],
) -> None:
    assert HERE.url(alerts) == ""
    assert Silencer("").url([alert()]) == ""
    assert Silencer("file:///etc").url([alert()]) == ""


def test_a_single_alert_without_a_name_is_silenced_by_its_labels() -> None:
    assert asked(Alert(labels={"job": "a"})) == '{job="a"}'


def test_grafana_says_itself_where_its_alerts_are_silenced() -> None:
    one, other = (Alert(silence_url=f"https://g/{name}") for name in "ab")
    assert HERE.url([one, one]) == "https://g/a"
    assert HERE.url([one, other]) == ""
    assert HERE.url([one, alert()]) == ""


def test_the_configured_address_goes_before_the_senders() -> None:
    group = AlertGroup(alerts=(), source="bj", external_url="http://vm:9093/")
    origin = Origin("https://am.bj.example.com/", {"a": "b"})
    style = Style(origins={"bj": origin})
    assert silencer_of(group, style) == Silencer("https://am.bj.example.com", {"a": "b"})
    assert silencer_of(group, Style()) == Silencer("http://vm:9093")
    assert silencer_of(group, Style(origins={"bj": Origin()})).base == "http://vm:9093"
