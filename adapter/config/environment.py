"""Fill `${NAME}` in a text from the environment; `$${` is a literal `${`.

What a variable holds is never told: it may be a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from adapter.config.problems import Mistake

if TYPE_CHECKING:
    from collections.abc import Mapping

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{([^}]*)(\}?)")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def refers(text: str) -> bool:
    """Return whether `text` takes anything from the environment."""
    return any(found.group(1) is not None for found in _REFERENCE.finditer(text))


def unset(text: str, environ: Mapping[str, str]) -> bool:
    """Return whether a variable that `text` names is not set."""
    return any(
        name is not None and name not in environ
        for name in (found.group(1) for found in _REFERENCE.finditer(text))
    )


def mistakes(text: str, environ: Mapping[str, str]) -> list[Mistake]:
    """Return what is wrong with the references in `text`, each at its own offset."""
    found = _REFERENCE.finditer(text)
    return [Mistake(wrong, one.start()) for one in found if (wrong := _wrong(one, environ))]


def fill(text: str, environ: Mapping[str, str]) -> str:
    """Return `text` with its references filled; there must be no `mistakes`."""
    return _REFERENCE.sub(
        lambda found: "${" if found.group(1) is None else environ[found.group(1)], text
    )


def _wrong(reference: re.Match[str], environ: Mapping[str, str]) -> str:
    name, end = reference.group(1), reference.group(2)
    if name is None:
        return ""
    if not end:
        return "${ is never closed; write ${NAME}, or $${ for a literal ${"
    if not _NAME.fullmatch(name):
        return "no variable can have this name; write ${NAME}, or $${ for a literal ${"
    if name not in environ:
        return f"the environment variable {name} is not set"
    if not _is_text(environ[name]):
        return f"the environment variable {name} holds no UTF-8 text"
    return ""


def _is_text(value: str) -> bool:
    return not re.search(r"[\x00\ud800-\udfff]", value)
