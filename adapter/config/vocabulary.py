"""Words of a configuration: those of other programs, and where each of ours belongs.

What is supported stands in the readers of each section.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from adapter.config.suggest import closest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ROOT: Final = "the top level"
INCLUDED: Final = "an included file"
ROBOT: Final = "robots.NAME"
ROUTE: Final = "route"

_GROUPING: Final = "alerts are grouped by Alertmanager, in its own configuration; remove it"

_FOREIGN: Final[Mapping[str, str]] = {
    "receiver": "name the robots instead: `robots: [ops]`",
    "active_time_intervals": "write `defer: [nights]`; a notification is held back, never dropped",
    "mute_time_intervals": "write `defer: [nights]`; a notification is held back, never dropped",
    "receivers": "DingTalk robots are defined under `robots`",
    "targets": "DingTalk robots are defined under `robots`",
    "match": 'write `matchers: [severity="critical"]`',
    "match_re": 'write `matchers: [team=~"db|infra"]`',
    "mobiles": "write `mention: [schedule:sre]`: whom a route or a robot rings",
    "mentions": "write `mention: [schedule:sre]`: whom a route or a robot rings",
    "at": "write `mention: [schedule:sre]`: whom a route or a robot rings",
    "group_by": _GROUPING,
    "group_wait": _GROUPING,
    "group_interval": _GROUPING,
    "repeat_interval": _GROUPING,
    "inhibit_rules": "alerts are inhibited by Alertmanager, in its own configuration; remove it",
    "global": "defaults of all robots stand under `robot_defaults`",
    "default_message": "a message is made by a `template` of the route; remove it",
    "no_builtin_template": "the bundled templates are always there; remove it",
    "token": "write `access_token`",
    "sign": "write `secret`: what DingTalk shows under 加签 and begins with SEC",
    "webhook_url": "write `webhook`",
    "keywords": "write `keyword`: one word that is in every message",
    "host": "write `listen: 0.0.0.0:8060` under `server`",
    "port": "write `listen: 0.0.0.0:8060` under `server`",
    "bind": "write `listen: 0.0.0.0:8060` under `server`",
    "address": "write `listen: 0.0.0.0:8060` under `server`",
    "workers": "one process serves; write `threads` under `server`",
    "logging": "write `log`",
    "database": "write `storage`",
    "tz": "write `timezone`",
    "lang": "write `language`",
    "locale": "write `language`",
    "url": "write `webhook` for the URL of a robot, `storage.url` for the database",
}
"""What to write instead of words that other programs use."""

_HOMES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("alertmanagers", "include", "log", "robot_defaults", "severity"), ROOT),
    "calendars": ROOT,
    **dict.fromkeys(("people", "schedules"), f"{ROOT} or an included file"),
    **dict.fromkeys(("mobile", "user_id", "name", "away"), "a person under `people`"),
    **dict.fromkeys(("holidays", "workdays"), "a calendar under `calendars`"),
    **dict.fromkeys(("layers", "overrides", "announce", "ical"), "a schedule under `schedules`"),
    **dict.fromkeys(("rotation", "start", "only"), "a layer of a schedule"),
    **dict.fromkeys(("days", "calendar"), "`only` of a layer"),
    "refresh": "`ical` of a schedule",
    **dict.fromkeys(("server", "storage", "templates", "time_intervals", "heartbeats"), ROOT),
    "silence": ROOT,
    **dict.fromkeys(("durations", "expires"), "`silence`"),
    **dict.fromkeys(
        ("auth", "dedup_window", "high_water", "listen", "max_body", "threads", "tls", "watch"),
        "`server`",
    ),
    "page": "`server`",
    **dict.fromkeys(("trusted_header", "trusted_proxies"), "`server.page`"),
    "external_url": "`server`",
    **dict.fromkeys(("basic", "bearer_token_files", "bearer_tokens", "hmac"), "`server.auth`"),
    **dict.fromkeys(("username", "password", "password_file"), "`basic`"),
    **dict.fromkeys(("bearer_token", "bearer_token_file"), "an entry of `alertmanagers`"),
    **dict.fromkeys(("header", "timestamp_header"), "`server.auth.hmac`"),
    **dict.fromkeys(("cert_file", "key_file", "client_ca_file"), "`server.tls`"),
    **dict.fromkeys(("format", "level"), "`log`"),
    **dict.fromkeys(("retention", "url_file"), "`storage`"),
    **dict.fromkeys(("directory", "hide_labels"), "`templates`"),
    **dict.fromkeys(("label", "levels"), "`severity`"),
    **dict.fromkeys(("values", "name", "emoji"), "one of `severity.levels`"),
    "rewrite_links": "an entry of `alertmanagers`",
    **dict.fromkeys(("access_token", "access_token_file", "webhook", "webhook_file"), "a robot"),
    **dict.fromkeys(("secret", "secret_file", "keyword", "timeout", "api_url", "proxy"), "a robot"),
    **dict.fromkeys(("rate", "digest_after", "max_age"), "a robot"),
    **dict.fromkeys(("pool", "fallback", "fallback_after", "quota"), "a robot"),
    **dict.fromkeys(("messages", "per"), "`rate` of a robot"),
    **dict.fromkeys(("quotas", "last_resort"), ROOT),
    "used": "an entry of `quotas`",
    "remind": "a route or a robot",
    "after": "`remind` of a route or a robot",
    **dict.fromkeys(
        ("template", "language", "timezone", "message", "buttons"), "a route or a robot"
    ),
    **dict.fromkeys(("send_resolved", "priority", "split", "defer"), "a route or a robot"),
    **dict.fromkeys(("mention", "mention_else", "mention_on"), "a route or a robot"),
    **dict.fromkeys(
        ("times", "weekdays", "days_of_month", "months", "years", "location"),
        "an entry of `time_intervals`",
    ),
    **dict.fromkeys(("start_time", "end_time"), "`times` of `time_intervals`"),
    **dict.fromkeys(("by", "expect"), "one of `heartbeats`"),
    **dict.fromkeys(("matchers", "continue"), "one of `route.routes`"),
    "route": ROOT,
    "routes": "`route`",
    "robots": "the top level, and a route names them",
    "labels": "an entry of `alertmanagers`",
}
"""Where our own words belong."""


def unknown_word(word: str, room: str, known: Collection[str]) -> str:
    """Return the problem of a word that the section `room`, which reads `known`, does not read."""
    if room == INCLUDED and word in _HOMES:
        return (
            "only robots, people, schedules and routes may stand in an included file; "
            "move it to the main one"
        )
    return f"unknown key{_advice(word, known)}"


def _advice(word: str, known: Collection[str]) -> str:
    if word in _FOREIGN:
        return f"; {_FOREIGN[word]}"
    if word in _HOMES:
        return f" here; it belongs to {_HOMES[word]}"
    if ":" in word:
        return "; a space must follow the colon that ends a key"
    best = closest(word, known)
    return f'; did you mean "{best}"?' if best else f"; expected one of {', '.join(sorted(known))}"
