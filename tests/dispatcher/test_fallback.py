"""Another robot stands in for one that has been broken or blocked for `fallback_after`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.core.delivery import Broken, Exhausted, Outcome, Refused, Sent, Throttled, Unreachable
from adapter.outbox import open_sqlite
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.settings import make_pool, make_robot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE = timedelta(minutes=1)
REMOVED = Broken("400106", "机器人不存在", "removed")
AMBIGUOUS = Unreachable("no answer within the timeout", ambiguous=True)
CUT = Unreachable("the connection was refused", ambiguous=False)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    bench.configure(make_robot("ops", fallback="backup"), make_robot("backup"))
    yield bench
    bench.outbox.close()


def put(bench: Bench, name: str, robot: str = "ops", status: str = "firing") -> None:
    bench.put(make_delivery(make_alert(name, status=status), key=name, robot=robot))


def by_backup(bench: Bench) -> list[str]:
    """Return the texts that the fallback sent."""
    bodies = zip(bench.sender.sent, bench.sender.bodies, strict=True)
    return [body["markdown"]["text"] for (robot, _), body in bodies if robot == "backup"]


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (REMOVED, "机器人已被移出群"),
        (Throttled("660026", "too many"), "发送过快被钉钉限流"),
        (CUT, "无法连接钉钉"),
    ],
)
def test_the_fallback_takes_over_after_ten_minutes_and_says_for_whom(
    bench: Bench, outcome: Outcome, reason: str
) -> None:
    bench.sender.refuse("token-of-ops", outcome)
    put(bench, "A")
    bench.run(10 * MINUTE - timedelta(seconds=1))
    assert by_backup(bench) == []
    bench.run(6 * MINUTE)
    [text] = by_backup(bench)
    assert text.startswith(f"> 代 ops 发送 · for ops: {reason}\n\n")
    assert bench.outbox.waiting() == 0
    put(bench, "B")
    bench.run(10 * MINUTE)
    assert "B" in by_backup(bench)[-1], "what comes meanwhile need not wait again"


def test_a_robot_that_is_well_again_takes_its_own(bench: Bench) -> None:
    bench.sender.refuse("token-of-ops", REMOVED)
    put(bench, "A")
    bench.run(11 * MINUTE)
    bench.sender.refusals.clear()
    bench.outbox.end_rest()  # as a reload does
    put(bench, "B")
    bench.run(MINUTE)
    assert len(by_backup(bench)) == 1
    assert bench.sender.sent[-1][0] == "ops"
    assert "robot_broken{" not in bench.page()


def test_a_frozen_message_stays_with_its_token_and_nothing_overtakes_it(bench: Bench) -> None:
    bench.sender.refuse("token-of-ops", AMBIGUOUS)
    put(bench, "A")
    bench.run()
    put(bench, "A", status="resolved")
    put(bench, "B")
    bench.run(30 * MINUTE)
    assert ["Alert" if "A on" in text else "B" for text in by_backup(bench)] == ["B"]
    bench.sender.refusals.clear()
    bench.run(10 * MINUTE)
    assert bench.outbox.waiting() == 0
    bodies = [body for robot, body in bench.sender.sent if robot == "ops"]
    assert len(set(bodies)) == 2, "the frozen bytes, and then what resolved"


def test_a_takeover_survives_a_restart(bench: Bench) -> None:
    bench.sender.refuse("token-of-ops", REMOVED)
    put(bench, "A")
    bench.run(5 * MINUTE)
    bench.outbox.close()
    bench.outbox = open_sqlite(bench.path, bench.clock.now())
    bench.rewire()
    bench.run(5 * MINUTE + timedelta(seconds=1))
    assert len(by_backup(bench)) == 1


def test_a_fallback_keeps_its_rate_and_tells_its_own_in_between(bench: Bench) -> None:
    bench.sender.refuse("token-of-ops", REMOVED)
    for number in range(40):
        put(bench, f"Ops{number}")
    bench.run(10 * MINUTE)
    put(bench, "Own", robot="backup")
    bench.run(timedelta(seconds=1))
    assert any("Own" in text for text in by_backup(bench)[:2])
    bench.run(MINUTE)
    assert len(by_backup(bench)) <= 20
    assert bench.outbox.waiting() == 0


def test_there_are_no_chains(bench: Bench) -> None:
    """Each robot's own alerts go to its own fallback, and what it took over to nobody else."""
    bench.configure(
        make_robot("ops", fallback="backup"),
        make_robot("backup", fallback="third"),
        make_robot("third"),
    )
    for token in "token-of-ops", "token-of-backup":
        bench.sender.refuse(token, REMOVED)
    put(bench, "A")
    put(bench, "B", robot="backup")
    bench.run(40 * MINUTE)
    third = [body for robot, body in bench.sender.sent if robot == "third"]
    assert len(third) == 1
    assert b"for backup" in third[0]
    assert bench.outbox.queue()["ops"].pending == 1


def test_a_pool_that_is_half_well_needs_no_fallback(bench: Bench) -> None:
    bench.configure(make_pool("ops", 2, fallback="backup"), make_pool("backup", 2))
    bench.sender.refuse("token-of-ops", REMOVED)
    put(bench, "A")
    put(bench, "B")
    bench.run(30 * MINUTE)
    assert by_backup(bench) == []
    bench.sender.refuse("token-of-ops-1", REMOVED)
    for number in range(12):
        put(bench, f"C{number}")
    bench.run(11 * MINUTE)
    assert bench.outbox.waiting() == 0
    assert {token for token in bench.sender.tokens if "backup" in token} == {
        "token-of-backup",
        "token-of-backup-1",
    }


def test_a_month_that_is_used_up_is_told_once_through_the_fallback(bench: Bench) -> None:
    bench.sender.refuse("token-of-ops", Exhausted("90030", "webhook over limit"))
    put(bench, "A")
    bench.run(MINUTE)
    [text] = by_backup(bench)
    assert "90030" in text
    assert bench.sender.tokens.count("token-of-ops") == 1, "it rests until the month turns"
    bench.outbox.end_rest()
    put(bench, "B")
    bench.run(MINUTE)
    assert bench.sender.tokens.count("token-of-ops") == 2, "a reload tries again"
    assert len(by_backup(bench)) == 1
    bench.run(10 * MINUTE)
    assert bench.outbox.waiting() == 0
    assert 'robot_broken{reason="exhausted"' not in bench.page()


def test_two_refused_alike_make_the_next_plain(bench: Bench) -> None:
    """The third alert has the same kind of annotation; it passes at once, without it."""

    def refuse(robot: object, body: bytes) -> Outcome:
        del robot
        bench.sender.sent.append(("ops", body))
        return Refused("430101", "unsafe URL") if b"on bad" in body else Sent()

    bench.sender.send = refuse  # type: ignore[method-assign]  # with a filter
    for name in "ABC":
        bench.put(make_delivery(make_alert(name, instance="bad"), key=name))
        bench.run(MINUTE)
    assert [b"on bad" in body for _, body in bench.sender.sent] == [True, False, True, False, False]
    assert bench.outbox.waiting() == 0
    bench.run(10 * MINUTE)
    bench.put(make_delivery(make_alert("D", instance="bad"), key="D"))
    bench.run(MINUTE)
    assert b"on bad" in bench.sender.sent[5][1], "after ten minutes all words are tried again"
