"""Real processes: a pool shares the load within each token's rate, and a fallback takes over."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.secret import Secret
from adapter.simulator import Rate, Robot, SimulatorSettings, running
from support.adapter import Adapter, adapter_in, command, robot_section, told
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

PER = timedelta(seconds=6)
MEMBERS = [
    Robot(
        name=f"ops-{number}",
        access_token=Secret(f"{number}a" * 32),
        rate=Rate(messages=20, per=PER),
    )
    for number in range(3)
]
OPS = Robot(name="ops", access_token=Secret("b1" * 32))
BACKUP = Robot(name="backup", access_token=Secret("c2" * 32))


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    with adapter_in(tmp_path) as ours:
        yield ours


def test_a_pool_of_three_sends_three_times_as_much_and_none_more_than_its_rate(
    adapter: Adapter,
) -> None:
    rate = {"messages": 20, "per": "6s"}
    pool = [{"access_token": member.access_token.reveal()} for member in MEMBERS[1:]]
    with running(SimulatorSettings(robots=tuple(MEMBERS))) as dingtalk:
        section = robot_section(MEMBERS[0], dingtalk.url, rate=rate, pool=pool)
        adapter.configure({"ops": section})
        adapter.start()
        names = [f"Alert-{number:02d}" for number in range(30)]
        adapter.accept(*map(told, names))
        adapter.settled()
        texts = [message.text for message in dingtalk.messages()]
        assert all(any(name in text for text in texts) for name in names)
        assert [each.errcode for each in dingtalk.requests() if each.errcode] == []
        times: dict[str, list[datetime]] = defaultdict(list)
        for request in dingtalk.requests():
            times[request.robot].append(request.received_at)
        assert set(times) == {member.name for member in MEMBERS}
        for each in times.values():
            assert all(sum(1 for at in each if start <= at < start + PER) <= 20 for start in each)


def test_a_removed_robot_is_relieved_and_takes_its_own_again(
    adapter: Adapter, tmp_path: Path
) -> None:
    removed = msgspec.structs.replace(OPS, state="removed")
    with running(SimulatorSettings(robots=(removed, BACKUP))) as dingtalk:
        ops = robot_section(OPS, dingtalk.url, fallback="backup", fallback_after="3s")
        robots = {"ops": ops, "backup": robot_section(BACKUP, dingtalk.url)}
        adapter.configure(robots, route={"robots": ["ops"]})
        adapter.start()
        adapter.accept(told("First"))
        wait_until(lambda: adapter.metric("robot_broken", robot="ops", reason="removed"))
        code, listed = command("outbox", "--config", str(adapter.config), "list", folder=tmp_path)
        assert code == 0
        assert "the robot was removed from the group: add one" in listed
        adapter.kill()
        adapter.start()
        adapter.settled()
        (message,) = dingtalk.messages()
        assert (message.robot, "for ops: 机器人已被移出群" in message.text) == ("backup", True)
        dingtalk.configure(robots=(OPS, BACKUP))
        assert adapter.post(b"", "/-/reload").status_code == 200
        adapter.accept(told("Second"))
        adapter.settled()
        assert adapter.metric("robot_broken") == 0
        assert {message.robot for message in dingtalk.messages()} == {"ops", "backup"}
