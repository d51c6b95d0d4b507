"""`server.tls`: which files make a context, and which are refused, without a word of a key."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest

from adapter import config
from adapter.errors import ConfigError
from support.certificates import Authority

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.config.settings import TlsSettings


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def read(folder: Path, listen: str = "127.0.0.1:8060", /, **files: Path) -> TlsSettings:
    keys = ", ".join(f"{key}: {path.name}" for key, path in files.items())
    main = folder / "config.yml"
    main.write_text(
        f"server: {{listen: '{listen}', tls: {{{keys}}}}}\n"
        "robots: {ops: {access_token: abc}}\nroute: {robots: [ops]}\n"
    )
    settings = config.load(main, environ={})
    assert settings.warnings == ()
    assert settings.server.tls is not None
    return settings.server.tls


def problem(folder: Path, **files: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, "127.0.0.1:8060", **files)
    return caught.value.problems[0].text


def test_a_certificate_and_its_key_are_enough(tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.certify("server")
    tls = read(tmp_path, cert_file=certificate, key_file=key)
    assert not tls.client_certificates
    assert tls.context is not None
    assert tls.context.verify_mode is ssl.CERT_NONE
    assert tls.context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_client_certificates_leave_no_webhook_open(tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.certify("server")
    ca = authority.file
    tls = read(tmp_path, "0.0.0.0:8060", cert_file=certificate, key_file=key, client_ca_file=ca)
    assert tls.client_certificates
    assert tls.context is not None
    assert tls.context.verify_mode is ssl.CERT_OPTIONAL


def test_the_same_files_make_the_same_context(tmp_path: Path, authority: Authority) -> None:
    """Connections that a reload does not concern live on."""
    certificate, key = authority.certify("server")
    first = read(tmp_path, cert_file=certificate, key_file=key)
    assert read(tmp_path, cert_file=certificate, key_file=key).context is first.context
    authority.certify("server")
    assert read(tmp_path, cert_file=certificate, key_file=key).context is not first.context


def test_files_that_do_not_belong_together_are_refused(
    tmp_path: Path, authority: Authority
) -> None:
    (certificate, key), (_, other) = authority.certify("one"), authority.certify("two")
    text = problem(tmp_path, cert_file=certificate, key_file=other)
    assert text == "cert_file and key_file cannot be used: the key belongs to another certificate"
    broken = tmp_path / "broken.crt"
    broken.write_text("-----BEGIN CERTIFICATE-----\n!\n")
    text = problem(tmp_path, cert_file=certificate, key_file=key, client_ca_file=broken)
    assert text == "client_ca_file cannot be used: OpenSSL cannot read them"


def test_a_key_that_everybody_can_read_is_warned_of(tmp_path: Path, authority: Authority) -> None:
    certificate, key = authority.certify("server")
    key.chmod(0o644)
    with pytest.raises(AssertionError, match="chmod 600"):
        read(tmp_path, cert_file=certificate, key_file=key)
