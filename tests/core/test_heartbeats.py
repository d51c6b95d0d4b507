"""Which alerts beat which switch: they are observed and not delivered."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.alerts import Alert, Status
from adapter.core.heartbeats import VALUE_LENGTH, Beat, Heartbeat, sift, takers_of
from adapter.core.matchers import parse_matchers
from support.alerts import make_alert, make_group

PIPELINE = Heartbeat(
    name="pipeline",
    matchers=parse_matchers('{alertname="Watchdog", severity="critical"}'),
    every=timedelta(minutes=5),
    robots=("ops",),
    by=("cluster",),
)
WHOLE = replace(PIPELINE, name="whole", by=())


def watchdog(cluster: str = "bj", *, status: str = "firing", **labels: str) -> Alert:
    return make_alert("Watchdog", status=status, cluster=cluster, **labels)


def test_each_value_and_source_has_a_switch_of_its_own() -> None:
    group = make_group(watchdog("bj"), watchdog("sh"), watchdog("sh", pod="2"))
    from_a = msgspec.structs.replace(group, source="a")
    assert sift(group, [PIPELINE])[1] == (
        Beat("pipeline cluster", "", "bj"),
        Beat("pipeline cluster", "", "sh"),
    )
    assert sift(from_a, [WHOLE])[1] == (Beat("whole", "a", ""),)


def test_by_other_labels_it_is_another_heartbeat() -> None:
    assert PIPELINE.key != replace(PIPELINE, by=("env",)).key != WHOLE.key


def test_values_of_several_labels_are_joined_and_what_is_missing_is_empty() -> None:
    by_two = replace(PIPELINE, by=("cluster", "env"))
    assert by_two.value({"cluster": "bj", "env": "prod"}) == "bj/prod"
    assert by_two.value({"env": "prod"}) == "/prod"


def test_a_value_is_short_enough_to_be_kept() -> None:
    assert PIPELINE.value({"cluster": "b\0j" + "x" * 999}) == "bj" + "x" * (VALUE_LENGTH - 2)


def test_what_is_over_is_no_beat_and_is_not_delivered_either() -> None:
    rest, beats = sift(make_group(watchdog(status="resolved")), [PIPELINE])
    assert (rest.alerts, beats) == ((), ())


def test_one_alert_may_beat_several_heartbeats() -> None:
    _, beats = sift(make_group(watchdog()), [PIPELINE, WHOLE])
    assert [beat.heartbeat for beat in beats] == ["pipeline cluster", "whole"]


def test_all_matchers_must_match() -> None:
    assert takers_of({"alertname": "Watchdog", "severity": "none"}, [PIPELINE]) == ()


def test_a_group_without_beats_stays_as_it_is() -> None:
    group = make_group(make_alert("A"), make_alert("B"))
    assert sift(group, [PIPELINE])[0] is group


STATUSES = st.sampled_from(list(Status))
ALERTS = st.builds(
    lambda name, status, cluster: make_alert(name, status=status, cluster=cluster),
    st.sampled_from(["Watchdog", "Other"]),
    STATUSES,
    st.sampled_from(["bj", "sh"]),
)


@given(alerts=st.lists(ALERTS, min_size=1))
def test_an_alert_is_either_delivered_or_observed(alerts: list[Alert]) -> None:
    rest, beats = sift(make_group(*alerts), [PIPELINE, WHOLE])
    assert list(rest.alerts) == [alert for alert in alerts if alert.name != "Watchdog"]
    firing = {
        alert.labels["cluster"]
        for alert in alerts
        if alert.name == "Watchdog" and alert.status is Status.FIRING
    }
    assert {beat.value for beat in beats if beat.heartbeat == PIPELINE.key} == firing
    assert len(set(beats)) == len(beats)


def test_labels_that_name_somebody_are_those_of_the_value() -> None:
    mention = ("zhang", "schedule:label:cluster", "label:env")
    by_two = replace(PIPELINE, by=("cluster", "env"), mention=mention)
    assert by_two.wanted("bj/prod").labels == (("cluster", "bj"), ("env", "prod"))
    assert by_two.wanted("a/b/c").labels == (("cluster", ""), ("env", "")), "nobody is guessed"
    one = replace(PIPELINE, mention=mention[:2])
    assert one.wanted("a/b").labels == (("cluster", "a/b"),)
    assert replace(PIPELINE, mention=("zhang",)).wanted("bj").labels == ()
