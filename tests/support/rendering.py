"""The bundled templates, and a renderer of them, as tests need them."""

from __future__ import annotations

import functools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapter.core.message_links import Linker
from adapter.core.rendering import Renderer
from adapter.core.style import DEFAULT_STYLE, Origin, Style
from adapter.core.template_trial import Trial, Tried, try_out
from adapter.secret import Secret

if TYPE_CHECKING:
    from adapter.core.template_check import TemplateProblem

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 21, 5, tzinfo=UTC)


@functools.cache
def bundled() -> dict[str, str]:
    """Return the sources of the bundled templates by name."""
    return {path.name: path.read_text() for path in (ROOT / "templates").glob("*.j2")}


LINKER = Linker(
    "https://alerts.example.com",
    Secret("0123456789abcdef"),
    acts_for=timedelta(hours=24),
    tells_for=timedelta(days=30),
)
"""What makes links to the adapter itself."""

LINKED = Style(origins={"bj": Origin("https://am.bj.example.com")}, linker=LINKER)
"""The style of messages that carry such links; alerts of `bj` can be silenced there."""


APART = '{% extends "default.j2" %}{% block rest %}{% endblock %}'
"""The template `apart`, which tells also alerts that are alike one by one."""


def problems_of(**own: str) -> tuple[TemplateProblem, ...]:
    """Return the mistakes in templates, named without `.j2`, that stand beside the bundled ones."""
    return renderer(**own).problems([f"{name}.j2" for name in own])


def renderer(style: Style = DEFAULT_STYLE, /, **more: str) -> Renderer:
    """Return a renderer of the bundled templates, `apart`, and `more`, named without `.j2`."""
    own = {f"{name}.j2": source for name, source in {"apart": APART, **more}.items()}
    return Renderer({**bundled(), **own}, style)


class AtOnce:
    """Try templates in this process."""

    def try_out(self, trial: Trial) -> Tried:
        """Return what came of a trial."""
        return try_out(trial)
