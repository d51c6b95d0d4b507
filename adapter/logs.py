"""One line an event, JSON or console, and a last wall that no secret passes.

Code keeps secrets out of what it logs; the wall is for what nobody thought of: a library's log
line, a traceback, an answer that quotes the request. It works on the finished line.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

import msgspec
import structlog

from adapter.core.people import MASKS

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from structlog.typing import EventDict, Processor, WrappedLogger

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

_WORDS: Final = tuple({word for words, _, _ in _PATTERNS for word in words})

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
        for word in _WORDS:
            if word in small:  # a tenth of what looking for patterns takes
                text = _without_patterns(text, small)
                break
        for pattern, replacement in MASKS:
            if pattern.search(text):  # a fifth of replacing nothing
                text = pattern.sub(replacement, text)
        return text

    def _may_hold_one(self, text: str) -> bool:
        """Return whether a known secret begins somewhere; a few are found as soon one by one."""
        if len(self._known) < MANY_SECRETS:
            return True
        places = range(len(text) - SHORTEST_SECRET + 1)
        return not self._begins.isdisjoint([text[at : at + SHORTEST_SECRET] for at in places])


def _without_patterns(text: str, small: str) -> str:
    for words, pattern, replacement in _PATTERNS:
        if any(word in small for word in words):
            text = pattern.sub(replacement, text)
    return text


def _notations(text: str) -> set[str]:
    """Return a secret as it is, as JSON writes it, and as a URL does."""
    return {text, json.dumps(text, ensure_ascii=False)[1:-1], quote(text, safe="")}


redaction: Final = Redaction()
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_plain_json: Final = msgspec.json.Encoder().encode
_any_json: Final = json.JSONEncoder(ensure_ascii=False, default=str).encode
_writing: Final = threading.Lock()


class _Lines:
    """Write the finished lines of one of our loggers, which `name` tells."""

    def __init__(self, name: str) -> None:
        self.name = name

    def write(self, line: str) -> None:
        """Write what can be written: a disk that is full must not make an answer of ours fail."""
        with _writing:
            try:
                sys.stderr.write(line + "\n")
                sys.stderr.flush()
            except OSError:  # `suppress` takes as long as writing
                pass

    debug = info = warning = error = critical = exception = write


def configure(log_format: Literal["json", "console"], level: str) -> None:
    """Send every log line, also of libraries, through structlog and the wall to stderr.

    Our own lines do not go round by way of `logging`, which takes longer than making them.
    """
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt=None),
        _dated,
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
        _as_json,
    ]


def _dated(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Write the time of a line as people read it; msgspec takes a tenth of `isoformat`."""
    line["timestamp"] = msgspec.to_builtins(datetime.fromtimestamp(line["timestamp"], UTC))
    return line


def _as_json(_logger: WrappedLogger, _method: str, line: EventDict) -> str:
    """Return a line as JSON; msgspec writes the same as `json` where all is plain, and sooner."""
    if _is_plain(line.values()):
        try:
            return msgspec.json.format(_plain_json(line), indent=0).decode()
        except (UnicodeEncodeError, OverflowError):  # half a character, a huge number
            pass
    return _any_json(line)


def _is_plain(values: Iterable[object]) -> bool:
    """Return whether there is nothing but what both write alike: texts, numbers, lists of such."""
    for value in values:
        kind = type(value)
        if kind not in _PLAIN and not (
            isinstance(value, list) and _PLAIN.issuperset(map(type, value))
        ):
            return False
    return True


def _wall(_logger: WrappedLogger, _method: str, line: MutableMapping[str, Any] | str) -> str:
    return redaction(str(line))
