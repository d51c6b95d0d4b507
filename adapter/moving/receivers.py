"""Write what senders of alerts must be configured with to reach this adapter."""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import yaml

from adapter.config.addresses import Address
from adapter.moving import encryption

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from adapter.config.settings import AuthSettings, HmacAuth, ServerSettings

Document = dict[str, Any]

DEFAULT_SOURCE: Final = "default"
SECRET: Final = "alertmanager-dingtalk"  # noqa: S105  # the name of a Kubernetes Secret
MOUNTED: Final = f"/etc/alertmanager/secrets/{SECRET}"

_GROUPS: Final = ("alertname", "cluster", "namespace")
_KEY: Final = re.compile(r"[-._a-zA-Z0-9]+")


@dataclass(frozen=True, slots=True)
class Credentials:
    """Hold how a sender proves itself: files and the user name; empty where nothing is asked for.

    `signing` says in which headers; only Grafana signs. `where` is what the configuration calls it.
    `encrypted`: the adapter has a certificate; `certified`: it wants to see one too.
    """

    token_file: str = ""
    username: str = ""
    password_file: str = ""
    signing: HmacAuth | None = None
    secret_file: str = ""
    where: str = ""
    encrypted: bool = False
    certified: bool = False


@dataclass(frozen=True, slots=True)
class _Kind:
    """Hold what makes the document of one sender, where it belongs, and what to know of it."""

    document: Callable[[str, Credentials], Document]
    place: str
    advice: str = ""
    signs: bool = False


def base_url(server: ServerSettings) -> str:
    """Return where senders reach the adapter, as far as the configuration tells.

    If it listens everywhere: as people do, or else by this machine's name.
    """
    try:
        everywhere = ip_address(server.host).is_unspecified
    except ValueError:
        everywhere = False
    if everywhere and server.external_url:
        return server.external_url
    host = socket.gethostname() if everywhere else server.host
    scheme = "http" if server.tls is None else "https"
    return f"{scheme}://{Address(host, server.port)}"


def credentials(server: ServerSettings) -> Credentials:
    """Return what a sender proves itself with: a token if the adapter takes one."""
    return replace(
        _credentials(server.auth),
        encrypted=server.tls is not None,
        certified=server.client_certificates,
    )


def _credentials(auth: AuthSettings) -> Credentials:
    if auth.bearer_tokens:
        found = bool(auth.bearer_token_files)
        return Credentials(
            token_file=str(auth.bearer_token_files[0]) if found else f"{MOUNTED}/webhook-token",
            where=f"server.auth.{'bearer_token_files' if found else 'bearer_tokens'}[0]",
        )
    if auth.basic is not None:
        path = auth.basic.password_file
        return Credentials(
            username=auth.basic.username,
            password_file=f"{MOUNTED}/webhook-password" if path is None else str(path),
            where=f"server.auth.basic.password{'_file' if path else ''}",
        )
    if auth.hmac is not None:
        file = auth.hmac.secret_file
        return Credentials(
            signing=auth.hmac,
            secret_file=f"{MOUNTED}/webhook-hmac" if file is None else str(file),
            where=f"server.auth.hmac.secret{'_file' if file else ''}",
        )
    return Credentials()


def receivers(base: str, sources: Iterable[str], given: Credentials, kinds: Iterable[str]) -> str:
    """Return a YAML document for each sender, with a heading that says where it belongs."""
    names = [name for name in sources if name != DEFAULT_SOURCE]
    everyone: list[str | None] = [*names] if names else [None]
    if names and DEFAULT_SOURCE in sources:
        everyone.insert(0, None)
    return "---\n".join(
        _written(kind, name, _url(base, name), given) for name in everyone for kind in kinds
    )


def _url(base: str, source: str | None) -> str:
    query = "" if source is None else f"?source={quote(source, safe='')}"
    return f"{base.rstrip('/')}/alertmanager{query}"


def _written(kind: str, source: str | None, url: str, given: Credentials) -> str:
    sender = KINDS[kind]
    cannot = given.signing is not None and not sender.signs
    lines = [
        sender.place if source is None else f"{sender.place}, of alertmanagers.{source}",
        sender.advice,
        _CANNOT_SIGN
        if cannot
        else given.where and f"The file or Secret named here holds what {given.where} gives.",
    ]
    if given.encrypted:
        lines.append(encryption.ADVICE)
    heading = "".join(f"# {line}\n" for line in lines if line)
    document = sender.document(url, given)
    return heading + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=1000)


def _alertmanager(url: str, given: Credentials) -> Document:
    http: Document = {"follow_redirects": False}
    if given.token_file:
        http["authorization"] = {"credentials_file": given.token_file}
    elif given.username:
        http["basic_auth"] = {"username": given.username, "password_file": given.password_file}
    if given.encrypted:
        http["tls_config"] = encryption.in_files(MOUNTED, client=given.certified)
    webhook = {"url": url, "send_resolved": True, "http_config": http}
    return {
        "route": {"receiver": "dingtalk", "group_by": list(_GROUPS)},
        "receivers": [{"name": "dingtalk", "webhook_configs": [webhook]}],
    }


def _alertmanager_config(url: str, given: Credentials) -> Document:
    http = {"followRedirects": False, **_from_secret(given, basic="basicAuth", tls="tlsConfig")}
    webhook = {"url": url, "sendResolved": True, "httpConfig": http}
    return _custom_resource(
        "monitoring.coreos.com/v1alpha1",
        "AlertmanagerConfig",
        {"receiver": "dingtalk", "groupBy": list(_GROUPS)},
        {"name": "dingtalk", "webhookConfigs": [webhook]},
    )


def _vm_alertmanager_config(url: str, given: Credentials) -> Document:
    http = {"follow_redirects": False, **_from_secret(given, basic="basic_auth", tls="tls_config")}
    webhook = {"url": url, "send_resolved": True, "http_config": http}
    return _custom_resource(
        "operator.victoriametrics.com/v1beta1",
        "VMAlertmanagerConfig",
        {"receiver": "dingtalk", "group_by": list(_GROUPS)},
        {"name": "dingtalk", "webhook_configs": [webhook]},
    )


def _custom_resource(version: str, kind: str, route: Document, receiver: Document) -> Document:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "dingtalk"},
        "spec": {"route": route, "receivers": [receiver]},
    }


def _from_secret(given: Credentials, *, basic: str, tls: str) -> Document:
    http: Document = {}
    if given.token_file:
        http["authorization"] = {"credentials": _key(given.token_file, "webhook-token")}
    elif given.username:
        password = _key(given.password_file, "webhook-password")
        http[basic] = {"username": {"name": SECRET, "key": "username"}, "password": password}
    if given.encrypted:
        http[tls] = encryption.in_secret(SECRET, client=given.certified)
    return http


def _key(file: str, otherwise: str) -> Mapping[str, str]:
    """Return a key of the Secret: the name of the file that it is mounted as."""
    name = PurePath(file).name
    return {"name": SECRET, "key": name if _KEY.fullmatch(name) else otherwise}


def _grafana(url: str, given: Credentials) -> Document:
    settings: Document = {"url": url, "httpMethod": "POST"}
    if given.token_file:
        settings["authorization_scheme"] = "Bearer"
        settings["authorization_credentials"] = f"$__file{{{given.token_file}}}"
    elif given.username:
        settings["username"] = given.username
        settings["password"] = f"$__file{{{given.password_file}}}"
    elif given.signing is not None:
        settings["hmacConfig"] = {
            "secret": f"$__file{{{given.secret_file}}}",
            "header": given.signing.header,
            "timestampHeader": given.signing.timestamp_header,
        }
    if given.encrypted:
        settings["tlsConfig"] = encryption.for_grafana(MOUNTED, client=given.certified)
    receiver = {"uid": "alertmanager-dingtalk", "type": "webhook", "settings": settings}
    point = {"orgId": 1, "name": "dingtalk", "receivers": [receiver]}
    return {"apiVersion": 1, "contactPoints": [point]}


_CANNOT_SIGN: Final = (
    "It cannot sign, and server.auth takes signatures only: give bearer_token_files there too."
)
_TIMEOUT: Final = (
    "With 0.28 or newer add `timeout: 10s` beside `send_resolved`: no hung connection blocks a "
    "group then."
)
_NAMESPACE: Final = (
    "It takes only alerts of its own namespace, unless the Alertmanager says "
    "`alertmanagerConfigMatcherStrategy: {type: None}`."
)

KINDS: Final[Mapping[str, _Kind]] = {
    "alertmanager": _Kind(_alertmanager, "Alertmanager, alertmanager.yml", _TIMEOUT),
    "alertmanagerconfig": _Kind(_alertmanager_config, "prometheus-operator", _NAMESPACE),
    "vmalertmanagerconfig": _Kind(_vm_alertmanager_config, "VictoriaMetrics operator"),
    "grafana": _Kind(
        _grafana,
        "Grafana, a file in /etc/grafana/provisioning/alerting",
        "Grafana tries nothing again after an error.",
        signs=True,
    ),
}
"""The senders that are known."""
