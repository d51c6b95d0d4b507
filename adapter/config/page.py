"""Read `server.page`: who may see the web page."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

from adapter.config.auth import header_name, take_basic
from adapter.config.problems import Mistake
from adapter.config.reader import scalar
from adapter.config.settings import PageSettings

if TYPE_CHECKING:
    from ipaddress import IPv4Network, IPv6Network

    from adapter.config.reader import Section, Value
    from adapter.config.settings import BasicAuth


def read_page(value: Value) -> PageSettings:
    """Return by what a visitor is known."""
    with value.section("server.page", "basic: {username: ops, password_file: FILE}") as section:
        if section.get("basic") is None and section.get("trusted_header") is None:
            value.problem(
                "names no login; give basic or trusted_header, "
                "or remove it to serve the page to loopback only"
            )
        _check_proxies(section)
        return PageSettings(
            basic=section.take("basic", _read_basic, None),
            trusted_header=section.scalar("trusted_header", header_name, ""),
            trusted_proxies=section.list_of("trusted_proxies", scalar(_network), "[10.0.0.0/8]"),
        )


def _read_basic(value: Value) -> BasicAuth | None:
    with value.section("server.page.basic", "username: ops, password_file: FILE") as section:
        return take_basic(section)


def _check_proxies(section: Section) -> None:
    """Note a header that anybody could send, and proxies that nothing is taken from."""
    header, proxies = section.get("trusted_header"), section.get("trusted_proxies")
    if header is not None and proxies is None:
        expected = "the addresses of the proxies that set this header, such as [10.0.0.7]"
        section.value.missing("trusted_proxies", f"missing; expected {expected}")
    if proxies is not None and header is None:
        proxies.key_problem("without trusted_header nothing is taken from a proxy; name the header")


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        raise Mistake("is no address or network, such as 10.0.0.7 or 10.0.0.0/8") from None
