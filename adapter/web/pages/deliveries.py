"""Deliveries: look for one by alert, label, fingerprint, robot, time and state."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from flask import request, url_for

from adapter.core.search import STATES, Search, terms_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from flask import Blueprint, Response

    from adapter.web.pages.shell import Shell
    from adapter.web.pages.words import Pairs

WORDS: Final[Pairs] = {
    "words": ("告警名、标签或指纹", "Alert name, label or fingerprint"),
    "words_hint": (
        '如 NodeCPUHigh、instance="10.0.0.1:9100"；几个词要在同一条告警里',
        'Such as NodeCPUHigh, instance="10.0.0.1:9100"; one alert has to have all of them',
    ),
    "robot": ("机器人", "Robot"),
    "state": ("状态", "State"),
    "any": ("不限", "any"),
    "since": ("从", "From"),
    "until": ("到", "To"),
    "search": ("查找", "Search"),
    "received": ("收到", "Received"),
    "alerts": ("告警", "Alerts"),
    "fitting": ("{} 条符合", "{} fit"),
    "firing_of": ("触发 {}/共 {}", "{} of {} firing"),
    "nameless": ("（无名）", "(no name)"),
    "high": ("高优先", "high"),
    "source": ("来自", "From"),
    "dead_some": ("死信 {}", "{} dead"),
    "none": ("没有找到。", "Nothing was found."),
    "none_yet": ("到 {} 为止没有更多。", "There are no more back to {}."),
    "earlier": ("往前继续找", "Look further back"),
    "bad_time": (
        "时间看不懂，已忽略；应为 2026-11-26T10:00 这样的形式。",
        "A time could not be read and counts for nothing; write it like 2026-11-26T10:00.",
    ),
}

_WORDS_LIMIT: Final = 500
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold what was asked for, as the form shows it again."""

    q: str = ""
    robot: str = ""
    state: str = ""
    since: str = ""
    until: str = ""
    before: str = ""

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> Asked:
        """Return what an address asks for."""
        found = {name: arguments.get(name, "").replace("\0", "") for name in cls.__slots__}
        found["state"] = found["state"] if found["state"] in STATES else ""
        return cls(**{name: value[:_WORDS_LIMIT] for name, value in found.items()})

    def search(self, zone: tzinfo) -> Search:
        """Return it as the outbox understands it; times are of a zone."""
        return Search(
            terms=terms_of(self.q),
            robot=self.robot,
            state=self.state,
            since=instant(self.since, zone),
            until=instant(self.until, zone),
            before=int(self.before) if _NUMBER.fullmatch(self.before) else None,
        )

    def address(self, before: int) -> str:
        """Return where older ones are looked for."""
        said = {name: value for name in self.__slots__ if (value := getattr(self, name))}
        return url_for("pages.deliveries", **{**said, "before": str(before)})


def instant(text: str, zone: tzinfo) -> datetime | None:
    """Return an instant as a form tells it, in a zone; None where that is none."""
    try:
        found = datetime.fromisoformat(text)
        local = found.replace(tzinfo=zone) if found.tzinfo is None else found
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def add_deliveries(shell: Shell, blueprint: Blueprint) -> None:
    """Add `/deliveries`."""

    @blueprint.get("/deliveries")
    def deliveries() -> Response:
        asked = Asked.of(request.args)
        search = asked.search(shell.zone)
        hits = shell.backend.history.search(search)
        return shell.show(
            "deliveries.html",
            WORDS,
            asked=asked,
            bad_time=bool((asked.since and not search.since) or (asked.until and not search.until)),
            robots=[*shell.backend.settings.robots],
            states=STATES,
            hits=hits,
            earlier=None if hits.more is None else asked.address(hits.more),
        )
