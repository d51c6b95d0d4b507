"""Tell when a request has arrived whole, without a socket and without judging it.

The rules (RFC 9112, as gunicorn's parser reads it):

1.  A request is a head and a body. The head ends at the first empty line; one empty line before
    the request line is skipped.
2.  `Transfer-Encoding` with `chunked` in it means chunks: size line, that many bytes, CRLF; the
    chunk of size 0 is followed by trailers and an empty line.
3.  Otherwise `Content-Length` bytes follow; without it, none.
4.  gunicorn's parser stays the authority. Whatever breaks a rule (a bare LF in the head, two
    lengths, a length beside chunks, an unknown expectation, a bad chunk size, more framing than
    content) is `MALFORMED` at once: no more bytes can mend it, and nobody knows where a next
    request would start.
5.  A sender that says `Expect: 100-continue` is to be told to go on once, before its body.
6.  A body above the limit is read on and thrown away but for its beginning, so that its sender
    can read an answer instead of a broken pipe. That too has a limit.
7.  What follows a whole request belongs to the next one. After `MALFORMED`, or when bytes of a
    body are left unread, there is no next one, and what still comes is thrown away.
8.  However the bytes are cut into pieces, the decisions are the same.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

CRLF: Final = b"\r\n"
HEAD_END: Final = b"\r\n\r\n"
CHUNK_LINE_LIMIT: Final = 8190  # gunicorn's own

READ_AHEAD: Final = 1024
"""Bytes gunicorn's body reads beyond what it is asked for; a body cut short has to have them."""

_FRAMING: Final = re.compile(
    rb"\r\n(content-length|transfer-encoding|expect):[ \t]*([^\r\n]*)", re.IGNORECASE
)
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_CHUNK_LINE: Final = re.compile(rb"([0-9a-fA-F]+)(?:[ \t]*;[^\r\n]*)?")


class Verdict(enum.Enum):
    """Say what a connection is to do next."""

    INCOMPLETE = "read more"
    CONTINUE = "send 100 Continue, then read more"
    WHOLE = "take the request"


class Fault(enum.Enum):
    """Say what is wrong with a request, as far as its arrival shows."""

    MALFORMED = "malformed"
    HEAD_TOO_LARGE = "head too large"
    BODY_TOO_LARGE = "body too large"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bound one request, in bytes; `discarded` is how much of a too large body is read on."""

    head: int = 64 * 1024
    body: int = 10 * 1024 * 1024
    discarded: int = 64 * 1024 * 1024

    @property
    def kept(self) -> int:
        """Return how much of a too large body is kept: enough to see that it is."""
        return self.body + READ_AHEAD


@dataclass(frozen=True, slots=True)
class Arrived:
    """Hold one request as it came; `last` when no further one can follow on its connection.

    `head` is how many bytes of it are the head, where a body of the announced length follows, whole
    and not too large; 0 where it is otherwise.

    Of a body that is too large, `data` has the beginning: more than the limit, unless reading it
    was given up.
    """

    data: bytes
    fault: Fault | None
    last: bool
    head: int = 0


class Arrival:
    """Collect the bytes of one connection and cut them into requests."""

    __slots__ = (
        "_announced",
        "_at",
        "_buffer",
        "_fault",
        "_head_end",
        "_kept_until",
        "_last",
        "_limits",
        "_measured",
        "_passed",
        "_remaining",
        "_searched",
        "_step",
        "_waiting",
    )

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._begin()

    def _begin(self) -> None:
        self._at = 0  # what stands before has been understood
        self._searched = 0  # no line end starts before
        self._head_end = 0
        self._measured = False  # the body's length was announced
        self._announced = 0  # bytes of content
        self._passed = 0  # bytes of content that have come
        self._kept_until = 0  # where the kept part of a too large body ends
        self._remaining = 0  # bytes of the body, or of this chunk, still to come
        self._fault: Fault | None = None
        self._last = False
        self._waiting = False  # the sender waits for "100 Continue"
        # A function rather than a bound method: no reference cycle keeps a closed connection.
        self._step: Callable[[Arrival], bool] | None = Arrival._read_head

    @property
    def held(self) -> int:
        """Return how many bytes are held; 0 means that nothing of a request has come."""
        return len(self._buffer)

    @property
    def discarding(self) -> bool:
        """Return whether a too large body is being thrown away."""
        return self._fault is Fault.BODY_TOO_LARGE and self._step is not None

    def feed(self, data: bytes) -> None:
        """Add bytes as they were received."""
        self._buffer += data

    def verdict(self) -> Verdict:
        """Say what to do next; `CONTINUE` is said once a request."""
        while self._step is not None and self._step(self):
            pass
        if self._step is None:
            return Verdict.WHOLE
        if self._waiting:
            self._waiting = False
            return Verdict.CONTINUE
        return Verdict.INCOMPLETE

    def take(self) -> Arrived:
        """Return the whole request and begin with the next."""
        refused = self._fault in {Fault.MALFORMED, Fault.HEAD_TOO_LARGE}
        end = len(self._buffer) if refused else self._at
        data = bytes(memoryview(self._buffer)[:end])
        head = self._head_end if self._measured and self._fault is None else 0
        arrived = Arrived(data, self._fault, self._last, head)
        self._buffer = self._buffer[end:]
        self._begin()
        if arrived.last:
            self._step = Arrival._read_nothing
        return arrived

    def give_up(self) -> None:
        """Stop reading a too large body; the request counts as whole."""
        self._end(last=True)

    def _read_head(self) -> bool:
        start = len(CRLF) if self._buffer.startswith(CRLF) else 0
        end = self._buffer.find(HEAD_END, max(start, self._searched))
        reached = self._reached(end, HEAD_END)
        if self._bare_line_feed(end) or self._buffer.startswith(CRLF, start):
            return self._refuse(Fault.MALFORMED)
        if reached > self._limits.head:
            return self._refuse(Fault.HEAD_TOO_LARGE)
        if end < 0:
            self._searched = max(start, reached)
            return False
        self._at = self._head_end = end + len(HEAD_END)
        return self._read_framing(bytes(memoryview(self._buffer)[:end]))

    def _bare_line_feed(self, end: int) -> bool:
        # Not beyond the head's limit, or the size of the pieces would decide which fault it is.
        stop = self._limits.head + len(HEAD_END)
        stop = min(stop, len(self._buffer) if end < 0 else end)
        return _BARE_LF.search(self._buffer, self._searched, stop) is not None

    def _read_framing(self, head: bytes) -> bool:
        lengths: list[bytes] = []
        codings: list[bytes] = []
        expectations: list[bytes] = []
        for name, value in _FRAMING.findall(head):
            match name[:1].lower():
                case b"c":
                    lengths.append(value.rstrip(b" \t"))
                case b"t":
                    codings += [coding.strip(b" \t").lower() for coding in value.split(b",")]
                case _:
                    expectations.append(value.rstrip(b" \t").lower())
        if any(expectation != b"100-continue" for expectation in expectations):
            return self._refuse(Fault.MALFORMED)
        self._waiting = bool(expectations) and not head.partition(CRLF)[0].endswith(b"HTTP/1.0")
        if codings:
            return self._expect_chunks(codings, lengths)
        if lengths:
            return self._expect_length(lengths)
        return self._end()

    def _expect_chunks(self, codings: list[bytes], lengths: list[bytes]) -> bool:
        if lengths or codings.count(b"chunked") != 1:
            return self._refuse(Fault.MALFORMED)
        self._step = Arrival._read_chunk_line
        return True

    def _expect_length(self, lengths: list[bytes]) -> bool:
        if len(lengths) != 1 or not lengths[0].isdigit():
            return self._refuse(Fault.MALFORMED)
        try:
            self._announce(int(lengths[0]))
        except ValueError:  # Python refuses thousands of digits
            return self._refuse(Fault.MALFORMED)
        self._measured = True
        self._step = Arrival._read_length
        return True

    def _read_length(self) -> bool:
        return self._pass() and self._end()

    def _read_chunk_line(self) -> bool:
        end = self._find(CRLF)
        if self._reached(end, CRLF) - self._at > CHUNK_LINE_LIMIT or self._mostly_framing():
            return self._refuse(Fault.MALFORMED)
        if end < 0:
            return False
        line = _CHUNK_LINE.fullmatch(self._buffer, self._at, end)
        if line is None:
            return self._refuse(Fault.MALFORMED)
        self._announce(int(line[1], 16))
        self._move(end + len(CRLF))
        self._step = Arrival._read_chunk if self._remaining else Arrival._read_trailers
        return True

    def _mostly_framing(self) -> bool:
        content = min(self._passed, self._limits.kept)
        return self._at - self._head_end - content > self._limits.body + self._limits.head

    def _read_chunk(self) -> bool:
        if not self._pass() or len(self._buffer) < self._at + len(CRLF):
            return False
        if not self._buffer.startswith(CRLF, self._at):
            return self._refuse(Fault.MALFORMED)
        self._move(self._at + len(CRLF))
        self._step = Arrival._read_chunk_line
        return True

    def _read_trailers(self) -> bool:
        if self._buffer.startswith(CRLF, self._at):
            self._move(self._at + len(CRLF))
            return self._end()
        end = self._find(HEAD_END)
        if self._reached(end, HEAD_END) - self._at > self._limits.head:
            return self._refuse(Fault.MALFORMED)
        if end < 0:
            return False
        self._move(end + len(HEAD_END))
        return self._end()

    def _read_nothing(self) -> bool:
        self._buffer.clear()
        return False

    def _find(self, mark: bytes) -> int:
        """Return where `mark` stands at or after what was understood, looking nowhere twice."""
        found = self._buffer.find(mark, max(self._at, self._searched))
        if found < 0:
            self._searched = max(self._at, self._reached(found, mark))
        return found

    def _reached(self, found: int, mark: bytes) -> int:
        """Return where `mark` was found, or the first place where it can still begin."""
        return len(self._buffer) - len(mark) + 1 if found < 0 else found

    def _announce(self, content: int) -> None:
        self._remaining = content
        self._announced += content
        if self._announced > self._limits.body:
            self._fault = Fault.BODY_TOO_LARGE

    def _pass(self) -> bool:
        """Step over what has come of the body or chunk; return whether that is all of it."""
        patience = self._limits.kept + self._limits.discarded - self._passed
        step = min(self._remaining, len(self._buffer) - self._at, patience)
        self._remaining -= step
        self._passed += step
        at = self._at + step
        if self._passed > self._limits.kept and not self._kept_until:
            self._kept_until = at - (self._passed - self._limits.kept)
        self._move(at)
        if self._remaining and step == patience:
            self._end(last=True)
        return not self._remaining

    def _move(self, at: int) -> None:
        """Go on to `at`; throw away what stands behind the kept part of a too large body."""
        if self._kept_until:
            del self._buffer[self._kept_until : at]
            at = self._kept_until
        self._at = at
        self._searched = at

    def _refuse(self, fault: Fault) -> bool:
        self._fault = fault
        return self._end(last=True)

    def _end(self, *, last: bool = False) -> bool:
        self._last = last
        self._waiting = False
        self._step = None
        return True
