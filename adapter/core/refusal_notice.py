"""What groups are told when a webhook was refused for good: an alert may have been in it."""

from __future__ import annotations

from adapter.core.delivery import Notice
from adapter.core.text import escape


def refusal_notice(robot: str, code: int, why: str) -> Notice:
    """Return what a group is told of a body that was answered 400 or 413, and for what reason."""
    return Notice(
        robot=robot,
        title="⚠️ 有告警请求被拒绝 · A webhook was refused",
        text=(
            f"### ⚠️ 有告警请求被拒绝（{code}）\n\n"
            "发送方不会重发，其中可能有告警，请到 Alertmanager 或 Grafana 核对；"
            "`outbox list` 列出原文的编号。原因：\n\n"
            f"{escape(why)}\n\n"
            f"A webhook was answered {code}, and its sender does not try again: an alert may have "
            "been in it. The log says more (`webhook refused`), and `outbox list` names its body. "
            "一小时内的其他拒绝不再提示 · Others within an hour are not told."
        ),
    )
