"""What every store must do with acts: each is done once, whoever tries, and told once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from adapter.core.acts import Act, Acting, ActKind
from adapter.core.delivery import Notice
from support.clock import START
from support.kept_contract import told
from support.outbox_contract import purge

if TYPE_CHECKING:
    from adapter.outbox import Outbox

LEASE = timedelta(seconds=20)
NOTICE = Notice(robot="ops", title="t", text="x")
SILENCE = Act(
    kind=ActKind.SILENCE,
    delivery=7,
    fingerprint="ab",
    robot="ops",
    source="bj",
    who="张三",
    at=START,
    until=START + timedelta(hours=1),
    matchers=('a="b"',),
)
ACK = Act(kind=ActKind.ACKNOWLEDGE, delivery=7, robot="ops", who="李四", at=START)
MADE = msgspec.structs.replace(SILENCE, silence="s1")


class ActsContract:
    """Hold a store to what acts need."""

    def test_an_act_is_one_caller_s_to_do(self, outbox: Outbox) -> None:
        assert outbox.acts.begin(SILENCE, now=START, lease=LEASE) == Acting(SILENCE, may=True)
        soon = START + LEASE - timedelta(seconds=1)
        assert outbox.acts.begin(SILENCE, now=soon, lease=LEASE) == Acting(SILENCE)
        outbox.acts.finish(MADE, words=[NOTICE], now=soon)
        assert outbox.acts.begin(SILENCE, now=soon, lease=LEASE) == Acting(MADE, done=True)
        outbox.acts.finish(MADE, words=[NOTICE], now=soon)
        assert (outbox.waiting(), told(outbox)) == (1, [NOTICE])

    def test_who_comes_after_a_crash_must_look_first(self, outbox: Outbox) -> None:
        outbox.acts.begin(SILENCE, now=START, lease=LEASE)
        other = msgspec.structs.replace(SILENCE, who="王五")
        acting = outbox.acts.begin(other, now=START + LEASE, lease=LEASE)
        assert acting == Acting(SILENCE, may=True, unsure=True)

    def test_what_failed_for_certain_is_forgotten(self, outbox: Outbox) -> None:
        outbox.acts.begin(SILENCE, now=START, lease=LEASE)
        outbox.acts.give_up(SILENCE, unsure=False)
        assert not outbox.acts.begin(SILENCE, now=START, lease=LEASE).unsure
        outbox.acts.give_up(SILENCE, unsure=True)
        assert outbox.acts.begin(SILENCE, now=START, lease=LEASE).unsure
        outbox.acts.finish(MADE, now=START)
        outbox.acts.give_up(MADE, unsure=False)
        assert outbox.acts.begin(SILENCE, now=START, lease=LEASE).done
        forgotten = msgspec.structs.replace(MADE, delivery=8)
        outbox.acts.finish(forgotten, words=[NOTICE], now=START)
        assert told(outbox) == []

    def test_what_is_only_noted_is_noted_once(self, outbox: Outbox) -> None:
        later = msgspec.structs.replace(ACK, who="王五")
        assert outbox.acts.do(ACK, words=[NOTICE], now=START) == Acting(ACK, done=True, may=True)
        assert outbox.acts.do(later, words=[NOTICE], now=START) == Acting(ACK, done=True)
        assert told(outbox) == [NOTICE]

    def test_of_many_at_once_one_may(self, outbox: Outbox) -> None:
        def begin(_: int) -> bool:
            return outbox.acts.begin(SILENCE, now=START, lease=LEASE).may

        def note(_: int) -> bool:
            return outbox.acts.do(ACK, words=[NOTICE], now=START).may

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(begin, range(8))) == 1
            assert sum(pool.map(note, range(8))) == 1
        assert told(outbox) == [NOTICE]

    def test_acts_are_forgotten_in_time(self, outbox: Outbox) -> None:
        outbox.acts.do(ACK, now=START)
        purge(outbox, before=START, dead_before=START)
        assert not outbox.acts.do(ACK, now=START).may
        purge(outbox, before=START, dead_before=START + timedelta(seconds=1))
        assert outbox.acts.do(ACK, now=START).may
