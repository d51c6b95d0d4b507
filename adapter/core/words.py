"""Words: everything the adapter itself says in a message, in each language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import timedelta

DEFAULT_LANGUAGE: Final = "zh"

_HOUR: Final = 60  # minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Hold the words of one language; `{}` stands where a value goes."""

    language: str
    resolved: str
    all_resolved: str
    also_resolved: str
    unnamed: str
    on_call_now: str
    last_shift: str
    shift_alerts: str
    shift_quiet: str
    in_brackets: str
    heartbeat_lost: str
    heartbeat_back: str
    last_beat: str
    no_beat: str
    heartbeat_advice: str
    others: str
    since: str
    for_span: str
    nth: str
    lasted: str
    runbook: str
    dashboard: str
    graph: str
    all_alerts: str
    silence: str
    why: str
    panel: str
    alive: str
    dead: str
    dead_means: str
    began: str
    ended: str
    labels: str
    values: str
    more: str
    more_names: str
    truncated: str
    merged: str
    delayed_most: str
    delayed: str
    all_of: str
    storm: str
    storm_title: str
    overdue: str
    overdue_title: str
    overdue_since: str
    deferred: str
    deferred_title: str
    deferred_since: str
    all_fired: str
    some_fired: str
    first_fired: str
    such_as: str
    withheld: str
    more_kinds: str
    cut: str
    template_failed: str
    on_call: str
    notify: str
    everybody: str
    test: str
    test_told: str
    nobody_on_call: str
    colon: str
    comma: str
    and_comma: str
    days: str
    hours: str
    minutes: str
    short_minutes: str
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

    def delay(self, value: timedelta) -> str:
        """Return a span of less than an hour to the second."""
        seconds = int(value.total_seconds())
        minutes, seconds = divmod(seconds, 60)
        if not 0 < minutes < _HOUR or not seconds:
            return self.span(value)
        return _two(self.short_minutes.format(minutes), self.seconds, seconds)


def _two(large: str, small: str, count: int) -> str:
    return f"{large} {small.format(count)}" if count else large


_WORDS: Final = {
    "zh": Words(
        language="zh",
        resolved="已恢复",
        all_resolved="全部恢复",
        also_resolved="恢复 {}",
        unnamed="未命名告警",
        on_call_now="今日值班 {}",
        last_shift="上一班 {}",
        shift_alerts="告警 {} 条",
        shift_quiet="没有告警",
        in_brackets="（{}）",
        heartbeat_lost="心跳中断",
        heartbeat_back="心跳恢复",
        last_beat="最后一次 {}，{}前",
        no_beat="从未收到，{} 起等待",
        heartbeat_advice="此后的告警可能也收不到：请检查 Prometheus、Alertmanager 及其到这里的网络",
        others="另 {} 个",
        since="{} 起",
        for_span="已 {}",
        nth="第 {} 次通知",
        lasted="历时 {}",
        runbook="处置手册",
        dashboard="看板",
        graph="图表",
        all_alerts="全部告警",
        silence="静默",
        why="为何收到",
        panel="面板",
        alive="告警链路正常",
        dead="告警链路中断",
        dead_means="它本应一直触发；停了，说明告警可能发不出来：请查 Prometheus 与 Alertmanager",
        began="开始",
        ended="结束",
        labels="标签",
        values="数值",
        more="另 {} 条",
        more_names="另 {} 种",
        truncated="另 {} 条未列出：发送方按 max_alerts 截断",
        merged="告警较多，已合并",
        delayed_most="最长延迟 {}",
        delayed="延迟 {}",
        all_of="全部 {} 条",
        storm="告警风暴：{1} {0} 条（{2}）",
        storm_title="告警风暴 {} 条",
        overdue="积压告警汇总：{0} 条（{2}）",
        overdue_title="积压告警 {} 条",
        overdue_since="最早的已等待 {}，不再逐条发送",
        deferred="暂缓告警汇总：{0} 条（{2}）",
        deferred_title="暂缓告警 {} 条",
        deferred_since="按路由设置暂缓发送，最早的已等待 {}",
        all_fired="· 期间触发，已恢复",
        some_fired="· 其中 {} 条期间触发，已恢复",
        first_fired="最先触发：{}",
        such_as="{} 等",
        withheld="钉钉拒绝了原文，已略去注解和链接",
        more_kinds="另 {} 种共 {} 条",
        cut="…（已截断）",
        template_failed="模板 {} 出错，此为内置格式",
        on_call="值班",
        notify="通知",
        everybody="所有人",
        test="测试消息",
        test_told="机器人 {} 能把消息发到这里。",
        nobody_on_call="这里现在没有人值班",
        colon="：",
        comma="，",
        and_comma="、",
        days="{} 天",
        hours="{} 小时",
        minutes="{} 分钟",
        short_minutes="{} 分",
        seconds="{} 秒",
    ),
    "en": Words(
        language="en",
        resolved="Resolved",
        all_resolved="All resolved",
        also_resolved="{} resolved",
        unnamed="Unnamed alert",
        on_call_now="On call now: {}",
        last_shift="Last shift {}",
        shift_alerts="{} alerts",
        shift_quiet="no alerts",
        in_brackets=" ({})",
        heartbeat_lost="Heartbeat lost",
        heartbeat_back="Heartbeat is back",
        last_beat="last seen {}, {} ago",
        no_beat="never seen, awaited since {}",
        heartbeat_advice="Alerts may be missing too: check Prometheus, Alertmanager, the way here",
        others="and {} more",
        since="since {}",
        for_span="for {}",
        nth="notification {}",
        lasted="lasted {}",
        runbook="Runbook",
        dashboard="Dashboard",
        graph="Graph",
        all_alerts="All alerts",
        silence="Silence",
        why="Why did I get this?",
        panel="Panel",
        alive="Alerting works",
        dead="Alerting has stopped",
        dead_means="It should fire at all times, so other alerts may not get through either: "
        "check Prometheus and Alertmanager",
        began="Began",
        ended="Ended",
        labels="Labels",
        values="Values",
        more="and {} more",
        more_names="{} other kinds",
        truncated="and {} more not listed: cut off by the sender's max_alerts",
        merged="Many alerts, told together",
        delayed_most="delayed by up to {}",
        delayed="Delayed by {}",
        all_of="All alerts ({})",
        storm="Alert storm: {0} in {1} ({2})",
        storm_title="Alert storm: {}",
        overdue="Overdue alerts: {0} ({2})",
        overdue_title="Overdue alerts: {}",
        overdue_since="The oldest has waited {}, so they are summed up",
        deferred="Held back: {0} ({2})",
        deferred_title="Held back: {}",
        deferred_since="Held back as the route says; the oldest has waited {}",
        all_fired="· fired and resolved meanwhile",
        some_fired="· {} of them fired and resolved meanwhile",
        first_fired="First to fire: {}",
        such_as="e.g. {}",
        withheld="DingTalk refused more than this: annotations and links are left out",
        more_kinds="and {} more kinds of alerts, {} in all",
        cut="… (cut)",
        template_failed="template {} failed; this is the built-in format",
        on_call="On call",
        notify="Notify",
        everybody="everybody",
        test="Test message",
        test_told="Robot {} can send messages here.",
        nobody_on_call="Nobody is on call here now",
        colon=": ",
        comma=", ",
        and_comma=", ",
        days="{} d",
        hours="{} h",
        minutes="{} min",
        short_minutes="{} min",
        seconds="{} s",
    ),
}

LANGUAGES: Final = tuple(_WORDS)
"""The languages that messages can be written in."""


def words_of(language: str) -> Words:
    """Return the words of `language`, or of the default where it is not known."""
    return _WORDS.get(language, _WORDS[DEFAULT_LANGUAGE])
