"""Read `server`: where webhooks are received, and within which bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.config.addresses import Address, external_url, listen_address
from adapter.config.auth import read_auth
from adapter.config.page import read_page
from adapter.config.scalars import boolean, duration, size_within, whole_number
from adapter.config.settings import ServerSettings
from adapter.config.tls import read_tls

if TYPE_CHECKING:
    from adapter.config.reader import Section, Value

_DEFAULT: Final = ServerSettings()
_THREADS: Final = whole_number(1, 1024)
_HIGH_WATER: Final = whole_number(1, 1_000_000_000)
_MAX_BODY: Final = size_within(1024, 1024**3)


def take_server(root: Section) -> ServerSettings:
    """Return the settings of `server`, and warn where anyone can post."""
    settings = root.take("server", _read_server, _DEFAULT)
    address = Address(settings.host, settings.port)
    proven = settings.auth.required or settings.client_certificates
    if not proven and not address.is_loopback:
        value = root.get("server") or root.value
        root.value.reading.problems.warn(
            value.key_place or value.place,
            "server.auth",
            f"webhooks are open: whoever reaches {address} can post alerts; "
            "set it, or listen on 127.0.0.1",
        )
    return settings


def _read_server(value: Value) -> ServerSettings:
    with value.section("server", "listen: 0.0.0.0:8060") as section:
        default = Address(_DEFAULT.host, _DEFAULT.port)
        address = section.scalar("listen", listen_address, default)
        return ServerSettings(
            host=address.host,
            port=address.port,
            threads=section.scalar("threads", _THREADS, _DEFAULT.threads),
            max_body=section.scalar("max_body", _MAX_BODY, _DEFAULT.max_body),
            high_water=section.scalar("high_water", _HIGH_WATER, _DEFAULT.high_water),
            dedup_window=section.scalar("dedup_window", duration, _DEFAULT.dedup_window),
            watch=section.scalar("watch", boolean, _DEFAULT.watch),
            external_url=section.hidden("external_url", external_url, _DEFAULT.external_url),
            tls=section.take("tls", read_tls, None),
            auth=section.take("auth", read_auth, _DEFAULT.auth),
            page=section.take("page", read_page, _DEFAULT.page),
        )
