"""A month's messages: counted together, paced by days, told when few are left."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.core.delivery import Sent, Unreachable
from adapter.core.monthly import Allowance
from adapter.core.priority import Priority
from adapter.outbox import open_sqlite
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.settings import make_robot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE = timedelta(minutes=1)
CUT = Unreachable("the connection was refused", ambiguous=False)
UNSURE = Unreachable("no answer within the timeout", ambiguous=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    yield bench
    bench.outbox.close()


def allow(bench: Bench, messages: int, used: int = 0) -> None:
    company = Allowance(name="company", messages=messages, used=used, robots=("ops", "db"))
    bench.configure(
        make_robot("ops", allowance=company),
        make_robot("db", allowance=company),
        make_robot("free"),
    )


def put(
    bench: Bench, *names: str, robot: str = "ops", priority: Priority = Priority.NORMAL
) -> None:
    bench.put(*(make_delivery(make_alert(n), key=n, robot=robot, priority=priority) for n in names))


def count(bench: Bench) -> float:
    (line,) = (each for each in bench.page().splitlines() if "monthly_messages{" in each)
    assert 'quota="company"' in line
    return float(line.split()[-1])


def test_messages_are_counted_over_all_robots_of_a_quota_and_from_what_was_used(
    bench: Bench,
) -> None:
    allow(bench, 3000, used=100)
    assert count(bench) == 100
    put(bench, "A")
    put(bench, "B", robot="db")
    put(bench, "C", robot="free")
    bench.run(MINUTE)
    assert count(bench) == 102
    bench.outbox.close()
    bench.outbox = open_sqlite(bench.path, bench.clock.now())
    bench.rewire()
    put(bench, "D")
    bench.run(MINUTE)
    assert bench.outbox.months(bench.clock.now())["company"].spent(100) == 103


def test_what_never_arrived_is_not_counted_and_what_may_have_is(bench: Bench) -> None:
    allow(bench, 3000)
    bench.sender.answers = [CUT, UNSURE, Sent()]
    put(bench, "A")
    bench.run(MINUTE)
    assert count(bench) == 2


def test_the_month_turns_in_china_and_what_was_used_counts_in_the_first_alone(bench: Bench) -> None:
    allow(bench, 3000, used=500)
    put(bench, "A")
    bench.run(datetime(2026, 11, 30, 15, 59, tzinfo=UTC) - bench.clock.now())
    assert count(bench) == 501
    bench.run(MINUTE)
    put(bench, "B")
    bench.run(MINUTE)
    assert count(bench) == 1


def test_past_todays_share_normal_alerts_are_told_together_within_ten_minutes(bench: Bench) -> None:
    bench.run(datetime(2026, 12, 2, 4, tzinfo=UTC) - bench.clock.now())
    allow(bench, 3000, used=194)  # as much as two of 31 days may spend
    put(bench, *(f"A{number}" for number in range(4)))
    bench.run(MINUTE)
    assert bench.sender.sent == []
    put(bench, "High", priority=Priority.HIGH)
    bench.run()
    assert len(bench.sender.sent) == 1
    assert "High" in bench.sender.bodies[0]["markdown"]["text"], "at once"
    put(bench, *(f"B{number}" for number in range(4)))
    bench.run(9 * MINUTE)
    assert len(bench.sender.sent) == 2
    text = bench.sender.bodies[1]["markdown"]["text"]
    assert all(f"{letter}{number}" in text for letter in "AB" for number in range(4))
    assert bench.outbox.waiting() == 0


def test_with_budget_to_spare_nothing_waits(bench: Bench) -> None:
    allow(bench, 3000, used=100)
    put(bench, "A", "B")
    bench.run()
    assert len(bench.sender.sent) == 2


def test_most_of_it_spent_is_told_once_a_month_to_each_robot_of_the_quota(bench: Bench) -> None:
    allow(bench, 100, used=78)
    for number in range(4):
        put(bench, f"A{number}", priority=Priority.HIGH)
        bench.run(MINUTE)
    bench.dispatcher.wake(["db"])  # as the round of a dispatcher that runs does
    bench.run()
    told = [
        robot
        for (robot, _), body in zip(bench.sender.sent, bench.sender.bodies, strict=True)
        if "company 已用 80/100" in body["markdown"]["text"]
    ]
    assert sorted(told) == ["db", "ops"]
