"""When a group is told who is on call, and in which words."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from adapter.core.alerts import Status
from adapter.core.handoff import Counts, Shift, announcement, count, taken_over
from adapter.core.people import Person
from adapter.core.roster import Current
from adapter.core.severity import DEFAULT_SCALE
from support.alerts import make_alert
from support.clock import START

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
PEOPLE = {
    "zhang": Person(key="zhang", name="张三", mobile="13800000001"),
    "lee": Person(key="lee", name="Lee *W*", mobile="+852-12345678"),
}
LAST = Shift(START - DAY, ("zhang",))


def test_the_first_time_it_is_only_noted_who_is_on_call() -> None:
    assert taken_over(None, Current(("zhang",), None, None), START) == Shift(START, ("zhang",))
    since = START - SECOND
    assert taken_over(None, Current((), since, None), START) == Shift(since, ())


def test_only_a_shift_that_begins_later_takes_over() -> None:
    begins = (None, START - DAY - SECOND, START - DAY, START)
    found = [taken_over(LAST, Current(("lee",), since, None), START) for since in begins]
    assert found == [None, None, None, Shift(START, ("lee",))]


def test_that_nobody_is_on_call_is_no_handoff_and_the_same_person_may_come_back() -> None:
    assert taken_over(LAST, Current((), START, None), START) is None
    assert taken_over(LAST, Current(("zhang",), START, None), START) == Shift(START, ("zhang",))


def test_each_alert_counts_once_by_its_level() -> None:
    firing = make_alert("A", severity="critical")
    over = msgspec.structs.replace(firing, status=Status.RESOLVED)
    again = msgspec.structs.replace(firing, starts_at=START + DAY)
    others = [make_alert(name, severity="P2") for name in "BC"]
    found = count(
        [*others, firing, firing, over, again, make_alert("D", severity="?")], DEFAULT_SCALE
    )
    assert found == Counts((("🔴", 2), ("🟡", 2), ("🔔", 1)), 1)
    assert found.alerts == 5


def told(language: str, counts: Counts, *, until: bool = True) -> tuple[str, str]:
    notice = announcement(
        "ops",
        "sre_1",
        now=Current(("lee", "zhang"), START, START + DAY if until else None),
        last=Shift(START - DAY, ("zhang", "gone")),
        counts=counts,
        people=PEOPLE,
        zone=ZoneInfo("Asia/Shanghai"),
        language=language,
    )
    assert notice.robot == "ops"
    return notice.title, notice.text


def test_the_words() -> None:
    counts = Counts((("🔴", 3), ("🟡", 34)), 30)
    assert told("zh", counts) == (
        "📅 今日值班 Lee *W*、张三 · sre_1",
        (
            "### 📅 今日值班 Lee \\*W\\*、张三\n\n"
            "**sre_1** · 11-24 04:00 → 11-25 04:00\n\n"
            "上一班 张三、gone：告警 37 条（🔴 3 · 🟡 34），恢复 30"
        ),
    )
    assert told("en", counts)[1].endswith(
        "Last shift 张三, gone: 37 alerts (🔴 3 · 🟡 34), 30 resolved"
    )
    assert told("zh", Counts(), until=False)[1].endswith(
        "**sre_1** · 11-24 04:00\n\n上一班 张三、gone：没有告警"
    )


def test_a_shift_without_a_beginning_tells_none() -> None:
    now = Current(("lee",), None, START)
    notice = announcement(
        "ops", "sre", now=now, last=Shift(START, ()), counts=Counts(), people=PEOPLE,
        zone=ZoneInfo("UTC"), language="en",
    )  # fmt: skip
    assert "**sre** ·  → 11-23 20:00\n\nLast shift: no alerts" in notice.text
