"""Buttons: the links of the block `buttons` as an ActionCard takes them."""

from __future__ import annotations

import re
from typing import Final

from adapter.core.links import BROWSER, http_url
from adapter.core.message import Button
from adapter.core.text import cut, one_line

BUTTON_LIMIT: Final = 5
"""Buttons that a card shows."""

_TITLE_LIMIT: Final = 20
_LINK: Final = re.compile(r"\[(.+)\]\((\S+)\)")


class ButtonError(ValueError):
    """Report a line of the block `buttons` that is no link."""


def buttons_of(block: str) -> tuple[Button, ...]:
    """Return the first links of a block of one `[title](url)` a line, or raise ButtonError."""
    lines = [line.strip() for line in block.splitlines() if line.strip()]
    return tuple(map(_button, lines))[:BUTTON_LIMIT]


def _button(line: str) -> Button:
    found = _LINK.fullmatch(line)
    if found is None or not _leads(found[2]) or not (title := one_line(found[1])):
        raise ButtonError("block buttons: expected one [title](url) a line, with http or https")
    return Button(cut(title, _TITLE_LIMIT), found[2])


def _leads(url: str) -> bool:
    return url.startswith(BROWSER) or http_url(url) == url
