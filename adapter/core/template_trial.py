"""Trial: a template that somebody is writing, the message it makes, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.batch import Batch, Entry, Form
from adapter.core.message import body
from adapter.core.message_links import Linker
from adapter.core.rendering import Renderer
from adapter.core.who import Nobody
from adapter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from adapter.core.delivery import Delivery
    from adapter.core.directory import Contact, Found
    from adapter.core.style import Style

LONGEST: Final = 128 * 1024
"""Characters of a template that is tried."""

_UNSIGNED: Final = Secret("links of a trial open nothing")

_ID: Final = "00000000-0000-4000-8000-000000000000"
"""Stands for the id that a message would have, so that its bytes are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Hold the text of a template called `name`, and a delivery to try it on.

    `others` are the other templates by file name; `found` says whom each alert rings. `base` is
    what links to the adapter begin with, if there are any: the style has no secret to sign them.
    """

    name: str
    text: str
    others: Mapping[str, str]
    delivery: Delivery
    found: tuple[Found, ...]
    style: Style
    keyword: str
    base: str
    now: datetime


class Mistake(msgspec.Struct, frozen=True):
    """Say what is wrong; line 0 means the template as a whole."""

    line: int
    text: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what came of a trial: the request as it would be sent, and whom it rings, masked.

    It tells the first `told` alerts. `replaced`: the template failed, so the built-in text is used.
    """

    body: str
    told: int
    replaced: bool
    rung: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    mistakes: tuple[Mistake, ...] = ()


class TrialError(Exception):
    """Report a trial without a result; `why` is slow, busy or broken."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def try_out(trial: Trial) -> Tried:
    """Return the message that a template makes, whatever is wrong with it."""
    file = f"{trial.name}.j2"
    style = replace(trial.style, linker=_linker(trial.base))
    renderer = Renderer({**trial.others, file: trial.text}, style)
    rendered = renderer.render_batch(
        _batch(trial), now=trial.now, keyword=trial.keyword, who=_Known(trial.found), name=_ID
    )
    return Tried(
        body=body(rendered.message, _ID).decode(),
        told=rendered.told,
        replaced=rendered.failed is not None,
        rung=tuple(map(_named, rendered.rung)),
        left_out=tuple(map(_named, rendered.left_out)),
        missing=rendered.missing,
        mistakes=_mistakes(renderer, file),
    )


def _linker(base: str) -> Linker | None:
    """Return what makes links as long as those that are sent."""
    if not base:
        return None
    return Linker(base, _UNSIGNED, acts_for=timedelta(days=1), tells_for=timedelta(days=1))


def _batch(trial: Trial) -> Batch:
    delivery = msgspec.structs.replace(
        trial.delivery,
        settings=msgspec.structs.replace(trial.delivery.settings, template=trial.name),
    )
    entries = tuple(
        Entry(delivery_id=1, index=index, alert=alert, delivery=delivery, received_at=trial.now)
        for index, alert in enumerate(delivery.group.alerts)
    )
    return Batch(form=Form.FULL, priority=delivery.priority, entries=entries, alone=True)


def _mistakes(renderer: Renderer, file: str) -> tuple[Mistake, ...]:
    try:
        problems = renderer.problems([file])
    except Exception as error:  # noqa: BLE001  # a compiler has limits of many kinds
        return (Mistake(0, f"{type(error).__name__}: it cannot be compiled"),)
    return tuple(Mistake(found.line if found.name == file else 0, found.text) for found in problems)


def _named(contact: Contact) -> str:
    return f"{contact.name} {contact.masked}".strip()


class _Known(Nobody):
    """Know beforehand whom each alert rings."""

    def __init__(self, found: Sequence[Found]) -> None:
        self._found = found

    def of(self, entry: Entry) -> Found:
        """Return whom an entry rings."""
        return self._found[entry.index]
