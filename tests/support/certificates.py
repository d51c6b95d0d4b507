"""Certificates of an authority of the tests' own, in files."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import trustme

if TYPE_CHECKING:
    from pathlib import Path


class Authority:
    """Hold an authority, whose files stand in `folder`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self._authority = trustme.CA()
        self._folder = folder
        self.file = folder / f"{name}.crt"
        self._authority.cert_pem.write_to_path(str(self.file))

    def certify(self, name: str) -> tuple[Path, Path]:
        """Write a certificate for this machine and its key, and return their files."""
        certificate, key = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        issued = self._authority.issue_cert("127.0.0.1", "localhost")
        key.unlink(missing_ok=True)
        key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(str(key))
        certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
        return certificate, key

    def client(self, own: tuple[Path, Path] | None = None) -> ssl.SSLContext:
        """Return how a client speaks that trusts this authority, and shows its own certificate."""
        context = ssl.create_default_context(cafile=self.file)
        if own is not None:
            context.load_cert_chain(*own)
        return context
