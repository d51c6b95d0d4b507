"""What `bubble.html` needs: where it lies, how it looks, and the filters that it uses."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from adapter.phone.markdown import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FOLDER: Final = files("adapter.phone")
TEMPLATES: Final = str(_FOLDER / "templates")
STYLE: Final = _FOLDER / "static" / "phone.css"

_COLOR: Final = re.compile(r"#[0-9a-fA-F]{3,8}|[a-zA-Z]{1,20}")


def destination(url: str) -> str:
    """Return where a link leads in a browser; empty where a phone could not follow it.

    `dingtalk://dingtalkclient/page/link?url=…` leads to its inner URL.
    """
    try:
        parts = urlsplit(url.strip())
        if parts.scheme == "dingtalk":
            inner = parse_qs(parts.query).get("url", [""])[0]
            return inner if urlsplit(inner).scheme in ("http", "https") else ""
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") else ""


def color(value: str) -> str:
    """Return a colour that HTML knows; empty for anything else."""
    return value if _COLOR.fullmatch(value) else ""


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "tree": lru_cache(512)(parse),
    "destination": destination,
    "color": color,
}
"""The filters of `bubble.html`, by name."""

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "picture": ("图片", "picture"),
    "dead_link": ("手机无法打开此链接", "a phone cannot open this link"),
}
"""The words of `bubble.html`, in Chinese and English."""
