"""What every store must do with heartbeats: note beats, and keep what was told of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.core.delivery import Notice
from adapter.core.heartbeats import Beat, Watched
from adapter.core.switches import Look, Seen, Switch
from adapter.outbox.switchboard import INTERRUPTION, MOST_VALUES
from support.alerts import make_delivery
from support.clock import START
from support.outbox_contract import MINUTE, SECOND, WINDOW, put, take

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from adapter.outbox import Outbox

BJ = Beat("pipeline", "", "bj")
SH = Beat("pipeline", "am-sh", "sh")


def beat(outbox: Outbox, *beats: Beat, now: datetime = START) -> None:
    outbox.enqueue((), now=now, dedup_window=WINDOW, beats=beats)


def look(outbox: Outbox, *, now: datetime = START, **seen: Sequence[Switch]) -> bool:
    """Store what follows from a look; return whether it followed an interruption."""
    said: list[bool] = []

    def judge(_: Sequence[Switch], interrupted: bool) -> Seen:  # noqa: FBT001  # the store's call
        said.append(interrupted)
        return Seen([Look(**{name: tuple(each) for name, each in seen.items()})])

    outbox.look_at_heartbeats(judge, now=now)
    return said[0]


def switch(beat: Beat, **changes: datetime | None) -> Switch:
    return Switch(**{**beat._asdict(), "since_at": START, **changes})


class HeartbeatsContract:
    """The claims of a store about heartbeats."""

    def test_a_beat_is_noted_and_the_newest_counts(self, outbox: Outbox) -> None:
        beat(outbox, SH, BJ)
        beat(outbox, SH, now=START + MINUTE)
        assert sorted(outbox.switches(), key=lambda each: each.value) == [
            switch(BJ, seen_at=START),
            switch(SH, seen_at=START + MINUTE),
        ]
        assert outbox.waiting() == 0

    def test_beats_are_noted_also_beside_a_duplicate(self, outbox: Outbox) -> None:
        put(outbox, make_delivery())
        taken = outbox.enqueue(
            [make_delivery()], now=START + MINUTE, dedup_window=WINDOW, beats=[BJ]
        )
        assert (taken.deliveries, taken.duplicates) == (0, 1)
        assert [each.seen_at for each in outbox.switches()] == [START + MINUTE]

    def test_what_a_look_leads_to_is_kept(self, outbox: Outbox) -> None:
        beat(outbox, BJ, SH)
        lost = switch(BJ, seen_at=START, lost_since=START)
        never = switch(Beat("pipeline", "", "gz"))
        look(outbox, kept=[lost, never], gone=[switch(SH)])
        assert sorted(outbox.switches(), key=lambda each: each.value) == [lost, never]

    def test_a_beat_leaves_what_was_told(self, outbox: Outbox) -> None:
        look(outbox, kept=[switch(BJ, lost_since=START)])
        beat(outbox, BJ, now=START + MINUTE)
        [found] = outbox.switches()
        assert (found.lost_since, found.seen_at) == (START, START + MINUTE)

    def test_a_switch_that_was_never_seen_leaves_a_beat_that_came_meanwhile(
        self, outbox: Outbox
    ) -> None:
        beat(outbox, BJ, now=START + MINUTE)
        look(outbox, kept=[switch(BJ)])
        assert [each.seen_at for each in outbox.switches()] == [START + MINUTE]

    def test_words_are_queued_with_what_they_follow_from(self, outbox: Outbox) -> None:
        words = [Notice(robot="ops", title="lost", text="x")]
        outbox.look_at_heartbeats(lambda *_: Seen([], words), now=START)
        assert outbox.waiting() == 1
        turn = take(outbox)
        assert turn.notice is not None
        assert turn.notice.notice == words[0]

    def test_nothing_is_kept_of_a_look_that_failed(self, outbox: Outbox) -> None:
        def fail(*_: object) -> Seen:
            raise ValueError("a bug")

        with pytest.raises(ValueError, match="a bug"):
            outbox.look_at_heartbeats(fail, now=START, only=Watched((), ()))
        look(outbox, now=START + INTERRUPTION - SECOND)
        assert not look(outbox, now=START + INTERRUPTION)

    def test_what_is_configured_no_more_is_forgotten(self, outbox: Outbox) -> None:
        beat(outbox, BJ, SH, Beat("old", "", ""))
        found: list[Switch] = []

        def judge(switches: Sequence[Switch], _: object) -> Seen:
            found.extend(switches)
            return Seen()

        watched = Watched(("pipeline",), ("am-sh",))
        outbox.look_at_heartbeats(judge, now=START, only=watched)
        assert {each.value for each in found} == {"bj", "sh"}
        outbox.look_at_heartbeats(judge, now=START, only=Watched(("pipeline",), ()))
        assert [each.value for each in outbox.switches()] == ["bj"]
        outbox.look_at_heartbeats(judge, now=START, only=Watched((), ()))
        assert outbox.switches() == []

    def test_an_interruption_is_noticed_once(self, outbox: Outbox) -> None:
        assert not look(outbox), "the first look of all"
        now = START
        for _ in range(5):
            now += timedelta(seconds=7)
            assert not look(outbox, now=now)
        now += INTERRUPTION + timedelta(seconds=8)
        assert look(outbox, now=now)
        assert not look(outbox, now=now + SECOND)
        assert not look(outbox, now=now - SECOND), "clocks of replicas differ a little"

    def test_values_are_not_without_number(self, outbox: Outbox) -> None:
        many = [Beat("pipeline", "", f"{n:04}") for n in range(MOST_VALUES + 5)]
        beat(outbox, *many, BJ)
        assert len(outbox.switches()) == MOST_VALUES
        beat(outbox, *many, Beat("other", "", "a"), now=START + MINUTE)
        found = outbox.switches()
        assert len(found) == MOST_VALUES + 1
        assert {each.seen_at for each in found} == {START + MINUTE}
