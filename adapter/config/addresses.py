"""Read addresses to listen on and URLs; mistakes read as those of `scalars`."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from adapter.config.problems import Mistake

if TYPE_CHECKING:
    from urllib.parse import SplitResult

_LISTEN: Final = re.compile(r"(\[[^\]]*\]|[^:]*):(\d{1,5})", re.ASCII)
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")
_ANY_INTERFACE: Final = "0.0.0.0"  # noqa: S104  # what `:8060` asks for
_HIGHEST_PORT: Final = 65_535
_LONGEST_EXTERNAL: Final = 200


class Address(NamedTuple):
    """Hold where a server listens; an IPv6 host has no brackets."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Return whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def listen_address(text: str) -> Address:
    """Read where to listen (`0.0.0.0:8060`, `[::1]:8060`, `:8060`)."""
    found = _LISTEN.fullmatch(text)
    if not found:
        raise Mistake(f"is no address to listen on; {_listen_hint(text)}")
    host, port = found.group(1), int(found.group(2))
    if not 1 <= port <= _HIGHEST_PORT:
        raise Mistake(f"has no usable port; expected 1 to {_HIGHEST_PORT}", found.start(2))
    return Address(_host(host), port)


def http_url(text: str) -> SplitResult:
    """Split an http or https URL; its text is never quoted, because it may hold a password."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or re.search(r"[\s\\]", text) or not text.isprintable():
        raise Mistake("expected a URL that begins with http:// or https:// and names a host")
    return parts


def server_url(text: str) -> str:
    """Read the URL of a server, or of what it serves below a path; no slash at its end."""
    parts = http_url(text)
    if parts.query or parts.fragment or parts.username is not None:
        raise Mistake(
            "expected a URL without a user, `?` and `#`, such as http://alertmanager:9093"
        )
    return text.rstrip("/")


def external_url(text: str) -> str:
    """Read the URL by which people reach this program; every message carries it."""
    url = server_url(text)
    if len(url) > _LONGEST_EXTERNAL:
        raise Mistake(f"is longer than {_LONGEST_EXTERNAL} characters")
    return url


def base_url(text: str) -> str:
    """Read a URL to which a path is appended; no slash at its end."""
    parts = http_url(text)
    if parts.query or parts.fragment or parts.username is not None:
        raise Mistake(
            "expected a URL without a user, `?` and `#`, such as https://oapi.dingtalk.com"
        )
    if parts.path.rstrip("/").endswith("/robot/send"):
        raise Mistake("expected the part before /robot/send, such as https://oapi.dingtalk.com")
    return text.rstrip("/")


def proxy_url(text: str) -> str:
    """Read the URL of an HTTP proxy."""
    parts = http_url(text)
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise Mistake("expected a proxy without path, such as http://proxy:3128")
    return text


def _host(host: str) -> str:
    if not host:
        return _ANY_INTERFACE
    try:
        if host.startswith("["):
            return str(IPv6Address(host[1:-1]))
        if re.fullmatch(r"[\d.]+", host, re.ASCII):
            return str(IPv4Address(host))
    except ValueError:
        raise Mistake("names no address; expected one such as 0.0.0.0 or [::1]") from None
    if not _HOST.fullmatch(host):
        raise Mistake("names no host; expected an address such as 0.0.0.0, or a name")
    return host


def _listen_hint(text: str) -> str:
    if re.fullmatch(r"\d{1,5}", text, re.ASCII):
        return f'did you mean ":{text}"?'
    if "://" in text:
        return "leave out what comes before the host, as in 0.0.0.0:8060"
    if text.count(":") > 1 and "[" not in text:
        return "an IPv6 address stands in brackets, as in [::1]:8060"
    return "expected host and port, such as 0.0.0.0:8060, [::1]:8060 or :8060"
