"""The bundled templates, and a renderer of them, as tests need them."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from pathlib import Path

from adapter.core.rendering import Renderer

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 21, 5, tzinfo=UTC)


@functools.cache
def bundled() -> dict[str, str]:
    """Return the sources of the bundled templates by name."""
    return {path.name: path.read_text() for path in (ROOT / "templates").glob("*.j2")}


APART = '{% extends "default.j2" %}{% block rest %}{% endblock %}'
"""The template `apart`, which tells also alerts that are alike one by one."""


def renderer(**more: str) -> Renderer:
    """Return a renderer of the bundled templates, `apart`, and `more`, named without `.j2`."""
    own = {f"{name}.j2": source for name, source in {"apart": APART, **more}.items()}
    return Renderer({**bundled(), **own})
