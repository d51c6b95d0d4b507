"""What a process keeps as it was started with, whatever a reload says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapter.config.settings import Settings


def fixed(old: Settings, new: Settings) -> list[str]:
    """Return the keys that were changed and need a restart."""
    pairs = zip(_values(old), _values(new), strict=True)
    return list(dict.fromkeys(key for (key, before), (_, after) in pairs if before != after))


def _values(settings: Settings) -> list[tuple[str, object]]:
    server, storage = settings.server, settings.storage
    return [
        ("server.listen", (server.host, server.port)),
        ("server.threads", server.threads),
        ("server.max_body", server.max_body),
        ("storage.url", storage.path),
        ("storage.url", storage.postgresql),
        ("log", settings.log),
    ]
