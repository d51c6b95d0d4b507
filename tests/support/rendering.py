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


def renderer(**more: str) -> Renderer:
    """Return a renderer of the bundled templates and of `more`, named without `.j2`."""
    return Renderer({**bundled(), **{f"{name}.j2": source for name, source in more.items()}})
