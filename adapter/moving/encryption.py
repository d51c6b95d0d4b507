"""Write how a sender checks the adapter's certificate, and shows its own where one is needed."""

from __future__ import annotations

from typing import Any, Final

CA, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"
"""What cert-manager calls them in a Secret."""

ADVICE: Final = f"Leave {CA} out if a public authority has signed the adapter's certificate."


def in_files(folder: str, *, client: bool) -> dict[str, Any]:
    """Return Alertmanager's `tls_config`."""
    own = {"cert_file": f"{folder}/{CERTIFICATE}", "key_file": f"{folder}/{KEY}"}
    return {"ca_file": f"{folder}/{CA}", **(own if client else {})}


def in_secret(name: str, *, client: bool) -> dict[str, Any]:
    """Return the operators' `tlsConfig`."""
    own = {
        "cert": {"secret": {"name": name, "key": CERTIFICATE}},
        "keySecret": {"name": name, "key": KEY},
    }
    return {"ca": {"secret": {"name": name, "key": CA}}, **(own if client else {})}


def for_grafana(folder: str, *, client: bool) -> dict[str, Any]:
    """Return Grafana's `tlsConfig`, which holds the texts themselves."""
    own = {
        "clientCertificate": f"$__file{{{folder}/{CERTIFICATE}}}",
        "clientKey": f"$__file{{{folder}/{KEY}}}",
    }
    return {"caCertificate": f"$__file{{{folder}/{CA}}}", **(own if client else {})}
