"""The pages together: their navigation, and the blueprint that lets in who may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from adapter.web.pages.overview import add_overview

if TYPE_CHECKING:
    from adapter.web.pages.shell import Shell


def create_pages(shell: Shell) -> Blueprint:
    """Return every page that needs the login of `server.page`."""
    blueprint = Blueprint("pages", __name__)
    shell.guard(blueprint)
    blueprint.before_request(shell.admit)
    add_overview(shell, blueprint)
    return blueprint
