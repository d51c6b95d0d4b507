"""Guess what a person meant by a word that is not known."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIKENESS: Final = 0.7
"""Below it, a guess reads like a joke."""


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like `word`, whatever its case and hyphens; None if none is."""
    plain = _plain(word)
    rated = [(SequenceMatcher(None, plain, _plain(one)).ratio(), one) for one in candidates]
    likeness, best = max(rated, default=(0.0, ""))
    return best if likeness >= _LIKENESS else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return `; did you mean "…"?`, or nothing where no candidate is like `word`."""
    best = closest(word, candidates)
    return f'; did you mean "{best}"?' if best else ""


def _plain(word: str) -> str:
    return word[:80].casefold().replace("-", "").replace("_", "").replace(" ", "")
