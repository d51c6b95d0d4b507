"""The filters of our own that templates have; `docs/templates.md` shows each at work."""

from __future__ import annotations

import re
from dataclasses import replace as replace_fields
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from jinja2 import pass_context
from markupsafe import Markup

from adapter.core.alert_view import SeverityView
from adapter.core.budget import concatenated, rendering_of, require_length
from adapter.core.links import browser_link, http_url, markdown_link
from adapter.core.matcher import anchored
from adapter.core.reader import zone_of
from adapter.core.text import Text, as_text, cut_bytes, written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jinja2.runtime import Context

    from adapter.core.reader import Labels

_COLOR: Final = re.compile(r"#[0-9a-f]{6}|[a-z]{1,20}", re.IGNORECASE)
_TIME_FORMAT: Final = re.compile(r"(?:%[A-Za-z%]|[^%]){1,40}")


@pass_context
def localtime(context: Context, value: datetime | None, pattern: str = "", zone: str = "") -> Text:
    """Return an instant as `03:12`, `11-22 03:12`, or as `pattern` says, in the message's zone."""
    reader = rendering_of(context).reader
    if zone:
        other = zone_of(zone)
        if other is None:
            raise ValueError("expected a time zone such as Asia/Shanghai or UTC")
        reader = replace_fields(reader, zone=other)
    if value is None:
        return Text()
    if not pattern:
        return Text(reader.time(value))
    if not _TIME_FORMAT.fullmatch(pattern):
        raise ValueError("expected a strftime pattern of at most 40 parts, such as %H:%M:%S")
    return Text(reader.local(value).strftime(pattern))


@pass_context
def duration(context: Context, value: timedelta | float | None) -> Text:
    """Return a span, or a number of seconds, in its two largest units."""
    if value is None:
        return Text()
    span = value if isinstance(value, timedelta) else timedelta(seconds=value)
    return Text(rendering_of(context).reader.words.span(span))


@pass_context
def truncate_bytes(context: Context, value: object, limit: int) -> Text:
    """Return text of at most `limit` bytes that says so where it was cut."""
    text = as_text(value)
    return Text(cut_bytes(text, limit, rendering_of(context).reader.words.cut))


def link(url: str, text: str = "") -> Markup:
    """Return a link, or nothing if `url` is not http or https; without `text` it shows `url`."""
    return markdown_link(url, text or http_url(url))


def browser(url: str, text: str = "") -> Markup:
    """Return a link that opens in the browser; nothing if `url` is not http or https."""
    return browser_link(url, text or http_url(url))


def hide_labels(labels: Labels, *patterns: str) -> Labels:
    """Return the labels whose names no pattern describes."""
    return labels.without(map(anchored, patterns))


def bold(value: object) -> Markup:
    """Return text in bold; empty text stays empty."""
    shown = str(written(value)).strip()
    return Markup(f"**{shown}**") if shown else Markup()  # noqa: S704  # escaped above


def color(value: object, of: str | SeverityView) -> Markup:
    """Return text in a colour: that of a severity, `#F5222D`, or a word such as `red`."""
    name = of.color if isinstance(of, SeverityView) else of
    if not _COLOR.fullmatch(name):
        raise ValueError("expected a colour such as red or #F5222D")
    return Markup('<font color="{}">{}</font>').format(Markup(name), as_text(value))  # noqa: S704  # matched above


def join(values: Iterable[object], separator: str = "") -> str:
    """Return the values in a row."""
    items = list(values)
    require_length(len(items) * len(separator))
    parts = [part for item in items for part in (separator, item)]
    return concatenated(parts[1:])


def replace(value: object, old: str, new: str) -> Text:
    """Return text with every `old` as `new`."""
    text = as_text(value)
    require_length(len(text) + text.count(old) * len(new))
    return Text(str(text).replace(old, new))


def rounded(value: float, digits: int = 0) -> float:
    """Return a number with so many digits after the point."""
    return round(value, digits) if digits else round(value)


def escaped(value: object) -> Markup:
    """Return text as markdown that shows it."""
    return Markup.escape(as_text(value))


def safe(value: object) -> Markup:
    """Return text as markdown that acts: the only way past the escaping."""
    return Markup("" if value is None else str(value))  # noqa: S704  # what `| safe` is for


OWN_FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "bold": bold,
    "browser_link": browser,
    "color": color,
    "duration": duration,
    "escape": escaped,
    "hide_labels": hide_labels,
    "join": join,
    "link": link,
    "localtime": localtime,
    "replace": replace,
    "round": rounded,
    "safe": safe,
    "truncate_bytes": truncate_bytes,
}
