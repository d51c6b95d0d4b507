"""Text: values of alerts on their way into markdown, where they may show but not act.

Labels and annotations are written by whoever can create a series or a log line. Every such value is
a `Text`; it is escaped when it is put into a message, never before, so that filters still see it as
it came. The escaping is minimal, because `node_exporter` and `10.0.0.1:9100` are read at night:

- What could open a link, image, emphasis, code, table or tag gets a backslash (`<` an entity).
- What only acts at the start of a line (`#`, `>`, `-`, `1.`) is escaped only there.
- `@` is followed by a zero-width space: it looks unchanged, mails too, yet is no mention. A
  full-width sign would be seen, and a backslash does not stop DingTalk from looking for `@all`.
- Line breaks and control characters become a space; what is invisible, or turns the direction of
  reading, is dropped.
- A bare `https://` address stays as it is: an address that shows itself deceives nobody.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Final, SupportsIndex, cast

import msgspec
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ZERO_WIDTH_SPACE: Final = "\u200b"

INVISIBLE: Final = re.compile(
    "[\u00ad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b\u200e\u200f"
    "\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
"""Unicode's format characters but for the two joiners (U+200C, U+200D), which writing needs."""

_BLANKS: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_ACTIVE: Final = re.compile(
    r"[\\`*\[\]|~]"  # escapes, code, emphasis, links, tables, strike-through
    r"|<|&(?=#?\w+;)"  # tags, entities
    r"|@|dingtalk[\w-]*:"  # mentions, addresses that the client itself obeys
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis; between two letters it is none
    r"|!$",  # before a link of the template it would make an image
    re.IGNORECASE,
)
_STILL: Final = re.compile(  # what most values are: words and numbers with single signs between
    r"(?!.*dingtalk)[^\W_](?:[^\W_]|[ ./:=,%-](?=[^\W_]))*", re.IGNORECASE
)
_LINE_START: Final = re.compile(
    r"( ?)(?:([#>=]|[+](?= |$)|-(?![^\W_]))|(\d{0,9})([.)])(?= |$)|(\())"
)
_UNESCAPE: Final = re.compile(r"\\([!-/:-@\[-`{-~])|&(lt|amp);")

_SHORT: Final = 128
"""Characters of a text whose escaping is remembered: a storm says the same few words."""


def clean(text: str) -> str:
    """Return `text` as one line without characters that are not seen; half a pair becomes `�`."""
    text = INVISIBLE.sub("", _SURROGATES.sub("\ufffd", text))
    return _BLANKS.sub(" ", text)


def encodable(text: str) -> str:
    """Return `text` with what UTF-8 cannot carry replaced by `�`."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub("\ufffd", text)
    return text


def escape(text: str) -> str:
    """Return `text` as markdown that shows it and does nothing, wherever in a line it stands."""
    if text.isalnum():
        return str(text)
    return _escaped_short(text) if len(text) <= _SHORT else _escaped(text)


def _escaped(text: str) -> str:
    if _STILL.fullmatch(text):
        return str(text)
    line = _ACTIVE.sub(_still, clean(text))
    start = _LINE_START.match(line)
    return _still_start(start) + line[start.end() :] if start else line


_escaped_short: Final = functools.lru_cache(maxsize=2_048)(_escaped)


def _still(match: re.Match[str]) -> str:
    found = match[0]
    if found in "@!" or len(found) > 1:
        return found + ZERO_WIDTH_SPACE
    return {"<": "&lt;", "&": "&amp;"}.get(found, f"\\{found}")


def _still_start(match: re.Match[str]) -> str:
    space, sign, digits, point, bracket = match.groups()
    if bracket:  # after a `]` of the template it would make a link
        return f"{space}{ZERO_WIDTH_SPACE}("
    return f"{space}\\{sign}" if sign else f"{space}{digits}\\{point}"


def plain(markdown: str) -> str:
    """Return the text that `escape()` was given (but for what it cleaned): its inverse."""
    return _UNESCAPE.sub(lambda m: m[1] or {"lt": "<", "amp": "&"}[m[2]], markdown)


def one_line(markdown: str) -> str:
    """Return what `markdown` shows as plain text, for a title; an `@` mentions nobody there too."""
    return clean(plain(markdown)).strip().replace("@", f"@{ZERO_WIDTH_SPACE}")


def cut_bytes(text: str, limit: int, mark: str) -> str:
    """Return `text` with at most `limit` bytes, ending in `mark` where something was cut off."""
    if len(text) * 4 <= limit:
        return text
    encoded = encodable(text[: limit + 1]).encode()
    if len(encoded) <= limit:
        return text
    kept = max(0, limit - len(mark.encode()))
    return encoded[:kept].decode(errors="ignore").rstrip() + mark


def cut(text: str, limit: int) -> str:
    """Return `text` with at most `limit` characters, ending in `…` where something was cut off."""
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + "…"


def json_size(text: str) -> int:
    """Return how many bytes `text` takes inside a JSON string."""
    return len(msgspec.json.encode(text)) - 2


class Text(str):
    """Hold text from outside; whatever is made from it is such text again, and is escaped."""

    __slots__ = ()

    def __html__(self) -> str:
        """Return the markdown that shows this text; Jinja asks for it on output."""
        return escape(self)

    def __iter__(self) -> Iterator[str]:
        return (Text(character) for character in str.__iter__(self))

    def __getitem__(self, key: SupportsIndex | slice) -> Text:
        return Text(str.__getitem__(self, key))

    def __radd__(self, other: str) -> Text:
        return Text(str(other) + str(self))

    def __rmod__(self, other: str) -> Text:
        return Text(str(other) % str(self))


def keep(value: object) -> object:
    """Return `value` with every plain string in it as a `Text`."""
    if type(value) is str:
        return Text(value)
    if isinstance(value, list | tuple):
        return type(value)(keep(item) for item in value)
    return value


def _keeping(method: Callable[..., object]) -> Callable[..., object]:
    def kept(self: Text, *args: object, **kwargs: object) -> object:
        return keep(method(self, *args, **kwargs))

    return kept


TEXT_METHODS: Final = (
    *("__add__", "__mod__", "__mul__", "__rmul__"),
    *("capitalize", "casefold", "center", "expandtabs", "format", "format_map", "join", "ljust"),
    *("lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rjust"),
    *("rpartition", "rsplit", "rstrip", "split", "splitlines", "strip", "swapcase", "title"),
    *("translate", "upper", "zfill"),
)
"""The methods of `str` that make strings: each keeps its result a `Text`."""

for _name in TEXT_METHODS:
    setattr(Text, _name, _keeping(getattr(str, _name)))


_KINDS: Final = (Text, Markup)


def as_text(value: object) -> str:
    """Return `value` as text to be escaped; only what is markdown already stays as it is."""
    if isinstance(value, _KINDS):
        return cast("str", value)
    return Text("" if value is None else str(value))


def written(value: object) -> str:
    """Return the markdown that a template writes for `value`."""
    kind = type(value)
    if kind is Text or kind is str:
        return escape(cast("str", value))
    if kind is Markup:
        return cast("str", value)
    return Markup.escape(as_text(value))


def joined(parts: Iterable[object], separator: str = "") -> str:
    """Return the parts in a row: markdown if one of them is, otherwise text still to be escaped."""
    pieces = [as_text(part) for part in parts]
    if Markup in map(type, pieces):
        return Markup.escape(as_text(separator)).join(pieces)
    return Text(str.join(separator, pieces))
