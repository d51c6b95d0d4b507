"""iCalendar texts, as tests need them."""

from __future__ import annotations


def calendar(*events: str) -> bytes:
    """Return a calendar of these events."""
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:tests", *events, "END:VCALENDAR", "")
    return "\r\n".join(lines).encode()


def event(
    *,
    title: str = "",
    start: str = "DTSTART:20261109T010000Z",
    end: str = "DTEND:20261109T020000Z",
    more: str = "COMMENT:none",
) -> str:
    """Return an event; `start`, `end` and `more` are whole lines."""
    uid = f"UID:{abs(hash((title, start)))}"
    return "\r\n".join(("BEGIN:VEVENT", uid, start, end, f"SUMMARY:{title}", more, "END:VEVENT"))
