"""What alerts add to the sums when they come is what they take away when they go."""

from __future__ import annotations

from collections import Counter

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.estimating import estimate
from adapter.outbox.rows import to_delivery
from adapter.outbox.weighing import count_key, count_rows, weigh
from support.alerts import make_alert, make_delivery

WORDS = st.sampled_from(["", "A", "B", "严重", "critical", "x" * 300, "nul\0"])
ALERTS = st.builds(
    Alert,
    labels=st.dictionaries(st.sampled_from(["alertname", "severity", "instance"]), WORDS),
    annotations=st.dictionaries(st.sampled_from(["summary", "description"]), WORDS),
    status=st.sampled_from(Status),
)
DELIVERIES = st.builds(
    Delivery,
    robot=st.just("ops"),
    group=st.lists(ALERTS, min_size=1, max_size=12).map(
        lambda alerts: AlertGroup(alerts=tuple(alerts))
    ),
    settings=st.just(RenderSettings()),
    severity_label=st.sampled_from(["severity", "instance"]),
)


@given(DELIVERIES, st.lists(st.integers(0, 2), min_size=12, max_size=12))
def test_whatever_goes_when_nothing_is_left_in_the_sums(
    delivery: Delivery, turns: list[int]
) -> None:
    left: Counter[tuple[object, ...]] = Counter()
    stored = to_delivery(msgspec.json.encode(delivery))
    rows = count_rows(weigh(delivery))
    for turn in range(3):
        told = [at for at in range(len(delivery.group.alerts)) if turns[at] == turn]
        rows += count_rows(weigh(stored, told), sign=-1)
    for row in rows:
        key = tuple(row[name] for name in ("name", "severity", "status"))
        for name in ("alerts", "full_bytes", "line_bytes"):
            left[*key, name] += int(str(row[name]))
    assert not any(left.values())


@given(DELIVERIES)
def test_each_alert_is_counted_under_its_own_name(delivery: Delivery) -> None:
    found = {tuple(row.values())[:6]: row["alerts"] for row in count_rows(weigh(delivery))}
    assert found == Counter(count_key(delivery, alert) for alert in delivery.group.alerts)


def test_alerts_that_are_alike_weigh_what_each_was_estimated_to_take() -> None:
    alerts = [make_alert("Full", instance=f"node-{number}") for number in range(5)]
    other = make_alert("A much longer name than the others have", instance="node-5")
    [many, one] = count_rows(weigh(make_delivery(*alerts, other)))
    full, line = estimate(alerts[0])
    assert (many["alerts"], many["full_bytes"], many["line_bytes"]) == (5, 5 * full, 5 * line)
    assert (one["full_bytes"], one["line_bytes"]) == estimate(other)
