"""Styles, scripts and the icon: few, small, and known by the hash of what they hold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from flask import Blueprint, Response, abort

from adapter.phone import STYLE

PREFIX: Final = "/m/assets"

_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_KEPT: Final = "public, max-age=31536000, immutable"  # another content has another address


@dataclass(frozen=True, slots=True)
class Asset:
    """Hold one file as it is served."""

    content: bytes
    content_type: str
    address: str


@cache
def assets() -> dict[str, Asset]:
    """Return every file by its name."""
    own = (files("adapter.web.pages") / "static").iterdir()
    return {file.name: _asset(file.name, file.read_bytes()) for file in (*own, STYLE)}


def asset_address(name: str) -> str:
    """Return where a page finds a file."""
    return assets()[name].address


def create_assets() -> Blueprint:
    """Return the endpoint of the files, open to everybody."""
    blueprint = Blueprint("assets", __name__)

    @blueprint.get(f"{PREFIX}/<name>")
    def asset(name: str) -> Response:
        found = assets().get(name)
        if found is None:
            abort(404)
        response = Response(found.content, content_type=found.content_type)
        response.headers["Cache-Control"] = _KEPT
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return blueprint


def _asset(name: str, content: bytes) -> Asset:
    mark = hashlib.sha256(content).hexdigest()[:12]
    return Asset(content, _TYPES[name.rpartition(".")[2]], f"{PREFIX}/{name}?v={mark}")
