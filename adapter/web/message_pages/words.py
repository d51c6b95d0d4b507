"""The words of the pages that links of messages open, in each language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from adapter.core.trouble import Trouble


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
    act: str
    on_it: str
    on_it_hint: str
    who: str
    is_on_it: str
    silence: str
    silence_hint: str
    how_long: str
    comment: str
    matchers: str
    more_matchers: str
    more_hint: str
    recount: str
    mutes: str
    cannot_count: str
    silenced: str
    silence_id: str
    expire: str
    expired_by: str
    no_silence: str
    own_matchers: str
    choose: str
    no_matcher: str
    no_name: str
    busy: str
    foreign: str
    stale: str
    no_form: str
    too_large: str
    nothing_done: str
    back: str
    trouble: dict[Trouble, str]


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
    act="处理告警",
    on_it="我来处理",
    on_it_hint="不静默，只告诉群里的人你正在处理。",
    who="你的名字",
    is_on_it="{} 正在处理",
    silence="静默",
    silence_hint="静默期间匹配的告警不再通知任何人。群里会收到一条消息。",
    how_long="多久",
    comment="说明（选填）",
    matchers="匹配条件（来自这条告警，不能去掉）",
    more_matchers="再加条件，缩小范围（选填）",
    more_hint="例如 {}",
    recount="重新计数",
    mutes="现在会静默 {} 条正在触发的告警",
    cannot_count="无法计数：{}",
    silenced="{} 已静默，直到 {}",
    silence_id="静默 ID",
    expire="立即结束静默",
    expired_by="{} 已提前结束静默",
    no_silence="不能在这里静默：告警须来自配置中写明 url 的一个 alertmanagers，而且同名。",
    own_matchers="匹配条件被改动过。告警自身的条件不能去掉，什么也没有做。请重新打开链接。",
    choose="请选择时长，不得超过最长的一项。",
    no_matcher="无法理解附加的条件：{}",
    no_name="请写上你的名字，群里的人要知道是谁。",
    busy="这项操作正在进行中，请过几秒重新打开链接查看结果。",
    foreign="这个请求不是从本页面发出的，什么也没有做。请重新打开消息里的链接。",
    stale="表单不属于这个链接，什么也没有做。请重新打开消息里的链接。",
    no_form="这里只接受表单。",
    too_large="提交的内容太大。",
    nothing_done="没有完成",
    back="返回",
    trouble={
        Trouble.UNREACHABLE: "连不上 Alertmanager，什么也没有做。请过一会儿再试。",
        Trouble.UNSURE: "Alertmanager 没有回答，不知道是否已完成。"
        "请再提交一次：会先查找已有的静默，不会重复。",
        Trouble.CREDENTIALS: "Alertmanager 拒绝了本程序的凭据。"
        "请管理员检查 alertmanagers 里的 basic 或 bearer_token。",
        Trouble.REFUSED: "Alertmanager 拒绝了：{}",
        Trouble.GONE: "Alertmanager 已没有这个静默，或其 url 不对：{}",
        Trouble.REDIRECT: "Alertmanager 的 url 被重定向了。请管理员写上最终的地址。",
        Trouble.FAULT: "Alertmanager 出错（{}）。请过一会儿再提交：会先查找已有的静默，不会重复。",
    },
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
    act="Act on alerts",
    on_it="I am on it",
    on_it_hint="Silences nothing; only tells the group that you look after it.",
    who="Your name",
    is_on_it="{} is on it",
    silence="Silence",
    silence_hint="While it lasts, nobody is told of alerts that match. The group gets one message.",
    how_long="For how long",
    comment="Comment (optional)",
    matchers="Matchers (of this alert; they cannot be removed)",
    more_matchers="More matchers, to mute less (optional)",
    more_hint="such as {}",
    recount="Count again",
    mutes="Would mute {} firing alert(s) now",
    cannot_count="Cannot be counted: {}",
    silenced="{} has silenced this until {}",
    silence_id="Silence ID",
    expire="End the silence now",
    expired_by="{} has ended the silence",
    no_silence="This cannot be silenced here: the alerts must come from an entry of alertmanagers "
    "that has a url, and have one name.",
    own_matchers="The matchers were changed. Those of the alert cannot be removed, so nothing was "
    "done. Open the link again.",
    choose="Choose for how long; not longer than the longest choice.",
    no_matcher="The added matchers are not understood: {}",
    no_name="Give your name: the group wants to know who it was.",
    busy="This is being done just now. Open the link again in a few seconds to see the result.",
    foreign="This was not asked from this page, so nothing was done. "
    "Open the link of the message again.",
    stale="This form does not belong to this link, so nothing was done. "
    "Open the link of the message again.",
    no_form="Only a form is taken here.",
    too_large="What was sent is too large.",
    nothing_done="Not done",
    back="Back",
    trouble={
        Trouble.UNREACHABLE: "Alertmanager could not be reached; nothing was done. "
        "Try again in a moment.",
        Trouble.UNSURE: "Alertmanager did not answer, so it is not known whether it was done. "
        "Submit again: an existing silence is looked for first, so there will be one only.",
        Trouble.CREDENTIALS: "Alertmanager refused the adapter's credentials. An administrator "
        "should check basic or bearer_token of this entry of alertmanagers.",
        Trouble.REFUSED: "Alertmanager refused it: {}",
        Trouble.GONE: "Alertmanager does not know this silence any more, or its url is wrong: {}",
        Trouble.REDIRECT: "The url of Alertmanager is redirected. An administrator should set "
        "the address it leads to.",
        Trouble.FAULT: "Alertmanager failed ({}). Submit again in a moment: an existing silence "
        "is looked for first, so there will be one only.",
    },
)


def page_words(language: str) -> PageWords:
    """Return the words of a language."""
    return EN if language == "en" else ZH
