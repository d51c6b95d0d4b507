"""When robots are told that a heartbeat stopped, and that it is back: each once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.heartbeats import Heartbeat
from adapter.core.matchers import parse_matchers
from adapter.core.switches import FORGOTTEN_AFTER, TOLERANCE, Look, Switch, look
from support.clock import START

if TYPE_CHECKING:
    from datetime import datetime

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
EVERY = 5 * MINUTE
WHOLE = Heartbeat(
    name="pipeline",
    matchers=parse_matchers('alertname="Watchdog"'),
    every=EVERY,
    robots=("ops",),
)
BY = replace(WHOLE, by=("cluster",))
EXPECTED = replace(BY, expect=("bj", "sh"))


@dataclass
class Board:
    """Keep switches as a store does, and what was told."""

    heartbeat: Heartbeat
    switches: dict[tuple[str, str], Switch] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def beat(self, now: datetime, value: str = "", source: str = "") -> None:
        old = self.switches.get((source, value)) or Switch(
            heartbeat=self.heartbeat.key, source=source, value=value, since_at=now
        )
        self.switches[source, value] = msgspec.structs.replace(old, seen_at=now)

    def look(self, now: datetime, *, interrupted: bool = False) -> Look:
        found = look(self.heartbeat, self.switches.values(), now, interrupted=interrupted)
        for each in found.gone:
            del self.switches[each.source, each.value]
        for each in found.kept:
            self.switches[each.source, each.value] = each
        self.told += [f"lost {_name(each)}" for each in found.lost]
        self.told += [f"back {_name(each)}" for each in found.back]
        return found


def _name(switch: Switch) -> str:
    return "/".join(filter(None, (switch.source, switch.value))) or "all"


def test_silence_is_told_once_and_the_return_once() -> None:
    board = Board(WHOLE)
    board.beat(START)
    for minutes in range(6):
        board.look(START + minutes * MINUTE)
    assert board.told == [], "as long as every allows"
    [lost] = board.look(START + EVERY + SECOND).lost
    assert lost.lost_since == START
    board.look(START + 2 * EVERY)
    back_at = START + 2 * EVERY + SECOND
    board.beat(back_at)
    [back] = board.look(back_at + SECOND).back
    assert (back.lost_since, back.seen_at) == (START, back_at)
    board.look(back_at + MINUTE)
    assert board.told == ["lost all", "back all"]
    board.look(back_at + EVERY + SECOND)
    assert board.told[2:] == ["lost all"]


def test_nothing_changes_where_nothing_has_happened() -> None:
    board = Board(EXPECTED)
    board.beat(START, "bj")
    board.beat(START, "sh")
    assert board.look(START + MINUTE) == Look()
    board.look(START + 2 * EVERY)
    assert board.look(START + 3 * EVERY) == Look()


def test_what_was_never_seen_counts_from_the_start() -> None:
    board = Board(WHOLE)
    board.look(START)
    board.look(START + EVERY)
    assert board.told == []
    [lost] = board.look(START + EVERY + SECOND).lost
    assert (lost.seen_at, lost.lost_since) == (None, START)
    board.beat(START + 2 * EVERY)
    board.look(START + 2 * EVERY)
    assert board.told == ["lost all", "back all"]


def test_each_value_is_told_by_itself_also_one_that_nobody_expected() -> None:
    board = Board(EXPECTED)
    board.look(START)
    board.beat(START + MINUTE, "bj")
    board.beat(START + 2 * MINUTE, "gz")
    board.look(START + EVERY + SECOND)
    assert board.told == ["lost sh"]
    board.beat(START + EVERY + 90 * SECOND, "bj")
    board.look(START + EVERY + 3 * MINUTE)
    assert board.told == ["lost sh", "lost gz"]


def test_any_source_may_bring_what_is_expected() -> None:
    board = Board(EXPECTED)
    board.look(START)
    board.beat(START + MINUTE, "bj", source="a")
    board.look(START + MINUTE)
    assert ("", "bj") not in board.switches
    board.look(START + EVERY + SECOND)
    assert board.told == ["lost sh"]
    board.beat(START + EVERY + MINUTE, "sh", source="b")
    [back] = board.look(START + EVERY + MINUTE).back
    assert (back.value, back.lost_since, back.seen_at) == ("sh", START, START + EVERY + MINUTE)
    assert board.told == ["lost sh", "back sh"]


def test_sources_are_told_apart() -> None:
    board = Board(WHOLE)
    board.beat(START, source="a")
    board.beat(START + MINUTE, source="b")
    board.look(START + EVERY + SECOND)
    assert board.told == ["lost a"]


def test_without_expected_values_the_heartbeat_as_a_whole_must_come() -> None:
    board = Board(BY)
    board.look(START)
    board.look(START + EVERY + SECOND)
    assert board.told == ["lost all"]
    board.beat(START + 2 * EVERY, "gz", source="a")
    board.look(START + 2 * EVERY)
    assert board.told == ["lost all", "back all"]
    assert list(board.switches) == [("a", "gz")]


def test_an_interruption_is_no_silence() -> None:
    board = Board(EXPECTED)
    board.look(START)
    board.beat(START, "bj")
    later = START + timedelta(hours=1)
    board.look(later, interrupted=True)
    board.look(later + EVERY)
    assert board.told == []
    lost = board.look(later + EVERY + SECOND).lost
    assert [(each.value, each.seen_at) for each in lost] == [("bj", START), ("sh", None)]


def test_what_was_told_before_an_interruption_is_not_told_again() -> None:
    board = Board(WHOLE)
    board.beat(START)
    board.look(START + 2 * EVERY)
    board.look(START + 9 * EVERY, interrupted=True)
    board.look(START + 19 * EVERY)
    board.beat(START + 20 * EVERY)
    board.look(START + 20 * EVERY)
    assert board.told == ["lost all", "back all"]


def test_what_is_no_longer_expected_and_never_came_is_forgotten_in_silence() -> None:
    board = Board(EXPECTED)
    board.beat(START, "bj")
    board.look(START)
    board.look(START + MINUTE + EVERY)
    board.told.clear()
    for expect in ("bj",), ():
        board.heartbeat = replace(EXPECTED, expect=expect)
        board.beat(START + 2 * EVERY, "bj")
        board.look(START + 2 * EVERY)
        assert list(board.switches) == [("", "bj")]
    assert board.told == ["back bj"]


def test_a_value_that_is_gone_for_good_is_forgotten_while_others_come() -> None:
    board = Board(BY)
    board.beat(START, "old")
    board.look(START + EVERY + SECOND)
    late = START + FORGOTTEN_AFTER + SECOND
    board.look(late)
    assert list(board.switches) == [("", "old")], "nothing else comes"
    board.beat(late, "bj")
    board.look(late)
    assert list(board.switches) == [("", "bj")]
    assert board.told == ["lost old"]


def test_an_expected_value_is_never_forgotten() -> None:
    board = Board(EXPECTED)
    for value in EXPECTED.expect:
        board.beat(START, value)
    board.look(START + 2 * EVERY)
    late = START + 2 * FORGOTTEN_AFTER
    board.beat(late, "bj")
    board.look(late)
    board.beat(late + MINUTE, "sh")
    board.look(late + MINUTE)
    assert board.told == ["lost bj", "lost sh", "back bj", "back sh"]


def test_a_clock_that_was_set_back_delays_nothing_for_long() -> None:
    board = Board(WHOLE)
    board.beat(START + timedelta(days=1))
    board.look(START)
    board.look(START + EVERY + SECOND)
    assert board.told == ["lost all"]


def test_clocks_of_replicas_may_differ_a_little() -> None:
    board = Board(WHOLE)
    board.beat(START + TOLERANCE)
    assert board.look(START) == Look()


STEPS = st.lists(
    st.tuples(
        st.integers(1, 400),
        st.sampled_from(["", "bj", "sh", "gz"]),
        st.sampled_from(["", "a"]),
        st.booleans(),
    ),
    max_size=40,
)


@given(steps=STEPS, heartbeat=st.sampled_from([WHOLE, BY, EXPECTED]))
def test_lost_and_back_take_turns_and_nothing_is_told_while_beats_come(
    steps: list[tuple[int, str, str, bool]], heartbeat: Heartbeat
) -> None:
    board, now = Board(heartbeat), START
    board.look(now)
    for seconds, value, source, interrupted in steps:
        now += seconds * SECOND
        if value:
            board.beat(now, "" if heartbeat is WHOLE else value, source)
        board.look(now, interrupted=interrupted)
        again = board.look(now)
        assert not again.lost
        assert not again.back, "once"
        for switch in board.switches.values():
            silent = now - switch.quiet_since > EVERY
            assert silent == (switch.lost_since is not None)
        for expected in heartbeat.expect:
            assert any(switch.value == expected for switch in board.switches.values())
    for name in {told.split(" ")[1] for told in board.told}:
        changes = [told.split(" ")[0] for told in board.told if told.split(" ")[1] == name]
        assert changes == [("lost", "back")[n % 2] for n in range(len(changes))]
