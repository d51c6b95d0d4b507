"""The frame of the pages that links of messages open: no login, no script, no other request."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from flask import Response, request
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapter.web.message_pages.words import PageWords, page_words

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

_HERE: Final = Path(__file__).parent
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined
)
_STYLE: Final = (_HERE / "style.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    # An address is a key: it must reach no other site. A form's origin must reach this one.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


def reader_words() -> PageWords:
    """Return the words of the language that the browser prefers."""
    return page_words(request.accept_languages.best_match(["zh", "en"], default="zh"))


def page(name: str, code: int = 200, **values: Any) -> Response:  # noqa: ANN401  # what templates take
    """Return a page by its template."""
    words = values.pop("words", None) or reader_words()
    template = _TEMPLATES.get_template(f"{name}.html")
    text = template.render(words=words, style=_STYLE, **values)
    return Response(text, code, _HEADERS, content_type="text/html; charset=utf-8")


def fault(code: int, title: str, text: str) -> Response:
    """Return a page that says what is wrong, and the next step."""
    return page("fault", code, title=title, text=text)


@dataclass(frozen=True, slots=True)
class Watch:
    """Show times in a zone."""

    zone: tzinfo

    def at(self, value: datetime) -> str:
        """Return a time of day with its date and zone."""
        local = value.astimezone(self.zone)
        return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"
