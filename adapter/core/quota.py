"""Quota: how many messages an access token may still send, and when the next.

Two rules, both of which must hold:

1.  A request is charged before it is sent, and its charge ends `per` after the request ended. There
    are never more than `messages` charges at once; so over any span of `per`, sliding or fixed, and
    whenever DingTalk counted a request, it counted at most `messages`.
2.  A burst of a quarter of `messages` passes at once, then one every `per / (0.7 × messages)` (the
    generic cell rate algorithm). So a message that matters is never more than one such slot away:
    a limit that is used up at once would have nothing left for most of a minute.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from datetime import datetime, timedelta
from typing import Final

import msgspec

STEADY: Final = 0.7
"""Share of the rate that slots use; with the burst it stays below the whole."""


MOST_SLOTS: Final = 2_000
"""Slots that are counted at most: no plan looks at more alerts than that."""


class Rate(msgspec.Struct, frozen=True):
    """Limit what one access token may send: `messages` in any span of `per`."""

    messages: int = 20
    per: timedelta = timedelta(minutes=1)

    @property
    def burst(self) -> int:
        """Return how many messages may pass at once after a pause."""
        return max(1, self.messages // 4)

    @property
    def slot(self) -> timedelta:
        """Return the time between messages once the burst is spent."""
        return self.per / (STEADY * self.messages)


class Quota(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what a token has spent.

    `steady_at` is when the burst will be whole again. `charges` are the ends of the charges that
    may still count. Nothing is sent before `rests_until`.
    """

    rate: Rate = Rate()
    steady_at: datetime | None = None
    charges: tuple[datetime, ...] = ()
    rests_until: datetime | None = None

    def next_at(self, now: datetime) -> datetime:
        """Return the earliest instant, not before `now`, at which a message may be sent."""
        times = [now, self._slot_at(now), self._uncharged_at(now)]
        if self.rests_until is not None:
            times.append(self.rests_until)
        return max(times)

    def spend(self, now: datetime, until: datetime) -> Quota:
        """Return the quota after a request at `now`, whose charge ends at `until`."""
        steady_at = max(now, self.steady_at or now) + self.rate.slot
        return msgspec.structs.replace(
            self, steady_at=steady_at, charges=(*self._counting(now), until)
        )

    def slots(self, now: datetime, span: timedelta, most: int = MOST_SLOTS) -> int:
        """Return how many messages may be sent from now on within `span`, if nothing fails.

        Requests are taken to last no time, so a slow DingTalk lets fewer pass. Counts no further
        than `most`, and never further than `MOST_SLOTS`.
        """
        most = min(most, MOST_SLOTS)
        ends, steady_at = sorted(self._counting(now)), self.steady_at or now
        slot, per, messages = self.rate.slot, self.rate.per, self.rate.messages
        ahead, until = slot * (self.rate.burst - 1), now + span
        count, at = 0, self.next_at(now)
        while at <= until and count < most:
            count += 1
            steady_at = max(at, steady_at) + slot
            insort(ends, at + per)
            at = max(at, steady_at - ahead)
            surplus = len(ends) - bisect_right(ends, at) - messages
            if surplus >= 0:
                at = ends[bisect_right(ends, at) + surplus]
        return count

    def remaining(self, now: datetime) -> int:
        """Return how many more requests the limit itself allows at once."""
        return max(0, self.rate.messages - len(self._counting(now)))

    def _slot_at(self, now: datetime) -> datetime:
        if self.steady_at is None:
            return now
        return self.steady_at - self.rate.slot * (self.rate.burst - 1)

    def _uncharged_at(self, now: datetime) -> datetime:
        counting = sorted(self._counting(now))
        surplus = len(counting) - self.rate.messages
        return now if surplus < 0 else counting[surplus]

    def _counting(self, now: datetime) -> tuple[datetime, ...]:
        return tuple(end for end in self.charges if end > now)
