"""Linker: the links of messages that lead to this adapter, signed, so that they need no login.

A link names what it opens, until when it does, and an HMAC of both. All lie under `/m/`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from adapter.secret import Secret

ROOM: Final = "/m/"
"""Where all links of messages lie, so that an ingress can expose only them."""

_SIGN_BYTES: Final = 16  # of HMAC-SHA256: nobody guesses 128 bits
_LAST_SECOND: Final = 253_402_300_799  # of the year 9999
_FINGERPRINT: Final = re.compile(r"[0-9A-Za-z]{1,64}")


class Kind(StrEnum):
    """Say what a link opens."""

    WHY = "why"  # the timeline of a delivery
    ACT = "act"  # a page to silence its alerts, or to say who looks after them
    MESSAGE = "message"  # the deliveries that a message tells


SUBJECTS: Final = {
    Kind.WHY: re.compile(r"[1-9]\d{0,17}", re.ASCII),
    Kind.ACT: re.compile(rf"[1-9]\d{{0,17}}(\.{_FINGERPRINT.pattern})?", re.ASCII),
    Kind.MESSAGE: re.compile(r"[0-9a-f-]{1,64}"),
}
"""How each kind names what it opens."""


@dataclass(frozen=True, slots=True)
class Link:
    """Hold what a link says; an `act` names a delivery, and one of its alerts or all that fire."""

    kind: Kind
    subject: str
    until: int  # seconds since 1970 in UTC

    @property
    def delivery(self) -> int:
        """Return the id of the delivery; 0 where it names none."""
        number = self.subject.partition(".")[0]
        return int(number) if self.kind is not Kind.MESSAGE else 0

    @property
    def fingerprint(self) -> str:
        """Return which alert of it; empty for all that fire."""
        return self.subject.partition(".")[2]

    @property
    def path(self) -> str:
        """Return it without its sign."""
        return f"{ROOM}{self.kind}/{self.subject}/{self.until}"

    def why(self, delivery: int) -> Link:
        """Return one to a delivery's timeline that ends with this."""
        return Link(Kind.WHY, str(delivery), self.until)

    def act(self, fingerprint: str, until: datetime) -> Link | None:
        """Return one to act on this delivery, or one of its alerts, that ends then or with this.

        None for an alert whose sender gave it a name that no address should hold.
        """
        place = f"{self.delivery}.{fingerprint}" if fingerprint else str(self.delivery)
        if not SUBJECTS[Kind.ACT].fullmatch(place):
            return None
        return Link(Kind.ACT, place, min(self.until, int(until.timestamp())))

    def expired(self, now: datetime) -> bool:
        """Return whether it opens nothing any more."""
        return now.timestamp() >= self.until


@dataclass(frozen=True, slots=True)
class Linker:
    """Make and check links to `base` with a secret.

    One to act serves for `acts_for`, one that only tells for `tells_for`, as long as deliveries
    are kept.
    """

    base: str
    secret: Secret
    acts_for: timedelta
    tells_for: timedelta

    def why(self, delivery: int, now: datetime) -> str:
        """Return the address of a delivery's timeline."""
        return self.url(Link(Kind.WHY, str(delivery), _end(now, self.tells_for)))

    def message(self, name: str, now: datetime) -> str:
        """Return the address of what a message tells."""
        return self.url(Link(Kind.MESSAGE, name, _end(now, self.tells_for)))

    def act(self, delivery: int, fingerprint: str, now: datetime) -> str:
        """Return where an alert of a delivery can be silenced, or without one all that fire.

        Nothing for an alert whose sender gave it a name that no address should hold.
        """
        if not fingerprint:
            subject = str(delivery)
        elif _FINGERPRINT.fullmatch(fingerprint):
            subject = f"{delivery}.{fingerprint}"
        else:
            return ""
        return self.url(Link(Kind.ACT, subject, _end(now, self.acts_for)))

    def url(self, link: Link) -> str:
        """Return the address of a link."""
        return self.base + self.signed_path(link)

    def relative(self, link: Link) -> str:
        """Return its address as seen from the page of another link, whatever is before `/m/`."""
        return "../../../" + self.signed_path(link).removeprefix(ROOM)

    def mark(self, place: str) -> str:
        """Return what marks a silence made for this place, so that it is found again."""
        return f"[dingtalk {self._sign(f'silence of {place}')[:12]}]"

    def signed_path(self, link: Link) -> str:
        """Return its part below the base, signed."""
        return f"{link.path}/{self._sign(link.path)}"

    def read(self, kind: str, subject: str, until: str, sign: str) -> Link | None:
        """Return the link that these parts of an address are; None if it was not signed here."""
        found = Kind.__members__.get(kind.upper())
        if found is None or found != kind or not SUBJECTS[found].fullmatch(subject):
            return None
        if not re.fullmatch(r"[1-9]\d{0,11}", until, re.ASCII):
            return None
        link = Link(found, subject, int(until))
        return link if _same(sign, self._sign(link.path)) else None

    def form_token(self, link: Link) -> str:
        """Return what a form must bring that was made for this link."""
        return self._sign(f"form of {link.path}")

    def matchers_token(self, matchers: str) -> str:
        """Return what a form holds in place of matchers, which may hold what no page shows."""
        return self._sign(f"matchers {matchers}")

    def is_matchers_token(self, matchers: str, token: str) -> bool:
        """Return whether a form was made for these matchers."""
        return _same(token, self.matchers_token(matchers))

    def is_form_token(self, link: Link, token: str) -> bool:
        """Return whether a form was made for this link."""
        return _same(token, self.form_token(link))

    def _sign(self, text: str) -> str:
        digest = hmac.digest(self.secret.reveal().encode(), text.encode(), hashlib.sha256)
        return urlsafe_b64encode(digest[:_SIGN_BYTES]).rstrip(b"=").decode()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode())


def _end(now: datetime, span: timedelta) -> int:
    return min(int((now.astimezone(UTC) + span).timestamp()), _LAST_SECOND)
