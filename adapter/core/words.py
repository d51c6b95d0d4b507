"""Words: everything the adapter itself says in a message, in each language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import timedelta

DEFAULT_LANGUAGE: Final = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Hold the words of one language; `{}` stands where a value goes."""

    language: str
    resolved: str
    all_resolved: str
    also_resolved: str
    unnamed: str
    since: str
    for_span: str
    lasted: str
    runbook: str
    dashboard: str
    graph: str
    all_alerts: str
    more: str
    more_names: str
    truncated: str
    cut: str
    template_failed: str
    colon: str
    comma: str
    and_comma: str
    days: str
    hours: str
    minutes: str
    seconds: str

    def span(self, value: timedelta) -> str:
        """Return a span of time in its two largest units; a negative one is zero."""
        seconds = max(0, int(value.total_seconds()))
        minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
        if minutes == 0:
            return self.seconds.format(seconds)
        if hours == 0:
            return self.minutes.format(minutes)
        if days == 0:
            return _two(self.hours.format(hours), self.minutes, minutes % 60)
        return _two(self.days.format(days), self.hours, hours % 24)


def _two(large: str, small: str, count: int) -> str:
    return f"{large} {small.format(count)}" if count else large


_WORDS: Final = {
    "zh": Words(
        language="zh",
        resolved="已恢复",
        all_resolved="全部恢复",
        also_resolved="恢复 {}",
        unnamed="未命名告警",
        since="{} 起",
        for_span="已 {}",
        lasted="历时 {}",
        runbook="处置手册",
        dashboard="看板",
        graph="图表",
        all_alerts="全部告警",
        more="另 {} 条",
        more_names="另 {} 种",
        truncated="另 {} 条未列出：发送方按 max_alerts 截断",
        cut="…（已截断）",
        template_failed="模板 {} 出错，此为内置格式",
        colon="：",
        comma="，",
        and_comma="、",
        days="{} 天",
        hours="{} 小时",
        minutes="{} 分钟",
        seconds="{} 秒",
    ),
    "en": Words(
        language="en",
        resolved="Resolved",
        all_resolved="All resolved",
        also_resolved="{} resolved",
        unnamed="Unnamed alert",
        since="since {}",
        for_span="for {}",
        lasted="lasted {}",
        runbook="Runbook",
        dashboard="Dashboard",
        graph="Graph",
        all_alerts="All alerts",
        more="and {} more",
        more_names="{} other kinds",
        truncated="and {} more not listed: cut off by the sender's max_alerts",
        cut="… (cut)",
        template_failed="template {} failed; this is the built-in format",
        colon=": ",
        comma=", ",
        and_comma=", ",
        days="{} d",
        hours="{} h",
        minutes="{} min",
        seconds="{} s",
    ),
}

LANGUAGES: Final = tuple(_WORDS)
"""The languages that messages can be written in."""


def words_of(language: str) -> Words:
    """Return the words of `language`, or of the default where it is not known."""
    return _WORDS.get(language, _WORDS[DEFAULT_LANGUAGE])
