"""Several robots of one group share the load, and nothing overtakes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.core.delivery import Broken, Delivery, Notice, Throttled, Unreachable
from adapter.core.priority import Priority
from adapter.core.quota import Rate
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.clock import START
from support.settings import make_pool

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
AMBIGUOUS = Unreachable("no answer within the timeout", ambiguous=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    bench.configure(make_pool("ops", 3))
    yield bench
    bench.outbox.close()


def group(number: int, status: str = "firing") -> Delivery:
    return make_delivery(make_alert(f"Alert{number}", status=status), key=str(number))


def texts(bench: Bench) -> list[str]:
    return [body["markdown"]["text"] for body in bench.sender.bodies]


def test_the_robots_of_a_pool_share_the_load_each_within_its_rate(bench: Bench) -> None:
    bench.put(*(group(number) for number in range(15)))
    bench.run()
    assert (
        sorted(bench.sender.tokens)
        == ["token-of-ops"] * 5 + ["token-of-ops-1"] * 5 + ["token-of-ops-2"] * 5
    )
    assert bench.outbox.waiting() == 0


def test_a_robot_that_is_broken_or_throttled_is_passed_over(bench: Bench) -> None:
    bench.sender.refuse("token-of-ops", Broken("400106", "gone", "removed"))
    bench.sender.refuse("token-of-ops-1", Throttled("660026", "too many"))
    bench.put(*(group(number) for number in range(6)))
    bench.run(30 * SECOND)
    assert bench.outbox.waiting() == 0
    assert bench.sender.tokens.count("token-of-ops") == 1
    assert bench.sender.tokens.count("token-of-ops-1") == 1
    page = bench.page()
    assert 'robot_broken{reason="removed",robot="ops"} 1.0' in page
    assert 'reason="throttled",robot="ops"} 1.0' not in page.partition("robot_broken{")[2]
    assert 'blocked_until_timestamp_seconds{robot="ops"} 0.0' in page, "one of them may send"


def test_a_group_stays_with_the_robot_that_may_have_told_it(bench: Bench) -> None:
    """The older state may have arrived: the newer one waits, and other groups go on elsewhere."""
    bench.sender.refuse("token-of-ops", AMBIGUOUS)
    bench.put(group(1))
    bench.run()
    bench.put(group(1, "resolved"), group(2))
    bench.run(SECOND / 4)
    assert bench.sender.tokens == ["token-of-ops", "token-of-ops-1"]
    assert "Alert2" in texts(bench)[1]
    bench.sender.refusals.clear()
    bench.run(MINUTE)
    assert ["Alert1" in text for text in texts(bench)] == [True, False, True, True]
    assert bench.sender.sent[0] == bench.sender.sent[2], "the same bytes to the same token"
    assert bench.outbox.waiting() == 0


def test_an_alert_in_two_groups_is_not_overtaken_in_the_other(bench: Bench) -> None:
    """What waits behind a frozen message is older than the same alert in a group that is free."""
    both = make_alert("Both")
    bench.sender.refuse("token-of-ops", AMBIGUOUS)
    bench.put(make_delivery(make_alert("One"), key="a"))
    bench.run()
    bench.put(make_delivery(both, make_alert("Two"), key="a"))
    bench.put(make_delivery(make_alert("Both", status="resolved"), make_alert("Three"), key="b"))
    bench.run(SECOND / 4)
    assert ["Three" in text for text in texts(bench)] == [False, True]
    assert "Both" not in texts(bench)[1]
    bench.sender.refusals.clear()
    bench.run(MINUTE)
    assert "Both" in texts(bench)[-1] or "Both" in texts(bench)[-2]
    assert bench.outbox.waiting() == 0


def test_nothing_is_summed_up_that_another_robot_may_be_telling(bench: Bench) -> None:
    bench.configure(make_pool("ops", 2, digest_after=SECOND, rate=Rate(4, MINUTE)))
    bench.sender.refuse("token-of-ops", AMBIGUOUS)
    bench.put(group(1))
    bench.run()
    crowd = [make_alert("Crowd", severity="info", instance=f"{n}" + "x" * 300) for n in range(900)]
    bench.put(*(make_delivery(alert, key=alert.fingerprint) for alert in crowd))
    bench.run(MINUTE)
    forms = bench.forms()
    assert forms[1:].count("digest") == 0
    bench.sender.refusals.clear()
    bench.run(20 * MINUTE)
    assert bench.outbox.waiting() == 0
    assert bench.outbox.queue() == {}


def test_while_a_digest_may_be_arriving_only_what_it_cannot_count_is_told(bench: Bench) -> None:
    bench.configure(make_pool("ops", 2, digest_after=SECOND, rate=Rate(4, MINUTE)))
    bench.sender.refuse("token-of-ops", AMBIGUOUS)
    crowd = [make_alert("Crowd", severity="info", instance=f"{n}" + "x" * 300) for n in range(900)]
    bench.put(*(make_delivery(alert, key=alert.fingerprint) for alert in crowd))
    bench.run()
    assert bench.forms() == ["digest"]
    urgent = make_alert("Urgent", severity="critical")
    older = crowd[0]
    bench.put(
        make_delivery(urgent, older, key="both", priority=Priority.HIGH), make_delivery(key="new")
    )
    bench.run(MINUTE)
    told = [
        text
        for token, text in zip(bench.sender.tokens, texts(bench), strict=True)
        if token == "token-of-ops-1"
    ]
    assert len(told) == 1
    assert ("Urgent" in told[0], "Crowd" in told[0]) == (True, False)
    bench.sender.refusals.clear()
    bench.run(20 * MINUTE)
    assert bench.outbox.waiting() == 0


def test_a_notice_that_may_be_arriving_is_sent_by_no_other_robot(bench: Bench) -> None:
    bench.sender.refuse("token-of-ops", AMBIGUOUS)
    bench.outbox.notify([Notice(robot="ops", title="t", text="Notice")], now=START)
    bench.put(group(1))
    bench.run(SECOND / 4)
    assert ["Notice" in text for text in texts(bench)] == [True, False]
    bench.sender.refusals.clear()
    bench.run(MINUTE)
    assert bench.outbox.waiting() == 0


def test_robots_that_share_a_token_take_turns(bench: Bench) -> None:
    """Whoever has not sent for longest is next, however much the other has to say."""
    ops = make_pool("ops", 1)
    bench.configure(ops, make_pool("db", 1, access_token=ops.access_token))
    bench.put(*(group(number) for number in range(30)))
    bench.run(MINUTE / 2)
    bench.put(make_delivery(make_alert("Late"), robot="db"))
    before = len(bench.sender.sent)
    bench.run(5 * SECOND)
    assert any("Late" in text for text in texts(bench)[before:])


def test_the_order_of_an_alert_holds_over_the_robots_of_a_pool(bench: Bench) -> None:
    for status in ("firing", "resolved") * 4:
        bench.put(*(group(number, status) for number in range(4)))
        bench.run(2 * SECOND)
    bench.run(10 * MINUTE)
    told = [text for text in texts(bench) if "Alert1" in text]
    assert len(told) >= 2
    assert "✅" in told[-1] or "恢复" in told[-1]
