"""The mark of a message that another robot sends."""

from __future__ import annotations

from adapter.core.illness import for_robot


def test_it_says_for_whom_and_why_in_the_language_of_the_message() -> None:
    assert for_robot("ops", "token", "en").startswith("for ops: ")
    assert for_robot("ops", "token", "zh").startswith("代 ops 发送 · for ops: ")
    assert for_robot("ops", "token", "en") not in for_robot("ops", "token", "zh")


def test_a_reason_of_another_version_is_told_as_it_is() -> None:
    assert for_robot("ops", "strange", "en") == "for ops: strange"
