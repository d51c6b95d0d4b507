"""What a group reads when nobody is on it: one message, alerts by name, with a way to act."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.core.mentions import Wanted
from adapter.core.reader import Readers
from adapter.core.reminder_notice import MOST, Due, reminder_notices
from adapter.core.reminding import Remind
from adapter.core.style import DEFAULT_STYLE
from support.batches import a_delivery, an_alert
from support.rendering import LINKED, LINKER, NOW

if TYPE_CHECKING:
    from adapter.core.delivery import Delivery

REMIND = Remind(after=timedelta(minutes=10), times=3, targets=("schedule:boss", "label:owner"))


def delivery(count: int = 1, language: str = "zh", remind: Remind | None = REMIND) -> Delivery:
    alerts = [
        an_alert("DiskFull", "critical", instance=f"10.0.0.{n}", owner="zhang")
        for n in range(count)
    ]
    made = a_delivery(*alerts, language=language)
    return msgspec.structs.replace(made, remind=remind)


def due(of: Delivery, index: int = 0, number: int = 2) -> Due:
    return Due(delivery_id=7, delivery=of, index=index, number=number)


def test_one_alert_is_named_with_who_is_rung_and_where_to_act() -> None:
    [notice] = reminder_notices([due(delivery())], Readers(NOW, LINKED))
    assert (notice.robot, notice.title) == ("ops", "⏰ 无人处理：DiskFull")
    act = LINKER.act(7, delivery().group.alerts[0].fingerprint, NOW)
    assert notice.text.endswith(f"(2/3) · [我来处理]({act})")
    assert "DiskFull 10.0.0.0" in notice.text
    assert notice.mentions == (Wanted(("schedule:boss", "label:owner"), (), (("owner", "zhang"),)),)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_many_alerts_of_a_robot_are_one_message(language: str) -> None:
    of = delivery(MOST + 5, language)
    other = msgspec.structs.replace(delivery(), robot="db")
    notices = reminder_notices(
        [*(due(of, index) for index in range(MOST + 5)), due(other)], Readers(NOW, DEFAULT_STYLE)
    )
    assert [notice.robot for notice in notices] == ["ops", "db"]
    text = notices[0].text
    assert text.count("10.0.0.") == MOST
    assert "5" in text.rsplit("\n\n", 1)[1], "the rest is counted"
    assert "](" not in text, "without an external_url there is nowhere to act"
    assert len(notices[0].mentions) == 1
    expected = "⏰ Nobody is on it: DiskFull" if language == "en" else "⏰ 无人处理：DiskFull"
    assert notices[0].title == expected


def test_who_names_nobody_rings_nobody() -> None:
    silent = Remind(after=timedelta(minutes=10))
    for remind in (silent, None):
        [notice] = reminder_notices([due(delivery(remind=remind))], Readers(NOW, DEFAULT_STYLE))
        assert notice.mentions == ()


def test_a_name_that_is_missing_or_hostile_is_text() -> None:
    evil = an_alert("[x](http://evil) @all", "warning")
    bare = msgspec.structs.replace(an_alert("", "warning"), starts_at=None, fingerprint="a b")
    for alert in (evil, bare):
        of = msgspec.structs.replace(a_delivery(alert), remind=REMIND)
        [notice] = reminder_notices([due(of)], Readers(NOW, LINKED))
        assert "[x](http://evil)" not in notice.text
        assert "@all" not in notice.text
        assert notice.text.startswith("### ⏰ ")
