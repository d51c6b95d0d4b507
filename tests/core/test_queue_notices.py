"""What groups are told when alerts that waited may be lost with their queue."""

from __future__ import annotations

from adapter.core import queue_notices
from adapter.core.rendering import render_notice


def test_a_corrupt_queue_is_named_with_the_next_step() -> None:
    notice = queue_notices.corrupt("ops", "adapter.db.corrupt-20261126T000000Z")
    text = render_notice(notice).markdown.text
    assert notice.robot == "ops"
    assert text.count("adapter.db.corrupt-20261126T000000Z") == 2
    assert "请到 Alertmanager 核对" in text
    assert "compare with Alertmanager" in text


def test_a_queue_that_is_gone_is_told_in_both_languages() -> None:
    notice = queue_notices.gone("ops")
    text = render_notice(notice).markdown.text
    assert notice.robot == "ops"
    assert "数据库文件已不存在" in text
    assert "is not there; a fresh one is used" in text
