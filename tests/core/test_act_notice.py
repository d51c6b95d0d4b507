"""What a group is told of an act: one message, in its language, in which no value acts."""

from __future__ import annotations

from datetime import UTC, timedelta

import msgspec
import pytest

from adapter.core.act_notice import act_notice
from adapter.core.acts import Act, ActKind
from adapter.core.reader import Reader
from adapter.core.words import words_of
from support.alerts import make_alert
from support.rendering import NOW

ACT = Act(
    kind=ActKind.SILENCE,
    delivery=7,
    robot="ops",
    who="张三",
    at=NOW,
    until=NOW + timedelta(hours=4),
    silence="3d8441eb",
    matchers=('alertname="Up"', 'job="a"'),
    comment="换盘",
)


def reader(language: str) -> Reader:
    return Reader(words_of(language), UTC, NOW, 160)


def told(act: Act, language: str = "zh", names: tuple[str, ...] = ("Up",)) -> str:
    notice = act_notice(act, tuple(make_alert(name) for name in names), reader(language))
    assert (notice.robot, notice.language, notice.mentions) == ("ops", language, ())
    return f"{notice.title}\n{notice.text}"


def test_a_silence_is_told_with_all_that_matters() -> None:
    assert told(ACT) == (
        "🔇 张三 静默了 Up，直到 11-24 01:05\n"
        "### 🔇 张三 静默了 Up，直到 11-24 01:05\n\n"
        'alertname="Up", job="a"\n\n'
        "> 换盘\n\n"
        "ID: 3d8441eb"
    )
    assert told(ACT, "en").startswith("🔇 张三 silenced Up until 11-24 01:05\n")


@pytest.mark.parametrize(
    ("kind", "language", "title"),
    [
        (ActKind.EXPIRE, "zh", "🔔 张三 提前结束了对 Up 的静默"),
        (ActKind.EXPIRE, "en", "🔔 张三 ended the silence of Up"),
        (ActKind.ACKNOWLEDGE, "zh", "🙋 张三 正在处理 Up"),
        (ActKind.ACKNOWLEDGE, "en", "🙋 张三 is on Up"),
    ],
)
def test_each_act_is_told_in_each_language(kind: ActKind, language: str, title: str) -> None:
    act = Act(kind=kind, delivery=7, robot="ops", who="张三", at=NOW)
    assert told(act, language) == f"{title}\n### {title}"


def test_many_names_are_counted() -> None:
    text = told(ACT, "en", ("A", "B", "C", "D", "E", ""))
    more = words_of("en").more_names.format(3)
    assert f"silenced A, B, C, {more} until" in text


def test_no_value_acts_in_the_message() -> None:
    evil = "[x](http://evil) @all\n# y"
    act = msgspec.structs.replace(ACT, who=evil, comment=evil, silence=evil)
    text = told(act, names=(evil,)).partition("\n")[2]
    assert "[x](" not in text
    assert "@all" not in text
    assert "\n# y" not in text


def test_an_act_is_known_by_its_kind_and_what_it_is_about() -> None:
    assert (ACT.key, ACT.place) == ("silence/7", "7")
    assert msgspec.structs.replace(ACT, fingerprint="ab").key == "silence/7.ab"
