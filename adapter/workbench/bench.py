"""Have a trial made by a process of its own, a few at a time."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog

from adapter.core.template_trial import TrialError, Tried

if TYPE_CHECKING:
    from adapter.core.template_trial import Trial

AT_ONCE: Final = 2
"""Trials at once: nobody can take all threads or processors by asking for more."""

PATIENCE: Final = 2.0
"""Seconds that one waits for others to end."""

LIMIT: Final = 8.0
"""Seconds that a trial may take, waiting for a processor included."""

_HOME: Final = str(Path(__file__).resolve().parents[2])

log = structlog.get_logger(__name__)


class Workbench:
    """Try templates: so many at once, each for so many seconds at most."""

    def __init__(
        self, *, at_once: int = AT_ONCE, patience: float = PATIENCE, limit: float = LIMIT
    ) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._patience = patience
        self._limit = limit

    def try_out(self, trial: Trial) -> Tried:
        """Return what came of a trial, or raise TrialError."""
        if not self._places.acquire(timeout=self._patience):
            raise TrialError("busy")
        try:
            return _made_elsewhere(trial, self._limit)
        finally:
            self._places.release()


def _made_elsewhere(trial: Trial, limit: float) -> Tried:
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "adapter.workbench"],
            input=_pickled(trial),
            capture_output=True,
            timeout=limit,
            check=False,
            env={"PYTHONPATH": _HOME},  # none of the environment, which may hold secrets
        )
    except subprocess.TimeoutExpired:
        raise TrialError("slow") from None
    if done.returncode < 0:
        raise TrialError("slow")  # the kernel ended it
    try:
        return msgspec.json.decode(done.stdout, type=Tried)
    except msgspec.DecodeError:
        log.error("a trial of a template failed", code=done.returncode)  # noqa: TRY400  # it says nothing more
        raise TrialError("broken") from None


class _Pickler(pickle.Pickler):
    """Write read-only mappings as plain ones."""

    def reducer_override(self, value: object) -> Any:  # noqa: ANN401  # pickle's signature
        if isinstance(value, MappingProxyType):
            return dict, (dict(value),)
        return NotImplemented


def _pickled(trial: Trial) -> bytes:
    written = io.BytesIO()
    _Pickler(written).dump(trial)
    return written.getvalue()
