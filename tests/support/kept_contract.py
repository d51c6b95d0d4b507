"""What every store must do with small values, and with the question which alerts came."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from adapter.core.batch import Form
from adapter.core.delivery import Notice
from adapter.core.turn import Launch, Turn
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.outbox_contract import ask, deliver, put, settle

if TYPE_CHECKING:
    from adapter.outbox import Outbox

NOTICE = Notice(robot="ops", title="t", text="x")
HOUR = timedelta(hours=1)


def told(outbox: Outbox) -> list[Notice]:
    """Send all notices of the robot and return them."""
    notices = []
    while isinstance(turn := ask(outbox), Turn) and turn.notice is not None:
        name = f"n-{turn.notice.id}"
        launch = Launch(
            id=name,
            body=b"n",
            form=Form.FULL,
            alerts=0,
            oldest_received_at=START,
            notice_id=turn.notice.id,
        )
        outbox.launch(turn, launch, now=START)
        settle(outbox, turn, name)
        assert isinstance(turn.notice.notice, Notice)
        notices.append(turn.notice.notice)
    return notices


class KeptContract:
    """Subclass with an `outbox` fixture that gives an empty store."""

    def test_a_value_takes_the_place_of_the_one_before(self, outbox: Outbox) -> None:
        assert outbox.kept.get("a") is None
        for value in (b"1", b"2"):
            outbox.kept.put("a", value, now=START)
        outbox.kept.put("b", b"3", now=START)
        assert (outbox.kept.get("a"), outbox.kept.get("b")) == (b"2", b"3")

    def test_words_are_queued_only_by_who_knows_what_was_kept(self, outbox: Outbox) -> None:
        def tell(before: bytes | None, after: bytes) -> bool:
            return outbox.kept.tell_once("a", before=before, after=after, words=[NOTICE], now=START)

        assert [tell(None, b"1"), tell(None, b"2"), tell(b"0", b"2"), tell(b"1", b"3")] == [
            True, False, False, True,
        ]  # fmt: skip
        assert outbox.kept.get("a") == b"3"
        assert len(told(outbox)) == 2

    def test_of_many_who_have_the_same_to_say_one_does(self, outbox: Outbox) -> None:
        outbox.kept.put("a", b"1", now=START)

        def tell(_: int) -> bool:
            return outbox.kept.tell_once("a", before=b"1", after=b"2", words=[NOTICE], now=START)

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(tell, range(8))) == 1
        assert len(told(outbox)) == 1

    def test_alerts_are_found_by_when_they_came(self, outbox: Outbox) -> None:
        for number in range(4):
            now, key = START + number * HOUR, str(number)
            put(outbox, make_delivery(make_alert(key), key=key), now=now)
            put(outbox, make_delivery(robot="db", key=key), now=now)
            if number < 2:  # the others still wait
                deliver(outbox, now=now, name=key)
        found = outbox.alerts_between("ops", START + HOUR, START + 3 * HOUR)
        assert [alert.name for alert in found] == ["1", "2"]
