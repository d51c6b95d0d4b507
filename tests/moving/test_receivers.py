"""What `receiver` prints is what each sender reads, and leads here."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec
import pytest
import yaml
from msgspec import Meta, Struct

from adapter.cli.main import run
from adapter.config.addresses import Address
from adapter.config.settings import ServerSettings, TlsSettings
from adapter.moving.receivers import KINDS, base_url
from deploy.custom_resources import SCHEMAS
from support.processes import need

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Configure = Callable[..., Path]

TOKEN: Final = "t0ken-of-the-webhook"
PASSWORD: Final = "passw0rd-of-the-webhook"
BEARER: Final = {"bearer_token_files": ["secrets/webhook-token"]}
BASIC: Final = {"basic": {"username": "alertmanager", "password_file": "secrets/webhook-password"}}
HMAC: Final = {"hmac": {"secret_file": "secrets/hmac", "timestamp_header": "X-Signed-At"}}
AUTHS: Final[dict[str, dict[str, Any] | None]] = {
    "open": None,
    "bearer": BEARER,
    "basic": BASIC,
    "token in place": {"bearer_tokens": [TOKEN]},
    "password in place": {"basic": {"username": "alertmanager", "password": PASSWORD}},
}
URL: Final = "http://adapter.example.com:8060"


class Strict(Struct, forbid_unknown_fields=True):
    pass


class GrafanaSigning(Strict, rename="camel"):
    secret: str
    header: str
    timestamp_header: str


class GrafanaTls(Strict, rename="camel"):
    ca_certificate: str
    client_certificate: str | None = None
    client_key: str | None = None


class GrafanaSettings(Strict, rename="camel"):
    """The part of Grafana's webhook settings that is used; one way to prove itself."""

    url: Annotated[str, Meta(pattern="^https?://")]
    http_method: Literal["POST", "PUT"]
    authorization_scheme: Literal["Bearer"] | None = msgspec.field(
        name="authorization_scheme", default=None
    )
    authorization_credentials: str | None = msgspec.field(
        name="authorization_credentials", default=None
    )
    username: str | None = None
    password: str | None = None
    hmac_config: GrafanaSigning | None = None
    tls_config: GrafanaTls | None = None


class GrafanaReceiver(Strict):
    uid: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,40}$")]
    type: Literal["webhook"]
    settings: GrafanaSettings


class GrafanaContactPoint(Strict, rename="camel"):
    org_id: int
    name: str
    receivers: list[GrafanaReceiver]


class GrafanaProvisioning(Strict, rename="camel"):
    api_version: Literal[1]
    contact_points: list[GrafanaContactPoint]


@pytest.fixture
def configure(tmp_path: Path) -> Configure:
    """Write a configuration with this `server.auth`; return its file."""
    (tmp_path / "secrets").mkdir()
    for name, text in (("webhook-token", TOKEN), ("webhook-password", PASSWORD)):
        file = tmp_path / "secrets" / name
        file.write_text(text)
        file.chmod(0o600)

    def write(auth: dict[str, Any] | None, **more: object) -> Path:
        document = {
            "server": {} if auth is None else {"auth": auth},
            "robots": {"ops": {"access_token": "c0ffee" * 8}},
            "route": {"robots": ["ops"]},
            **more,
        }
        (tmp_path / "config.yml").write_text(json.dumps(document))
        return tmp_path / "config.yml"

    return write


def printed(config: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["receiver", "--config", str(config), "--url", URL, *arguments]) == 0
    return capsys.readouterr().out


def documents(text: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(text))


@pytest.mark.parametrize("auth", AUTHS)
def test_the_operators_and_grafana_know_every_key(
    auth: str, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(configure(AUTHS[auth]), capsys=capsys)
    plain, operator, victoria, grafana = documents(text)
    assert plain.keys() == {"route", "receivers"}
    for each in (operator, victoria):
        msgspec.convert(each, SCHEMAS[each["kind"]])
    provisioned = msgspec.convert(grafana, GrafanaProvisioning)
    settings = provisioned.contact_points[0].receivers[0].settings
    assert bool(settings.authorization_credentials) == (auth in ("bearer", "token in place"))
    assert bool(settings.password) == (auth in ("basic", "password in place"))
    assert (TOKEN in text, PASSWORD in text) == (False, False), "only where they are"


@pytest.mark.real
@pytest.mark.parametrize("auth", AUTHS)
def test_alertmanager_takes_its_own(
    auth: str, configure: Configure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need("amtool")
    file = tmp_path / "alertmanager.yml"
    file.write_text(printed(configure(AUTHS[auth]), "--for", "alertmanager", capsys=capsys))
    done = subprocess.run(
        ["amtool", "check-config", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_signs_and_the_others_are_told_that_they_cannot(
    configure: Configure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(configure(HMAC), "--skip-secrets", capsys=capsys)
    assert text.count("# It cannot sign, and server.auth takes signatures only") == 3
    provisioned = msgspec.convert(documents(text)[-1], GrafanaProvisioning)
    assert provisioned.contact_points[0].receivers[0].settings.hmac_config == GrafanaSigning(
        secret=f"$__file{{{tmp_path}/secrets/hmac}}",
        header="X-Grafana-Alerting-Signature",
        timestamp_header="X-Signed-At",
    )


@pytest.mark.parametrize("kind", KINDS)
def test_each_alertmanager_has_its_own_url(
    kind: str, configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configure(BEARER, alertmanagers={"default": {}, "bj": {}, "上海": {}})
    text = printed(config, "--for", kind, capsys=capsys)
    assert re.findall(r"url: (.*)", text) == [
        f"{URL}/alertmanager",
        f"{URL}/alertmanager?source=bj",
        f"{URL}/alertmanager?source=%E4%B8%8A%E6%B5%B7",
    ]
    assert "of alertmanagers.上海" in text
    assert len(documents(text)) == 3


def test_without_a_default_every_url_names_its_source(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configure(None, alertmanagers={"bj": {}})
    text = printed(config, "--for", "grafana", capsys=capsys)
    assert re.findall(r"url: (.*)", text) == [f"{URL}/alertmanager?source=bj"]


def test_the_files_are_those_of_the_configuration(
    configure: Configure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token and a password are looked for where they are; a Secret has a key of that name."""
    bearer = printed(configure(BEARER), capsys=capsys)
    assert f"credentials_file: {tmp_path}/secrets/webhook-token\n" in bearer
    assert f"$__file{{{tmp_path}/secrets/webhook-token}}" in bearer
    assert bearer.count("key: webhook-token\n") == 2
    basic = printed(configure(BASIC), capsys=capsys)
    assert f"password_file: {tmp_path}/secrets/webhook-password\n" in basic
    assert basic.count("key: webhook-password\n") == 2


def test_a_file_whose_name_is_no_key_of_a_secret_gets_another(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    config = configure({"bearer_token_files": ["secrets/的 token"]})
    text = printed(config, "--skip-secrets", "--for", "alertmanagerconfig", capsys=capsys)
    assert "key: webhook-token\n" in text


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        (Address("10.0.0.7", 80), "http://10.0.0.7:80"),
        (Address("::1", 8060), "http://[::1]:8060"),
        (Address("adapter.internal", 8060), "http://adapter.internal:8060"),
    ],
)
def test_the_url_is_where_it_listens(listen: Address, expected: str) -> None:
    assert base_url(ServerSettings(host=listen.host, port=listen.port)) == expected


TLS: Final = {"cert_file": "tls.crt", "key_file": "tls.key"}
MUTUAL: Final = {**TLS, "client_ca_file": "clients.crt"}


@pytest.mark.real
@pytest.mark.parametrize("tls", [TLS, MUTUAL], ids=["tls", "client certificate"])
def test_over_tls_senders_know_the_authority_and_show_a_certificate_if_it_is_wanted(
    tls: dict[str, str],
    configure: Configure,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    need("amtool")
    config = configure(None, server={"auth": BEARER, "tls": tls})
    assert run(["receiver", "--config", str(config), "--skip-secrets"]) == 0
    told = capsys.readouterr().out
    plain, operator, victoria, grafana = documents(told)
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(plain))
    done = subprocess.run(["amtool", "check-config", str(file)], check=False, capture_output=True)
    assert done.returncode == 0, done.stdout
    for each in (operator, victoria):
        msgspec.convert(each, SCHEMAS[each["kind"]])
    msgspec.convert(grafana, GrafanaProvisioning)
    assert told.count("ca.crt") == 4 + 4, "each once, and once in its advice"
    wanted = 4 if tls is MUTUAL else 0
    assert (told.count("tls.crt"), told.count("tls.key")) == (wanted, wanted)
    assert len(re.findall("url: https://", told)) == 4


def test_the_url_says_whether_tls_is_spoken() -> None:
    server = ServerSettings(host="10.0.0.7", port=443, tls=TlsSettings())
    assert base_url(server) == "https://10.0.0.7:443"


def test_who_listens_everywhere_is_reached_as_people_reach_it() -> None:
    public = "https://alerts.example.com/dingtalk"
    assert base_url(ServerSettings(external_url=public)) == public
    assert base_url(ServerSettings(host="10.0.0.7", external_url=public)) == "http://10.0.0.7:8060"


def test_who_listens_everywhere_is_reached_by_the_name_of_the_machine(
    configure: Configure, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["receiver", "--config", str(configure(None))]) == 0
    told = capsys.readouterr()
    [url] = set(re.findall(r"url: (http.*)/alertmanager", told.out))
    assert url == base_url(ServerSettings())
    assert "0.0.0.0" not in url
    assert "warning: without server.auth anyone can post here" in told.err
    assert f"the URL is {url}; say --url" in told.err


@pytest.mark.parametrize("url", ["adapter:8060", "http://user:pass@adapter", "http://a/?x=1"])
def test_what_is_no_url_is_a_mistake_of_usage(url: str, configure: Configure) -> None:
    assert run(["receiver", "--config", str(configure(None)), "--url", url]) == 2
