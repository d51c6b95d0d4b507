"""One alert that DingTalk refuses for its content among 500: the others are told, and without it.

The minute lasts six seconds.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.clock import SystemClock
from adapter.secret import Secret
from adapter.simulator import Rate, Robot, SimulatorSettings, running
from e2e.rates import most_within
from support.adapter import Adapter, adapter_in, robot_section, told, webhook
from support.alerts import make_alert
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.core.alerts import Alert
    from adapter.simulator import Exchange, Running

pytestmark = [pytest.mark.real, pytest.mark.timed, pytest.mark.xdist_group("refused_content")]

ALERTS = 500
A_GROUP = 10
"""Alerts of one webhook."""

BAD = 237
"""The alert that is refused, in the midst of others."""

NAME = "NodeCheck"
WORD = "forbiddenword"
HOST = "denied.example"
DETAILS = "details-of"
LETTERS = str.maketrans("0123456789", "abcdefghij")
RATE = Rate(messages=20, per=timedelta(seconds=6))
PROMPT = 3.0
"""Seconds: seven slots, where the trials take many times as long."""

CLOCK = SystemClock()
ROBOT = Robot(name="ops", access_token=Secret("content" * 6), secret=Secret("SECcontent" * 4))


@pytest.fixture
def group() -> Iterator[Running]:
    settings = SimulatorSettings(
        robots=(ROBOT,), rate=RATE, denied_words=(WORD,), denied_hosts=(HOST,)
    )
    with running(settings) as group:
        yield group


@pytest.fixture
def adapter(tmp_path: Path, group: Running) -> Iterator[Adapter]:
    rate = {"messages": RATE.messages, "per": "6s"}
    with adapter_in(tmp_path) as adapter:
        adapter.configure({"ops": robot_section(ROBOT, group.url, rate=rate)})
        adapter.start()
        yield adapter


def told_of(number: int) -> str:
    """Return details without numbers, which would not make alerts unlike."""
    return f"{DETAILS}-{number:03d}".translate(LETTERS)


def alert_of(number: int, instance: str = "", details: str = "") -> Alert:
    """Return an alert whose details can be found in the message that tells them."""
    alert = make_alert(NAME, severity="warning", instance=instance or f"n-{number:03d}", job="node")
    annotations = {"summary": f"{told_of(number)} {details}".strip()}
    return msgspec.structs.replace(alert, annotations=annotations)


def storm(bad: Alert) -> list[bytes]:
    """Return webhooks of all alerts, one of which is this one."""
    alerts = [bad if number == BAD else alert_of(number) for number in range(ALERTS)]
    return [
        webhook(*alerts[first : first + A_GROUP], key=f"{{}}:{{group={first}}}")
        for first in range(0, ALERTS, A_GROUP)
    ]


def everything(group: Running) -> str:
    return "\n".join(message.text for message in group.messages())


def refused(group: Running) -> list[Exchange]:
    return [exchange for exchange in group.requests() if exchange.errcode in {430101, 430102}]


def trials(group: Running) -> list[Exchange]:
    """Return the requests that told alerts of the storm without their details."""
    return [
        exchange
        for exchange in group.requests()
        if NAME.encode() in exchange.raw and DETAILS.encode() not in exchange.raw
    ]


def assert_others_are_told_promptly(adapter: Adapter, group: Running) -> None:
    """Post others, while something is tried again, one after the other."""
    wait_until(lambda: refused(group), within=15, what="a message is refused")
    for number, severity in enumerate(("warning", "critical") * 2):
        name = f"Other-{number}"
        posted_at = CLOCK.monotonic()
        adapter.accept(told(name, severity=severity, instance="elsewhere"))
        wait_until(lambda: name in everything(group), within=15, what=f"{name} is told")  # noqa: B023
        took = CLOCK.monotonic() - posted_at
        assert took <= PROMPT, f"{severity}: {took:.2f} s"


def assert_within_the_rate(group: Running) -> None:
    """DingTalk refused content and nothing else, and the trials had a quarter at most."""
    assert {exchange.errcode for exchange in group.requests()} == {0, refused(group)[0].errcode}
    assert trials(group), "refused content was never tried again"
    assert most_within(RATE.per, trials(group)) <= RATE.messages // 4
    ordinary = [exchange for exchange in refused(group) if exchange not in trials(group)]
    assert len(ordinary) == 1, "what is suspect must not be told among others"


def missing(group: Running) -> list[int]:
    text = everything(group)
    return [number for number in range(ALERTS) if f"n-{number:03d}" not in text]


@pytest.mark.parametrize("details", [f"say {WORD}", f"see https://{HOST}/runbook"])
def test_refused_details_are_withheld_and_all_alerts_are_told(
    adapter: Adapter, group: Running, details: str
) -> None:
    adapter.accept(*storm(alert_of(BAD, details=details)))
    assert_others_are_told_promptly(adapter, group)
    adapter.settled(within=40)
    assert missing(group) == []
    text = everything(group)
    withheld = [number for number in range(ALERTS) if told_of(number) not in text]
    assert BAD in withheld
    beside = refused(group)[0].raw.decode()
    assert [number for number in withheld if f"n-{number:03d}" not in beside] == []
    assert adapter.rows("SELECT * FROM dead") == []
    assert_within_the_rate(group)


def test_a_refused_label_is_a_dead_letter_and_all_others_are_told(
    adapter: Adapter, group: Running
) -> None:
    adapter.accept(*storm(alert_of(BAD, instance=WORD)))
    assert_others_are_told_promptly(adapter, group)
    adapter.settled(within=75)
    assert missing(group) == [BAD]
    [(robot, reason)] = adapter.rows("SELECT robot, reason FROM dead")
    assert robot == "ops"
    assert reason.startswith("430102"), reason
    assert adapter.metric("deliveries_dead") == 1
    assert adapter.metric("deliveries_dead", robot="ops") == 1
    assert_within_the_rate(group)
