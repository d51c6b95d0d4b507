"""Say in plain words what a YAML parser stumbled over, and where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from yaml import MarkedYAMLError
from yaml.reader import ReaderError

from adapter.config.problems import Place

if TYPE_CHECKING:
    from yaml import Mark

_QUOTE = "put the whole value into quotes"
_INDENT = "indent keys that belong together alike, with spaces"


_SECOND_COLON = "a second colon in this line; put a value that holds `: ` into quotes"
_STRAY_KEY = "a key cannot stand here: it is indented too far, or the line above lacks its colon"


class _Rule(NamedTuple):
    """Say what to tell when PyYAML's context and problem look like this."""

    context: str
    problem: str
    sentence: str
    at_context: bool = False


# The first rule that fits counts. `{0}` is what the problem's own group caught.
_RULES: Final = (
    _Rule("", r"found character '\\t'", "a tab stands here; YAML is indented with spaces only"),
    _Rule("", r"found character '(.)'", f"a value cannot begin with {{0}}; {_QUOTE}"),
    _Rule(
        "simple key",
        "could not find expected ':'",
        "this line has no colon; expected `key: value` (a space follows the colon)",
        at_context=True,
    ),
    _Rule(
        "quoted scalar",
        "unexpected (?:end of stream|document separator)",
        "the quote that opens here is never closed; quote a whole value that holds quotes, in "
        "single quotes",
        at_context=True,
    ),
    _Rule(
        "double-quoted",
        "unknown escape character '(.+)'",
        r"\{0} means nothing in double quotes; use single quotes or write \\{0}",
    ),
    _Rule("double-quoted", "expected escape sequence", "this escape in double quotes is not whole"),
    _Rule(
        "flow sequence",
        "expected ',' or ']'",
        "the list that opens with [ is not closed, or an item in it needs quotes; put an item "
        "that holds quotes, colons, commas or braces into quotes",
        at_context=True,
    ),
    _Rule(
        "flow mapping",
        "expected ',' or '}'",
        f"the mapping that opens with {{{{ is not closed; if the brace belongs to a text, {_QUOTE}",
        at_context=True,
    ),
    _Rule(
        "scanning an alias",
        "",
        f"a value cannot begin with * (in YAML it names an anchor); {_QUOTE}",
        at_context=True,
    ),
    _Rule(
        "scanning an anchor",
        "",
        f"a value cannot begin with & (in YAML it sets an anchor); {_QUOTE}",
        at_context=True,
    ),
    _Rule(
        "block scalar",
        "",
        f"| and > begin a text that stands in the lines below; {_QUOTE} if it is one line",
        at_context=True,
    ),
    _Rule(
        "tag", "", f"a value cannot begin with ! (in YAML it sets a tag); {_QUOTE}", at_context=True
    ),
    _Rule(
        "block (?:mapping|collection)",
        "but found '<(?:block mapping start|block sequence start)>'",
        f"this line is indented differently from those above it; {_INDENT}",
    ),
    _Rule(
        "block (?:mapping|collection)",
        r"but found '(?:\?|-)'",
        "list items and keys are mixed; a list stands below its key, each item after `- `",
    ),
    _Rule(
        "block (?:mapping|collection)",
        "but found",
        f"text follows a value that has already ended; {_QUOTE}",
    ),
    _Rule("", "expected the node content, but found '(.+)'", f"found {{0}} for a value; {_QUOTE}"),
    _Rule(
        "",
        "sequence entries are not allowed",
        f"a list begins in its own line; {_QUOTE} if it is text",
    ),
    _Rule("", "mapping keys are not allowed", f"a value cannot begin with `? `; {_QUOTE}"),
    _Rule(
        "",
        "expected '<document start>'",
        "the file goes on after its end (`...`); remove that line",
    ),
)


def explain(error: Exception, file: str, text: str) -> tuple[Place, str]:
    """Return where the text breaks YAML's rules and what to do about it."""
    if isinstance(error, ReaderError):
        return _unprintable(error, file, text)
    if not isinstance(error, MarkedYAMLError):
        return Place(file), "this is no YAML: a number in it (an escape or %YAML) is out of range"
    context, problem = error.context or "", error.problem or ""
    by_text = _by_text(problem, error.problem_mark, text)
    if by_text:
        return _place(error.problem_mark, file), by_text
    for rule in _RULES:
        found = re.search(rule.problem, problem)
        if found and re.search(rule.context, context):
            mark = error.context_mark if rule.at_context else error.problem_mark
            return _place(mark or error.problem_mark, file), rule.sentence.format(*found.groups())
    return _place(error.problem_mark, file), f"this is no YAML: {problem or context}"


def _by_text(problem: str, mark: Mark | None, text: str) -> str:
    """Return what only the text around tells, if it does."""
    if mark is None:
        return ""
    before = text[: mark.index].rpartition("\n")[2]
    if "'{'" in problem and before.endswith("$"):
        return '${…} inside [ ] or { } needs quotes, as in "${NAME}"'
    if "mapping values are not allowed" in problem:
        return _SECOND_COLON if re.search(r":\s", before) else _STRAY_KEY
    return ""


def _unprintable(error: ReaderError, file: str, text: str) -> tuple[Place, str]:
    before = text[: error.position]
    place = Place(file, before.count("\n") + 1, error.position - (before.rfind("\n") + 1) + 1)
    code = ord(text[error.position])
    return place, f"a control character (U+{code:04X}) stands here; remove it"


def _place(mark: Mark | None, file: str) -> Place:
    return Place(file) if mark is None else Place(file, mark.line + 1, mark.column + 1)
