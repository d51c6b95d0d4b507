"""A word of the adapter rings whom it names, as DingTalk rings people, and always fits."""

from __future__ import annotations

from adapter.core.delivery import Notice, RenderSettings
from adapter.core.directory import Directory
from adapter.core.heartbeat_notice import MOST, VALUE_BYTES, notices
from adapter.core.heartbeats import EVERY, VALUE_LENGTH, Heartbeat
from adapter.core.matchers import parse_matchers
from adapter.core.mention_marks import missing_marks
from adapter.core.mentions import Wanted
from adapter.core.message import BODY_LIMIT, At, body
from adapter.core.message_limits import MENTION_LIMIT
from adapter.core.notice_message import tell_notice
from adapter.core.people import Person
from adapter.core.reader import Readers
from adapter.core.switches import Look, Switch
from support.clock import START

PEOPLE = {
    "zhang": Person(key="zhang", name="张三", mobile="13800000001"),
    "lee": Person(key="lee", name="lee", mobile="+852-12345678"),
}
WORD = Notice(robot="ops", title="t", text="### t\n\nx")


def test_who_is_named_is_rung_once_at_the_end() -> None:
    wanted = (Wanted(("zhang",)), Wanted(("lee", "zhang")))
    notice = Notice(robot="ops", title="t", text="### t", mentions=wanted, language="en")
    told = tell_notice(notice, Directory(PEOPLE), START, keyword="告警", note="for ops")
    text = told.message.markdown.text
    assert "\n\nOn call 张三 @13800000001 lee @+852-12345678" in text
    assert text.startswith("> for ops")
    assert "告警" in text
    assert told.message.at == At(at_mobiles=("13800000001", "+852-12345678"))
    assert (told.left_out, told.missing) == ((), ())


def test_a_word_that_names_nobody_rings_nobody() -> None:
    told = tell_notice(WORD, Directory(PEOPLE), START)
    assert (told.message.at, told.message.markdown.text) == (None, "### t\n\nx")


def test_a_mention_that_means_nobody_is_said() -> None:
    notice = Notice(robot="ops", title="t", text="x", mentions=(Wanted(("schedule:gap",)),))
    assert tell_notice(notice, Directory(PEOPLE), START).missing == ("schedule:gap",)


def test_the_longest_word_of_a_heartbeat_still_rings() -> None:
    mobiles = [f"138{number:08}" for number in range(MENTION_LIMIT)]
    heartbeat = Heartbeat(
        name="@" * 64,
        matchers=parse_matchers('a="b"'),
        every=EVERY,
        robots=("ops",),
        by=("cluster",),
        mention=tuple(f"mobile:{mobile}" for mobile in mobiles),
    )
    worst = Switch(
        heartbeat=heartbeat.key, source="<" * 64, value="@" * VALUE_LENGTH, since_at=START
    )
    reader = Readers(START).of(RenderSettings(), VALUE_BYTES)
    (notice,) = notices("ops", heartbeat, Look(lost=(worst,) * (MOST + 1)), reader)
    message = tell_notice(notice, Directory(), START, keyword="键" * 20).message
    assert message.at == At(at_mobiles=tuple(mobiles))
    assert missing_marks(message) == ()
    assert len(body(message, "0" * 64)) <= BODY_LIMIT
