"""Budget: how much a template may do, counted instead of timed.

No clock and no thread is needed to stop a template that runs away: every loop step and every call
is a step of one budget, and no operation makes a string or list much larger than its parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from jinja2 import pass_context

from adapter.core.text import joined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jinja2.runtime import Context

    from adapter.core.reader import Reader

STEPS: Final = 1_000_000
"""Loop steps and calls that one message may take: about a second."""

LENGTH_LIMIT: Final = 100_000
"""Characters of a string, or items of a list, that a template may make."""

RANGE_LIMIT: Final = 1_000
"""Numbers that `range()` may give."""

RENDERING: Final = "%rendering"
"""Where a template's context keeps what no template can name."""


class TooMuchError(Exception):
    """Report a template that takes too many steps or makes too long a text."""


class Budget:
    """Count down the steps of one message."""

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps

    def spend(self) -> None:
        """Take one step, or refuse."""
        self._left -= 1
        if self._left < 0:
            raise TooMuchError("too many steps")

    def each(self, items: Iterable[object]) -> Iterator[object]:
        """Yield every item for a step."""
        for item in items:
            self.spend()
            yield item


@dataclass(frozen=True, slots=True)
class Rendering:
    """Hold what belongs to one message while its template runs."""

    reader: Reader
    budget: Budget


def rendering_of(context: Context) -> Rendering:
    """Return what belongs to the message that is being made."""
    found: Rendering = context[RENDERING]
    return found


@pass_context
def counted(context: Context, items: Iterable[object]) -> Iterator[object]:
    """Yield the items of a loop, each for a step."""
    return rendering_of(context).budget.each(items)


def concatenated(parts: Iterable[object]) -> str:
    """Return the parts in a row, unless that is too long."""
    text = joined(parts)
    require_length(len(text))
    return text


def require_length(length: int) -> None:
    """Refuse a string or list that would be too long."""
    if length > LENGTH_LIMIT:
        raise TooMuchError(f"longer than {LENGTH_LIMIT}")


def bounded_range(*bounds: int) -> range:
    """Return a range of at most `RANGE_LIMIT` numbers."""
    numbers = range(*bounds)
    if len(numbers) > RANGE_LIMIT:
        raise TooMuchError(f"range() of more than {RANGE_LIMIT}")
    return numbers
