"""Make a silence once, whoever asks for it and how often: over crashes, replicas, second clicks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

import msgspec

from adapter.core.trouble import AlertmanagerError, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from adapter.core.acts import Act
    from adapter.core.delivery import Notice
    from adapter.core.reminding import Quiet
    from adapter.core.silencing import Silence
    from adapter.web.backend import Alertmanager, Backend

LEASE: Final = timedelta(seconds=20)
"""How long one try may take; then another may look what came of it."""

_UNSURE: Final = frozenset({Trouble.UNSURE, Trouble.FAULT})


class Busy(Exception):  # noqa: N818  # an answer, not a fault
    """Say that somebody is doing it just now."""


def silence_once(  # noqa: PLR0913  # each is of another kind
    backend: Backend,
    alertmanager: Alertmanager,
    act: Act,
    *,
    silence: Silence,
    mark: str,
    tell: Callable[[Act], tuple[Sequence[Notice], Quiet]],
) -> tuple[Act, bool]:
    """Make a silence unless it was made; return the act as it was done, and whether just now.

    The comment of the silence holds `mark`. `tell` says what follows from it. Raises Busy and
    AlertmanagerError.
    """
    acts = backend.store.acts
    acting = acts.begin(act, now=backend.clock.now(), lease=LEASE)
    if not acting.may:
        if acting.done:
            return acting.act, False
        raise Busy
    try:
        known = alertmanager.find(mark) if acting.unsure else ""
        name = known or alertmanager.silence(silence)
    except AlertmanagerError as error:
        acts.give_up(act, unsure=acting.unsure or error.trouble in _UNSURE)
        raise
    made = msgspec.structs.replace(acting.act if known else act, silence=name)
    words, quiet = tell(made)
    acts.finish(made, words=words, quiet=quiet, now=backend.clock.now())
    return made, True
