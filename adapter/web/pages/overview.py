"""The overview: every robot and how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from flask import Blueprint, Response

    from adapter.web.pages.shell import Shell
    from adapter.web.pages.words import Pairs

WORDS: Final[Pairs] = {
    "robots": ("机器人", "Robots"),
    "waiting": ("等待中的投递", "Deliveries that wait"),
}


def add_overview(shell: Shell, blueprint: Blueprint) -> None:
    """Add `/`."""

    @blueprint.get("/")
    def overview() -> Response:
        backend = shell.backend
        return shell.show(
            "overview.html",
            WORDS,
            robots=list(backend.settings.robots),
            waiting=backend.store.waiting(),
        )
