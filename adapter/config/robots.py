"""Read `robots` and `robot_defaults`: the credentials and ways of each DingTalk robot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from adapter.config.addresses import base_url, proxy_url
from adapter.config.credentials import (
    CREDENTIALS,
    MISSING,
    Member,
    is_known,
    read_pool,
    take_credential,
)
from adapter.config.names import gathered
from adapter.config.problems import Mistake
from adapter.config.quotas import take_quotas, with_robots
from adapter.config.route_settings import take_route_settings
from adapter.config.scalars import duration_within, whole_number
from adapter.config.secret_values import take_secret, token
from adapter.config.settings import RobotSettings
from adapter.config.suggest import did_you_mean
from adapter.config.vocabulary import ROBOT
from adapter.core.quota import Rate
from adapter.core.routes import RouteSettings, inherit
from adapter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import timedelta

    from adapter.config.reader import Section, Value
    from adapter.config.route_settings import Known
    from adapter.config.webhook_url import Credential
    from adapter.core.monthly import Allowance

_TIMEOUT: Final = duration_within("100ms", "5m")
_SPAN: Final = duration_within("1s", "30d")
_NOTHING: Final = RouteSettings()
_ROBOTS: Final = "ops: {access_token: …}"
_ELSEWHERE: Final = "a robot takes what routes send it; this belongs to `route`"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """Hold what one mapping says of a robot; None where it says nothing."""

    credential: Credential | None = None
    credential_given: bool = False
    secret: Secret | None = None
    keyword: str | None = None
    timeout: timedelta | None = None
    proxy: Secret | None = None
    api_url: str | None = None
    rate: Rate | None = None
    digest_after: timedelta | None = None
    max_age: timedelta | None = None
    pool: tuple[Member, ...] | None = None
    fallback: str | None = None
    fallback_after: timedelta | None = None
    allowance: Allowance | None = None
    settings: RouteSettings = _NOTHING


@dataclass(frozen=True, slots=True)
class Robots:
    """Hold the robots that can be used and the names of all; None where a mistake hides some."""

    usable: Mapping[str, RobotSettings]
    names: Collection[str] | None


def take_robots(root: Section, parts: Iterable[Section], known: Known, *, complete: bool) -> Robots:
    """Return the robots of all files; `complete`: no included file is broken."""
    values, whole = gathered("robots", (root, *parts), "robot", _ROBOTS)
    complete = complete and whole
    if complete and not values:
        root.value.missing("robots", f"no robot is defined; expected one such as `{_ROBOTS}`")
    known = replace(known, robots=values.keys() if complete else None, quotas=take_quotas(root))
    defaults = root.take("robot_defaults", partial(_read_words, known=known), _Words())
    robots = {name: _read_robot(name, value, defaults, known) for name, value in values.items()}
    usable = with_robots(robot for robot in robots.values() if robot is not None)
    return Robots(usable, values.keys() if complete else None)


def _read_words(value: Value, known: Known, name: str = "") -> _Words:
    with value.section(ROBOT, "access_token: …") as section:
        for key in ("robots", "matchers", "continue", "routes"):
            section.refuse(key, _ELSEWHERE)
        given, credential = take_credential(section)
        api_url = section.hidden("api_url", base_url, None)
        return _Words(
            credential=credential,
            secret=take_secret(section, "secret", token),
            keyword=section.scalar("keyword", _keyword, None),
            timeout=section.scalar("timeout", _TIMEOUT, None),
            proxy=section.hidden("proxy", lambda text: Secret(proxy_url(text)), None),
            api_url=api_url or (credential.api_url if credential else None),
            rate=section.take("rate", _read_rate, None),
            digest_after=section.scalar("digest_after", _SPAN, None),
            max_age=section.scalar("max_age", _SPAN, None),
            pool=section.take("pool", read_pool, None),
            fallback=section.take("fallback", partial(_read_fallback, known=known, own=name), None),
            fallback_after=section.scalar("fallback_after", _SPAN, None),
            allowance=section.take("quota", partial(_read_quota, known=known), None),
            settings=take_route_settings(section, known),
            credential_given=given or section.suggests(*CREDENTIALS),  # not "missing" as well
        )


def _read_fallback(value: Value, known: Known, own: str) -> str:
    name = value.text()
    if name == own:
        raise Mistake("a robot cannot stand in for itself; name another one, or remove it")
    if known.robots is not None and name not in known.robots:
        hint = did_you_mean(name, known.robots)
        raise Mistake(f"no robot {value.shown()} is defined under `robots`{hint}")
    return name


def _read_quota(value: Value, known: Known) -> Allowance:
    name = value.text()
    if name not in known.quotas:
        hint = did_you_mean(name, known.quotas)
        raise Mistake(f"no quota {value.shown()} is defined under `quotas`{hint}")
    return known.quotas[name]


def _read_rate(value: Value) -> Rate:
    with value.section("robots.NAME.rate", "messages: 20, per: 1m") as section:
        return Rate(
            messages=section.scalar("messages", whole_number(1, 100_000), Rate().messages),
            per=section.scalar("per", _SPAN, Rate().per),
        )


def _read_robot(name: str, value: Value, defaults: _Words, known: Known) -> RobotSettings | None:
    """Return a robot, what it leaves unsaid taken from `defaults`; None if it cannot be used."""
    own = value.read(partial(_read_words, known=known, name=name), None)
    if own is None:
        return None
    if not (own.credential_given or defaults.credential_given):
        value.missing("access_token", MISSING)
    credential = own.credential or defaults.credential
    if credential is None:
        return None
    pool = own.pool or defaults.pool or ()
    if is_known(credential.access_token, [*pool]):
        value.key_problem("its own token stands in its pool too; a pool holds more robots")
    return _with_pool(_complete(name, credential, own, defaults), pool)


def _complete(name: str, credential: Credential, own: _Words, defaults: _Words) -> RobotSettings:
    built_in = RobotSettings(name="", access_token=credential.access_token, defaults=_NOTHING)
    rate = own.rate or defaults.rate or built_in.rate
    fallback = own.fallback or defaults.fallback or name  # a default names no robot's own
    return RobotSettings(
        name=name,
        access_token=credential.access_token,
        secret=own.secret or defaults.secret,
        keyword=_first(own.keyword, defaults.keyword, built_in.keyword),
        timeout=own.timeout or defaults.timeout or built_in.timeout,
        proxy=own.proxy or defaults.proxy,
        api_url=own.api_url or defaults.api_url or built_in.api_url,
        rate=rate,
        digest_after=own.digest_after or defaults.digest_after or rate.per,
        max_age=own.max_age or defaults.max_age or built_in.max_age,
        fallback="" if fallback == name else fallback,
        fallback_after=own.fallback_after or defaults.fallback_after or built_in.fallback_after,
        allowance=own.allowance or defaults.allowance,
        defaults=inherit((own.settings, defaults.settings)),
    )


def _with_pool(robot: RobotSettings, pool: Iterable[Member]) -> RobotSettings:
    members = (
        replace(
            robot,
            access_token=member.credential.access_token,
            secret=member.secret,
            api_url=member.credential.api_url or robot.api_url,
        )
        for member in pool
    )
    return replace(robot, pool=tuple(members))


def _first(own: str | None, default: str | None, built_in: str) -> str:
    return next(said for said in (own, default, built_in) if said is not None)


def _keyword(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise Mistake("begins or ends with a space or has several lines; expected one word")
    return text
