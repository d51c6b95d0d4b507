"""The overview: how every robot stands, which heartbeats come, who is on call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from adapter.web.pages.duty import duties
from adapter.web.pages.standing import standings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from flask import Blueprint, Response

    from adapter.core.heartbeats import Heartbeat
    from adapter.core.switches import Switch
    from adapter.web.pages.shell import Shell
    from adapter.web.pages.words import Pairs

WORDS: Final[Pairs] = {
    "robots": ("机器人", "Robots"),
    "well": ("正常", "well"),
    "resting": ("休息中", "resting"),
    "blocked": ("暂时发不出", "blocked"),
    "broken": ("不可用", "broken"),
    "gone": ("已不在配置中", "no longer configured"),
    "number_of_pool": ("池中第 {} 个", "number {} of its pool"),
    "rate": ("限速内已发", "Sent in the window"),
    "left": ("还可发 {}", "{} left"),
    "rests_until": ("休息至", "rests until"),
    "month": ("本月消息", "Messages this month"),
    "waiting": ("等待中", "Waiting"),
    "high": ("高优先 {}", "{} high"),
    "normal": ("普通 {}", "{} normal"),
    "others": ("其他消息 {}", "{} other messages"),
    "held_back": ("延后", "Deferred"),
    "oldest": ("最早的", "Oldest"),
    "dead_letters": ("死信", "Dead letters"),
    "since": ("自", "Since"),
    "tried_again": ("下次尝试", "Tried again"),
    "answer": ("钉钉原话", "DingTalk's words"),
    "next_step": ("怎么办", "Next step"),
    "heartbeats": ("心跳", "Heartbeats"),
    "heartbeat": ("心跳", "Heartbeat"),
    "source": ("来源", "Source"),
    "value": ("值", "Value"),
    "last_seen": ("最近一次", "Last seen"),
    "never": ("从未", "never"),
    "comes": ("正常", "comes"),
    "awaited": ("等待第一次", "awaited"),
    "lost": ("中断", "lost"),
    "on_call": ("值班", "On call"),
    "schedule": ("班表", "Schedule"),
    "now": ("现在", "Now"),
    "until": ("至", "until"),
    "next": ("下一班", "Next"),
    "nobody": ("无人", "nobody"),
    "no_change": ("八天内不换班", "no handoff within eight days"),
    "acts": ("从消息里做的", "Done from messages"),
    "act_silence": ("静默了 {}", "silenced {}"),
    "act_expire": ("提前结束了 {} 的静默", "ended the silence of {}"),
    "act_acknowledge": ("在处理 {}", "is on {}"),
    "delivery_of": ("投递 {}", "delivery {}"),
    "state": ("状态", "State"),
    "as_of": ("更新于", "As of"),
}


DECISIONS: Final = 5
"""What people decided last on the page, and did from messages, that is shown of each."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """Say how one switch of a heartbeat stands: comes, lost or awaited."""

    name: str
    source: str
    value: str
    seen_at: datetime | None
    lost_since: datetime | None

    @property
    def state(self) -> str:
        """Return it in a word."""
        if self.lost_since:
            return "lost"
        return "comes" if self.seen_at else "awaited"


def add_overview(shell: Shell, blueprint: Blueprint) -> None:
    """Add `/`."""

    @blueprint.get("/")
    def overview() -> Response:
        backend = shell.backend
        settings, records, now = backend.settings, backend.records, backend.clock.now()
        return shell.show(
            "overview.html",
            WORDS,
            now=now,
            standings=standings(settings, records, now, shell.language),
            configured=settings.robots.keys(),
            pulses=list(pulses(settings.heartbeats, records.switches())),
            acts=backend.history.acts(DECISIONS),
            decisions=backend.history.newest_decisions(DECISIONS),
            duties=list(duties(backend.schedules(), settings.people, now)),
        )


def pulses(heartbeats: Iterable[Heartbeat], switches: Iterable[Switch]) -> Iterator[Pulse]:
    """Yield how the heartbeats that are configured stand, what is lost first."""
    names = {heartbeat.key: heartbeat.name for heartbeat in heartbeats}
    known = (switch for switch in switches if switch.heartbeat in names)
    for each in sorted(known, key=lambda each: (not each.lost_since, each.heartbeat, each.value)):
        yield Pulse(names[each.heartbeat], each.source, each.value, each.seen_at, each.lost_since)
