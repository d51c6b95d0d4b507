"""Settings: the whole configuration as frozen values, valid by construction."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Literal

from adapter.core.message_links import Linker
from adapter.core.quota import Rate
from adapter.core.rewriting import LinkRules
from adapter.core.severity import DEFAULT_SCALE, Scale
from adapter.core.style import Origin, Style

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network
    from pathlib import Path
    from ssl import SSLContext

    from adapter.config.problems import Place
    from adapter.core.heartbeats import Heartbeat
    from adapter.core.matcher import Pattern
    from adapter.core.monthly import Allowance
    from adapter.core.oncall import Schedule
    from adapter.core.people import Person
    from adapter.core.routes import Route, RouteSettings
    from adapter.core.time_intervals import TimeInterval
    from adapter.errors import Problem
    from adapter.secret import Secret

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

SIGNATURE_HEADER: Final = "X-Grafana-Alerting-Signature"
"""What Grafana calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicAuth:
    """Hold a user name and its password, and the file that it came from, if one did."""

    username: str
    password: Secret
    password_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacAuth:
    """Hold the secret that Grafana signs with, and the headers that its signature comes in.

    Without `timestamp_header` the body alone is signed, and a request heard once can be repeated.
    """

    secret: Secret
    secret_file: Path | None = None
    header: str = SIGNATURE_HEADER
    timestamp_header: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """Say who may post webhooks; any configured method suffices, none configured means anyone.

    `bearer_token_files` are the files that the tokens came from, if they did.
    """

    bearer_tokens: tuple[Secret, ...] = ()
    bearer_token_files: tuple[Path, ...] = ()
    basic: BasicAuth | None = None
    hmac: HmacAuth | None = None

    @property
    def required(self) -> bool:
        """Return whether a request needs credentials."""
        return bool(self.bearer_tokens) or self.basic is not None or self.hmac is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSettings:
    """Say who may see the page: who knows the password, or whom a trusted proxy names in a header.

    Without either it is served to loopback only.
    """

    basic: BasicAuth | None = None
    trusted_header: str = ""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def has_login(self) -> bool:
        """Return whether anybody can log in."""
        return self.basic is not None or bool(self.trusted_header)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsSettings:
    """Say how connections are encrypted, and whether webhooks need a client's certificate.

    Without `context` where secret files were not looked at.
    """

    context: SSLContext | None = None
    client_certificates: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Say where and how webhooks are received; `max_body` is in bytes.

    `external_url` is how a phone reaches this adapter.
    """

    host: str = "0.0.0.0"  # noqa: S104  # a webhook receiver in a pod listens on every interface
    port: int = 8060
    threads: int = 16
    max_body: int = 10 * 1024 * 1024
    high_water: int = 200_000
    dedup_window: timedelta = timedelta(minutes=3)
    watch: bool = True
    external_url: str = ""
    tls: TlsSettings | None = None
    auth: AuthSettings = field(default_factory=AuthSettings)
    page: PageSettings = field(default_factory=PageSettings)

    @property
    def client_certificates(self) -> bool:
        """Return whether a webhook needs a client's certificate."""
        return self.tls is not None and self.tls.client_certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class SilenceSettings:
    """Say what signs the links of messages; how long a silence may last, and a link serve."""

    secret: Secret | None = None
    durations: tuple[timedelta, ...] = (
        timedelta(hours=1),
        timedelta(hours=4),
        timedelta(days=1),
    )
    expires: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Say how the log is written."""

    format: LogFormat = "json"
    level: LogLevel = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """Say where deliveries are kept, and how long once they are delivered.

    In SQLite's file at `path`, or in the database at the URL `postgresql`, if that is set.
    """

    path: Path
    postgresql: Secret | None = None
    retention: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """Name one Alertmanager, where it is, and the labels its alerts get where they lack them.

    `links` says how addresses from it are rewritten for people. The adapter proves itself there by
    `basic` or `bearer_token`, if it must.
    """

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    links: LinkRules = field(default_factory=LinkRules)
    basic: BasicAuth | None = None
    bearer_token: Secret | None = None

    @property
    def origin(self) -> Origin:
        """Return what a message must know of it; its URL is rewritten as any other link is."""
        return Origin(self.links.text(self.url), self.labels)


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotSettings:
    """Hold one DingTalk robot: its credentials, its ways, and the defaults of what comes to it.

    `pool` holds more robots of the same group: this one but for their credentials. `fallback` is
    the name of the robot that takes over once all of these have failed for `fallback_after`.
    `allowance` is the month's quota that it draws on together with others.
    """

    name: str
    access_token: Secret
    secret: Secret | None = None
    keyword: str = ""
    timeout: timedelta = timedelta(seconds=5)
    proxy: Secret | None = None  # its URL may hold a password
    api_url: str = "https://oapi.dingtalk.com"
    rate: Rate = Rate()  # noqa: RUF009  # a frozen value
    digest_after: timedelta = timedelta(minutes=1)
    max_age: timedelta = timedelta(hours=6)
    pool: tuple[RobotSettings, ...] = ()
    fallback: str = ""
    fallback_after: timedelta = timedelta(minutes=10)
    allowance: Allowance | None = None
    defaults: RouteSettings

    @property
    def members(self) -> tuple[RobotSettings, ...]:
        """Return the robots of the group that share the load: this one and its pool."""
        return (self, *self.pool)

    @property
    def token_key(self) -> str:
        """Return under what the token's rate, rest and lease are kept: a hash, not the token."""
        return hashlib.sha256(self.access_token.reveal().encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class IcalSettings:
    """Say which calendar tells a schedule: the one at `url`, or else the file at `path`."""

    url: Secret | None = None  # it may hold a token
    path: Path
    refresh: timedelta = timedelta(minutes=10)

    @property
    def key(self) -> str:
        """Return what tells this source from others: a hash, not its address."""
        source = str(self.path) if self.url is None else self.url.reveal()
        return hashlib.sha256(source.encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleSettings:
    """Hold who is on call when, and which robots are told at each handoff.

    `place` is where it stands in the configuration, `timezone` the name of its zone.
    """

    name: str
    schedule: Schedule
    timezone: str
    place: Place
    announce: tuple[str, ...] = ()
    ical: IcalSettings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Hold the whole configuration.

    `last_resort` is the URL that is told of what no robot can take. `files` are all the
    configuration files it was read from, the main one first; `warnings` is what is allowed and
    hardly meant.
    """

    robots: Mapping[str, RobotSettings]
    route: Route
    storage: StorageSettings
    template_directory: Path
    server: ServerSettings = field(default_factory=ServerSettings)
    log: LogSettings = field(default_factory=LogSettings)
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    people: Mapping[str, Person] = field(default_factory=dict)
    schedules: Mapping[str, ScheduleSettings] = field(default_factory=dict)
    scale: Scale = DEFAULT_SCALE
    hidden_labels: tuple[Pattern, ...] = ()
    heartbeats: tuple[Heartbeat, ...] = ()
    time_intervals: Mapping[str, tuple[TimeInterval, ...]] = field(default_factory=dict)
    last_resort: Secret | None = None
    silence: SilenceSettings = field(default_factory=SilenceSettings)
    files: tuple[Path, ...] = ()
    warnings: tuple[Problem, ...] = ()

    @property
    def tokens(self) -> Mapping[str, tuple[str, int]]:
        """Return by the key of each token which robot it is of, and its place in the pool."""
        return {
            member.token_key: (robot.name, number)
            for robot in self.robots.values()
            for number, member in enumerate(robot.members)
        }

    @property
    def style(self) -> Style:
        """Return what is said of the look of every message."""
        origins = {name: source.origin for name, source in self.sources.items()}
        return Style(self.scale, self.hidden_labels, origins, self.linker)

    @property
    def linker(self) -> Linker | None:
        """Return what makes the links of messages that lead to this adapter, if any do."""
        if not self.server.external_url or self.silence.secret is None:
            return None
        return Linker(
            self.server.external_url,
            self.silence.secret,
            acts_for=self.silence.expires,
            tells_for=self.storage.retention,
        )
