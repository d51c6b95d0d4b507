"""Read `remind`: when an alert that nobody looks after rings again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.config.mentions import targets_of
from adapter.config.reader import scalar
from adapter.config.scalars import duration_within, whole_number
from adapter.core.reminding import Remind

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapter.config.mentions import Mentionable
    from adapter.config.reader import Value

_AFTER: Final = scalar(duration_within("1m", "7d"))
_TIMES: Final = whole_number(0, 100)


def read_remind(known: Mentionable) -> Callable[[Value], Remind | None]:
    """Return a reader of `remind`."""

    def read(value: Value) -> Remind | None:
        with value.section("remind", "{after: 10m, times: 3}") as section:
            after = section.require("after", _AFTER, "how long nobody may be on it, such as 10m")
            times = section.scalar("times", _TIMES, 3)
            targets = section.take("mention", targets_of(known), ())
            return None if after is None else Remind(after=after, times=times, targets=targets)

    return read
