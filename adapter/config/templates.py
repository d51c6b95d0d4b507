"""Read `templates`: where a user's own stand, and which labels no message shows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from adapter.config.files import is_file
from adapter.config.problems import Mistake
from adapter.core.matcher import MatcherError, Pattern, anchored

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.config.reader import Section, Value

_PATTERNS: Final = '[prometheus, "pod_template_.*"]'
_GLOB: Final = re.compile(r"(?:\A|[\w-])\*")


class TemplateSettings(NamedTuple):
    """Hold the directory of user templates, and patterns of the labels that no message shows."""

    directory: Path
    hidden: tuple[Pattern, ...] = ()


def take_templates(root: Section) -> TemplateSettings:
    """Return the settings of `templates`; the directory need not exist."""
    default = TemplateSettings(root.value.base / "templates")
    return root.take("templates", lambda value: _read_templates(value, default), default)


def _read_templates(value: Value, default: TemplateSettings) -> TemplateSettings:
    with value.section("templates", "directory: templates") as section:
        return TemplateSettings(
            directory=section.take("directory", _directory, default.directory),
            hidden=section.list_of("hide_labels", _hidden_label, _PATTERNS),
        )


def _directory(value: Value) -> Path:
    name = value.text()
    if not name:
        raise Mistake("is empty; expected a directory such as templates")
    if is_file(value.base / name):
        raise Mistake(f"{value.shown()} is a file; expected the directory of templates")
    return value.base / name


def _hidden_label(value: Value) -> Pattern:
    """Read a pattern of labels: a regular expression as in a matcher, so a plain name too."""
    text = value.text()
    if not text:
        raise Mistake("is empty and would hide nothing; remove it")
    if _GLOB.search(text):
        raise Mistake(
            f"{value.shown()} is no pattern of labels: these are regular expressions as in a"
            " matcher; write .* for any characters, as in pod_template_.*"
        )
    try:
        return anchored(text)
    except MatcherError as error:
        raise Mistake(f"{value.shown()} is no pattern of labels: {error}") from None
