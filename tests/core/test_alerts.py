"""Alerts and groups: times, names, parts of a group, and who an alert is."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status, common, fingerprint, instant, subset

if TYPE_CHECKING:
    from collections.abc import Iterator

BEIJING = timezone(timedelta(hours=8))
SAMPLES = sorted(Path(__file__).parents[1].glob("samples/alertmanager-*/*.json"))

INSTANTS = [
    (None, None),
    (datetime(1, 1, 1, tzinfo=UTC), None),
    (datetime(1, 1, 1, tzinfo=BEIJING), None),
    (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-8))), None),
    (datetime(2026, 11, 24, 4, tzinfo=BEIJING), datetime(2026, 11, 23, 20, tzinfo=UTC)),
    (datetime(2026, 11, 23, 20), datetime(2026, 11, 23, 20, tzinfo=UTC)),  # noqa: DTZ001  # as sent
]


@pytest.fixture(params=["UTC", "Asia/Shanghai"])
def machine_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the machine be in one zone or the other, which must make no difference."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("machine_zone")
@pytest.mark.parametrize(("sent", "expected"), INSTANTS)
def test_an_instant_is_in_utc_or_not_set(sent: datetime | None, expected: datetime | None) -> None:
    found = instant(sent)
    assert found == expected
    assert found is None or found.tzinfo is UTC


def test_an_alert_ends_only_once_it_is_over() -> None:
    end = datetime(2026, 11, 23, 20, tzinfo=UTC)
    firing = Alert(starts_at=end, ends_at=end)
    assert (firing.started_at, firing.ended_at) == (end, None)
    assert Alert(status=Status.RESOLVED, ends_at=end).ended_at == end


def test_an_alert_may_lack_a_name() -> None:
    assert Alert(labels={"alertname": "Up"}).name == "Up"
    assert Alert(labels={"job": "x"}).name == ""


UP, DOWN = Status.FIRING, Status.RESOLVED


def test_a_group_tells_what_fires_from_what_is_over() -> None:
    fires, over = Alert(status=UP), Alert(status=DOWN)
    group = AlertGroup(alerts=(over, fires, over))
    assert (group.firing, group.resolved) == ((fires,), (over, over))


def test_a_part_of_a_group_says_only_what_holds_for_it() -> None:
    first = Alert(labels={"a": "1", "b": "1"}, annotations={"s": "x", "t": "y"}, status=DOWN)
    second = Alert(labels={"b": "1", "a": "2"}, annotations={"t": "y"}, status=DOWN)
    third = Alert(labels={"b": "2"}, status=UP)
    group = AlertGroup(alerts=(first, second, third), status=UP, receiver="r", truncated_alerts=1)
    assert subset(group, [first, second]) == AlertGroup(
        alerts=(first, second),
        status=DOWN,
        receiver="r",
        common_labels={"b": "1"},
        common_annotations={"t": "y"},
        truncated_alerts=1,
    )
    assert subset(group, [third]).status is UP
    assert subset(group, []) == AlertGroup(alerts=(), status=DOWN, receiver="r", truncated_alerts=1)


def test_the_whole_group_stays_as_its_sender_described_it() -> None:
    group = AlertGroup(alerts=(Alert(labels={"a": "1"}),), common_labels={"said": "otherwise"})
    assert subset(group, list(group.alerts)) is group


names = st.text("abc", max_size=2)


@given(st.lists(st.dictionaries(names, names), max_size=4))
def test_common_is_what_every_set_holds(sets: list[dict[str, str]]) -> None:
    found = common(sets)
    assert list(found) == sorted(found)
    everything = {item for named in sets for item in named.items()}
    shared = {item for item in everything if all(item in named.items() for named in sets)}
    assert set(found.items()) == shared


@pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda sample: f"{sample.parent.name}/{sample.stem}"
)
def test_fingerprints_are_alertmanager_s_own(sample: Path) -> None:
    alerts = json.loads(sample.read_bytes())["alerts"]
    assert alerts
    assert [fingerprint(alert["labels"]) for alert in alerts] == [
        alert["fingerprint"] for alert in alerts
    ]


def test_the_samples_are_there() -> None:
    assert len(SAMPLES) == 30


def test_no_labels_have_the_fingerprint_of_nothing() -> None:
    assert fingerprint({}) == "cbf29ce484222325"


@given(st.dictionaries(st.text(), st.text()))
def test_a_fingerprint_does_not_depend_on_the_order_of_labels(labels: dict[str, str]) -> None:
    assert fingerprint(labels) == fingerprint(dict(reversed(labels.items())))
    assert len(fingerprint(labels)) == 16
