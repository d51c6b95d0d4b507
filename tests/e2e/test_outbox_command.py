"""A dead letter from its death to its delivery, by the commands of an operator beside `serve`."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from adapter.secret import Secret
from adapter.simulator import Rate, Robot, SimulatorSettings, running
from support.adapter import adapter_in, command, robot_section, webhook
from support.alerts import make_alert
from support.processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.real

WORD = "forbiddenword"
ROBOT = Robot(name="ops", access_token=Secret("dead1etter" * 5))
SETTINGS = SimulatorSettings(robots=(ROBOT,), rate=Rate(messages=100_000), denied_words=(WORD,))
BAD = make_alert("Bad", instance=WORD)
GOOD = make_alert("Good")


def test_a_dead_letter_is_shown_traced_and_tried_again(tmp_path: Path) -> None:
    with running(SETTINGS) as dingtalk, adapter_in(tmp_path) as adapter:

        def outbox(*arguments: str) -> tuple[int, str]:
            return command(
                "outbox",
                "--config",
                str(adapter.config),
                *arguments,
                folder=tmp_path,
                TZ="Asia/Shanghai",
            )

        adapter.configure({"ops": robot_section(ROBOT, dingtalk.url)})
        adapter.start()
        assert stat.S_IMODE((tmp_path / "adapter.db.sock").stat().st_mode) == 0o600
        adapter.accept(webhook(GOOD, key="good"), webhook(BAD, key="bad"))
        adapter.settled(within=60)

        code, listed = outbox("list")
        (letter,) = (line for line in listed.splitlines() if BAD.fingerprint in line)
        assert (code, "dead letters: 1" in listed) == (0, True)
        assert "430102" in letter, "it says why"
        assert "+08:00" in letter, "in the operator's zone"
        name = letter.split()[0]

        code, traced = outbox("trace", BAD.fingerprint)
        assert (code, traced.count(" told in message "), "now dead at " in traced) == (0, 2, True)
        code, traced = outbox("trace", GOOD.fingerprint)
        assert (code, "now sent at " in traced) == (0, True)

        dingtalk.configure(denied_words=())
        assert outbox("retry", name) == (0, f"{name}: waits again\n")
        wait_until(
            lambda: any(WORD in message.text for message in dingtalk.messages()),
            within=30,
            what="the dead letter is delivered",
        )
        adapter.settled()
        code, traced = outbox("trace", BAD.fingerprint)
        assert (code, "now sent at " in traced) == (0, True)
        assert outbox("retry", name)[0] == 1
        assert ROBOT.access_token.reveal() not in listed + traced

        assert adapter.terminate() == 0
        assert not (tmp_path / "adapter.db.sock").exists()
        code, listed = outbox("list")
        assert (code, "dead letters: 0" in listed) == (0, True)
