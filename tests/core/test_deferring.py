"""What a route defers is held back by priority, decided when the alerts come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from adapter.core.alerts import Alert, AlertGroup
from adapter.core.batch import Form, Held, Last, Limits, Totals, Waiting
from adapter.core.batching import plan
from adapter.core.matchers import parse_matchers
from adapter.core.priority import Priority
from adapter.core.quota import Quota
from adapter.core.routes import Route, RouteSettings
from adapter.core.routing import address_group, route_group
from adapter.core.time_intervals import Deferral, TimeInterval, times
from support.alerts import make_alert, make_delivery

NIGHTS = {"nights": (TimeInterval(times=(times("00:00", "08:00"),)),)}
NIGHT = datetime(2026, 11, 25, 3, tzinfo=UTC)
DAY = datetime(2026, 11, 25, 12, tzinfo=UTC)
MORNING = datetime(2026, 11, 25, 8, tzinfo=UTC)
WORST = Alert(labels={"severity": "critical"})
MILD = Alert(labels={"severity": "warning", "team": "db"})
ROBOTS = {"ops": RouteSettings(), "db": RouteSettings(defer=("nights",))}
ROOT = Route(
    settings=RouteSettings(robots=("ops",)),
    routes=(
        Route(
            settings=RouteSettings(robots=("db",)),
            matchers=parse_matchers("team=db"),
            continues=True,
        ),
        Route(settings=RouteSettings(defer=("nights",)), matchers=parse_matchers("team=db")),
    ),
)


def routed(at: datetime, *alerts: Alert) -> list[tuple[str, Priority, datetime | None]]:
    group = AlertGroup(alerts=alerts)
    deferral = Deferral(NIGHTS, at)
    return [
        (each.robot, each.priority, each.deferred_until)
        for each in route_group(ROOT, group, ROBOTS, deferral=deferral)
    ]


def test_a_route_or_a_robot_s_default_defers_while_an_interval_holds() -> None:
    normal = Priority.NORMAL
    assert routed(NIGHT, MILD) == [("db", normal, MORNING), ("ops", normal, MORNING)]
    assert routed(DAY, MILD) == [("db", normal, None), ("ops", normal, None)]
    assert routed(NIGHT, Alert(labels={"severity": "warning"})) == [("ops", normal, None)]


def test_high_priority_is_never_deferred_and_takes_no_other_along() -> None:
    group = AlertGroup(alerts=(WORST, MILD))
    defers = RouteSettings(defer=("nights",))
    at_night = address_group("ops", group, defers, deferral=Deferral(NIGHTS, NIGHT))
    assert [(each.priority, each.group.alerts, each.deferred_until) for each in at_night] == [
        (Priority.HIGH, (WORST,), None),
        (Priority.NORMAL, (MILD,), MORNING),
    ]
    (by_day,) = address_group("ops", group, defers, deferral=Deferral(NIGHTS, DAY))
    assert (by_day.priority, by_day.deferred_until) == (Priority.HIGH, None)


def waiting(number: int, *alerts: Alert, priority: Priority = Priority.NORMAL) -> Waiting:
    return Waiting(
        id=number,
        delivery=make_delivery(*alerts, key=str(number), priority=priority),
        priority=priority,
        received_at=NIGHT,
        left=tuple(range(len(alerts))),
    )


HELD = Held(
    since=MORNING,
    until=MORNING,
    totals=Totals(deliveries=1, last_id=1, oldest_received_at=NIGHT),
    head=(waiting(1, make_alert("Held")),),
)
LIMITS = Limits(digest_after=timedelta(minutes=1))


def test_the_digest_waits_for_the_rate_and_for_high_priority_only() -> None:
    normal = waiting(2, make_alert("Normal"))
    high = waiting(3, make_alert("High"), priority=Priority.HIGH)
    resting = Quota(rests_until=MORNING + timedelta(minutes=5))
    assert plan((), Totals(), resting, MORNING, LIMITS, HELD).wake_at == resting.rests_until
    for head, first in (((), "Held"), ((normal,), "Held"), ((high, normal), "High")):
        batch = plan(head, Totals(deliveries=1), Quota(), MORNING, LIMITS, HELD).batch
        assert batch is not None
        assert batch.entries[0].alert.name == first
        assert (batch.held is HELD, batch.form is Form.DIGEST) == (first == "Held",) * 2


def test_the_digest_comes_before_what_is_under_suspicion() -> None:
    suspect = msgspec.structs.replace(waiting(2, make_alert("Suspect")), suspect=4)
    batch = plan((suspect,), Totals(last=Last(form=Form.LINE, alone=False, planned_at=NIGHT)),
                 Quota(), MORNING, LIMITS, HELD).batch  # fmt: skip
    assert batch is not None
    assert batch.held is HELD
