"""Trouble: what Alertmanager did not do, as a value that a page can put into words."""

from __future__ import annotations

from enum import StrEnum


class Trouble(StrEnum):
    """Say what kind of thing went wrong."""

    UNREACHABLE = "unreachable"  # nothing was done
    UNSURE = "unsure"  # it may have been done
    CREDENTIALS = "credentials"
    REFUSED = "refused"
    GONE = "gone"
    REDIRECT = "redirect"
    FAULT = "fault"


class AlertmanagerError(Exception):
    """Report what Alertmanager did not do; `said` are its own words, if it gave any."""

    def __init__(self, trouble: Trouble, said: str = "") -> None:
        super().__init__(f"{trouble}: {said}" if said else str(trouble))
        self.trouble = trouble
        self.said = said
