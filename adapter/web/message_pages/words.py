"""The words of the pages that links of messages open, in each language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWords:
    """Hold the words of one language; `{}` stands where a value goes."""

    language: str
    why: str
    told_in: str
    forged: str
    forged_next: str
    expired: str
    expired_next: str
    gone: str
    gone_next: str
    unavailable: str
    unavailable_next: str
    received: str
    from_source: str
    by_receiver: str
    routed: str
    no_routes: str
    to_robot: str
    high: str
    deferred: str
    message_open: str
    message_sent: str
    message_dissolved: str
    answered: str
    told: str
    covered: str
    counted: str
    rings: str
    rings_on: str
    rang: str
    rang_nobody: str
    everybody: str
    dead: str
    discarded: str
    superseded: str
    last_resort: str
    waits: str
    alerts: str
    more: str
    firing: str
    resolved: str
    since: str
    until: str
    handle: str
    form: dict[str, str]
    parts: str


ZH: Final = PageWords(
    language="zh",
    why="为何收到这条告警",
    told_in="这条消息讲了什么",
    forged="链接无效",
    forged_next="地址不完整，或者不是本程序签发的。请回到钉钉消息，再点一次其中的链接。",
    expired="链接已过期",
    expired_next="链接只在一段时间内有效。请打开更新的一条消息里的链接。",
    gone="已不再保存",
    gone_next="这次投递的记录已超过保存期限。",
    unavailable="暂时无法读取",
    unavailable_next="存储暂时不可用，请过一会儿再试。",
    received="收到",
    from_source="来自 Alertmanager {}",
    by_receiver="接收器 {}",
    routed="路由",
    no_routes="没有记录经过的路由",
    to_robot="发往机器人 {}",
    high="高优先级，优先发送",
    deferred="暂缓到 {}，届时汇总告知",
    message_open="消息正在发送",
    message_sent="消息已发送",
    message_dissolved="钉钉没有接受，改用新的消息",
    answered="钉钉的回答：{}",
    told="全文或逐条告知",
    covered="由更新的状态代替",
    counted="在汇总中计数",
    rings="按配置呼叫",
    rings_on="时机：{}",
    rang="@ 了 {}",
    rang_nobody="没有 @ 任何人",
    everybody="所有人",
    dead="无法投递：{}",
    discarded="有人放弃了它",
    superseded="由更新的状态代替",
    last_resort="已告知备用 webhook",
    waits="正在等待发送",
    alerts="告警",
    more="还有 {} 条",
    firing="触发中",
    resolved="已恢复",
    since="开始于 {}",
    until="结束于 {}",
    handle="我来处理 / 静默",
    form={"full": "全文", "line": "逐条", "digest": "汇总"},
    parts="涉及的投递",
)

EN: Final = PageWords(
    language="en",
    why="Why did I get this?",
    told_in="What this message told",
    forged="This link is not valid",
    forged_next="Its address is incomplete, or was not signed here. "
    "Go back to the message in DingTalk and follow its link again.",
    expired="This link has expired",
    expired_next="A link serves for a while only. Open that of a newer message.",
    gone="No longer kept",
    gone_next="What is known of this delivery has been removed after its time.",
    unavailable="Cannot be read just now",
    unavailable_next="The store is not available; try again in a moment.",
    received="Received",
    from_source="from Alertmanager {}",
    by_receiver="receiver {}",
    routed="Routed",
    no_routes="which routes took it was not recorded",
    to_robot="to robot {}",
    high="high priority: passes the queue",
    deferred="held back until {}, then told as a digest",
    message_open="Message on its way",
    message_sent="Message sent",
    message_dissolved="DingTalk did not take the message; it was planned anew",
    answered="DingTalk's answer: {}",
    told="told in words",
    covered="replaced by a newer state",
    counted="counted in a digest",
    rings="Rings, as configured",
    rings_on="when: {}",
    rang="rang {}",
    rang_nobody="rang nobody",
    everybody="everybody",
    dead="Could not be delivered: {}",
    discarded="Given up by a person",
    superseded="Replaced by a newer state",
    last_resort="The last resort was told",
    waits="Waits to be sent",
    alerts="Alerts",
    more="and {} more",
    firing="firing",
    resolved="resolved",
    since="since {}",
    until="ended {}",
    handle="I am on it / silence",
    form={"full": "in full", "line": "in lines", "digest": "as a digest"},
    parts="Deliveries in it",
)


def page_words(language: str) -> PageWords:
    """Return the words of a language."""
    return EN if language == "en" else ZH
