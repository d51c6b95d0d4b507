"""TemplateSet: the templates by name, and what went wrong in one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adapter.core.template_check import TemplateProblem, check
from adapter.core.template_env import Sandbox
from adapter.core.template_parts import place_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from adapter.core.delivery import RenderSettings
    from adapter.core.style import Style
    from adapter.core.template_blocks import Blocks


class TemplateSet:
    """Hold templates; `sources` are their texts by file name, such as `default.j2`."""

    def __init__(self, sources: Mapping[str, str], style: Style) -> None:
        self._sources = dict(sources)
        self._style = style
        self._sandbox = Sandbox(self._sources)

    def problems(self, names: Collection[str] | None = None) -> tuple[TemplateProblem, ...]:
        """Return every mistake in these templates, or in all; found by reading and by trying."""
        tried = self._sources if names is None else names
        return check(self._sources, tried, self._sandbox, self._style) if tried else ()

    def get(self, settings: RenderSettings) -> Blocks:
        """Return the template of these settings."""
        return self._sandbox.blocks(_file(settings))

    def fault(self, settings: RenderSettings, error: Exception) -> str:
        """Return where a template failed, and how in one word: more could hold values."""
        name = _file(settings)
        if name not in self._sources:
            return f"{name}: there is no such template"
        file, line = place_of(error, name, self._sources)
        kind = type(error).__name__
        return f"{file}:{line}: {kind}" if line else f"{file}: {kind}"


def _file(settings: RenderSettings) -> str:
    return f"{settings.template}.j2"
