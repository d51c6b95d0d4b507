"""The pages together: their navigation, and the blueprint that lets in who may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint

from adapter.web.pages.decisions import add_decisions
from adapter.web.pages.deliveries import add_deliveries
from adapter.web.pages.delivery import add_delivery
from adapter.web.pages.maintenance import add_maintenance
from adapter.web.pages.oncall import add_oncall
from adapter.web.pages.overview import add_overview
from adapter.web.pages.playground import add_playground
from adapter.web.pages.routes import add_routes

if TYPE_CHECKING:
    from adapter.web.pages.shell import Shell


def create_pages(shell: Shell) -> Blueprint:
    """Return every page that needs the login of `server.page`."""
    blueprint = Blueprint("pages", __name__)
    shell.guard(blueprint)
    blueprint.before_request(shell.admit)
    add_overview(shell, blueprint)
    add_deliveries(shell, blueprint)
    add_delivery(shell, blueprint)
    add_decisions(shell, blueprint)
    add_playground(shell, blueprint)
    add_routes(shell, blueprint)
    add_oncall(shell, blueprint)
    add_maintenance(shell, blueprint)
    return blueprint
