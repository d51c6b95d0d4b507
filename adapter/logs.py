"""One line an event, JSON or console, and a last wall that no secret passes.

Code keeps secrets out of what it logs; the wall is for what nobody thought of: a library's log
line, a traceback, an answer that quotes the request. It works on the finished line.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO, cast
from urllib.parse import quote

import structlog

from adapter.core.people import MASKS

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from structlog.typing import Processor, WrappedLogger

    from adapter.secret import Secret

_PATTERNS: Final = (  # each with words, in small letters, of which a match has one
    (
        ("access_token", "sign"),
        re.compile(r"((?:access_token|sign)(?:=|%3D))[^&\s\"'\\]+", re.IGNORECASE),
        r"\1***",
    ),
    (  # "access_token: is empty" is no token
        ("access_token", "sign"),
        re.compile(
            r"((?:access_token|sign)(?:\\?[\"'])?: ?(?:\\?[\"'])?)[0-9A-Z+/=_%-]{16,}",
            re.IGNORECASE,
        ),
        r"\1***",
    ),
    (("sec",), re.compile(r"\bSEC[0-9a-f]{16,}"), "***"),
    (
        ("authorization",),
        re.compile(r"(?i)\b(authorization\"?:? ?\"?(?:basic|bearer) )[^\s\"']+"),
        r"\1***",
    ),
)

SHORTEST_SECRET: Final = 6
"""Characters below which a secret is not searched for: it would tear ordinary words apart."""


MANY_SECRETS: Final = 200
"""Secrets from which a line is searched once for the beginnings of all, and not for each."""


class Redaction:
    """Replace secrets in text: those it was told of, and whatever looks like one."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()
        self._begins: frozenset[str] = frozenset()

    def know(self, secrets: Iterable[Secret]) -> None:
        """Search for these too; those known before stay, since old lines may still come."""
        revealed = (secret.reveal() for secret in secrets)
        long_enough = (text for text in revealed if len(text) >= SHORTEST_SECRET)
        self._known |= {form for text in long_enough for form in _notations(text)}
        self._begins = frozenset(secret[:SHORTEST_SECRET] for secret in self._known)

    def __call__(self, text: str) -> str:
        """Return `text` without secrets."""
        for secret in self._known if self._may_hold_one(text) else ():
            if secret in text:
                text = text.replace(secret, "***")
        small = text.casefold()
        for words, pattern, replacement in _PATTERNS:
            if any(word in small for word in words):  # a tenth of what looking for it takes
                text = pattern.sub(replacement, text)
        for pattern, replacement in MASKS:
            text = pattern.sub(replacement, text)
        return text

    def _may_hold_one(self, text: str) -> bool:
        """Return whether a known secret begins somewhere; a few are found as soon one by one."""
        if len(self._known) < MANY_SECRETS:
            return True
        places = range(len(text) - SHORTEST_SECRET + 1)
        return not self._begins.isdisjoint([text[at : at + SHORTEST_SECRET] for at in places])


def _notations(text: str) -> set[str]:
    """Return a secret as it is, as JSON writes it, and as a URL does."""
    return {text, json.dumps(text, ensure_ascii=False)[1:-1], quote(text, safe="")}


redaction: Final = Redaction()


class _Lines(structlog.WriteLogger):
    """Write the finished lines of one of our loggers, which `name` tells."""

    def __init__(self, name: str) -> None:
        super().__init__(cast("TextIO", _Unfailing(sys.stderr)))
        self.name = name


class _Unfailing:
    """Write what can be written: a disk that is full must not make an answer of ours fail."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure(log_format: Literal["json", "console"], level: str) -> None:
    """Send every log line, also of libraries, through structlog and the wall to stderr.

    Our own lines do not go round by way of `logging`, which takes longer than making them.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    finishing = [*_rendering(log_format), _wall]
    structlog.configure(
        processors=[*shared, *finishing],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_Lines,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *finishing],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for noisy in ("urllib3", "werkzeug", "gunicorn.access"):
        logging.getLogger(noisy).setLevel(logging.ERROR)  # below it they print URLs with tokens


def _rendering(log_format: Literal["json", "console"]) -> list[Processor]:
    if log_format == "console":
        plain = structlog.dev.plain_traceback  # not rich's, which shows every local
        return [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
        ]
    return [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]


def _wall(_logger: WrappedLogger, _method: str, line: MutableMapping[str, Any] | str) -> str:
    return redaction(str(line))
