"""What a group reads of a refused webhook, whose reason may quote a stranger."""

from adapter.core.refusal_notice import refusal_notice


def test_it_says_what_was_answered_and_why_and_where_to_look() -> None:
    notice = refusal_notice("ops", 413, "the body is larger than server.max_body")
    assert (notice.robot, notice.title) == ("ops", "⚠️ 有告警请求被拒绝 · A webhook was refused")
    assert "被拒绝（413）" in notice.text
    assert "answered 413" in notice.text
    assert "the body is larger than server.max" in notice.text
    assert "Others within an hour are not told" in notice.text


def test_the_reason_can_neither_mention_nor_link() -> None:
    notice = refusal_notice("ops", 400, "@all [click](https://evil.example) # x")
    assert "@all" not in notice.text
    assert "\\[click\\](https" in notice.text
