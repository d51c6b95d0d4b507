"""What groups are told when alerts that waited may be lost with the queue they waited in."""

from __future__ import annotations

from adapter.core.delivery import Notice


def corrupt(robot: str, aside: str) -> Notice:
    """Return what a group is told when the database was corrupt and is kept as `aside`."""
    return Notice(
        robot=robot,
        title="⚠️ 告警队列损坏 · Alert queue was corrupt",
        text=(
            "### ⚠️ 告警队列损坏\n\n"
            f"启动时发现数据库损坏，已移至 {aside}，并使用新库。此前排队未发的告警可能丢失，"
            "请到 Alertmanager 核对。\n\n"
            f"The database was corrupt at start; it was moved to {aside} and a fresh one is used. "
            "Alerts that waited in it may be lost: compare with Alertmanager."
        ),
    )


def gone(robot: str) -> Notice:
    """Return what a group is told when the database that was used before is not there."""
    return Notice(
        robot=robot,
        title="⚠️ 告警队列丢失 · Alert queue was gone",
        text=(
            "### ⚠️ 告警队列丢失\n\n"
            "启动时发现此前使用的数据库文件已不存在，现使用新库。此前排队未发的告警可能丢失，"
            "请到 Alertmanager 核对。\n\n"
            "The database that was used before is not there; a fresh one is used. "
            "Alerts that waited in it may be lost: compare with Alertmanager."
        ),
    )
