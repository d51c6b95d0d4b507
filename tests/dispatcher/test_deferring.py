"""From the outbox to DingTalk: what is held back makes one digest and changes nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.core.delivery import Refused, Unreachable
from adapter.outbox import open_sqlite
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.deferral_contract import HOUR, MORNING, held, warning
from support.outbox_contract import SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    yield bench
    bench.outbox.close()


def titles(bench: Bench) -> list[str]:
    return [body["markdown"]["title"] for body in bench.sender.bodies]


def text(bench: Bench, number: int) -> str:
    return str(bench.sender.bodies[number]["markdown"]["text"])


def a_night(bench: Bench) -> None:
    for number in range(40):
        bench.put(held(warning("PodNotReady", pod=f"api-{number}"), key=str(number)))
    bench.run(4 * HOUR)
    for number in range(30):
        alert = warning("PodNotReady", over=True, pod=f"api-{number}")
        bench.put(held(alert, key=str(number)))
    bench.put(held(warning("TargetDown", over=True), key="before"))
    bench.run(4 * HOUR)


def test_a_night_is_told_in_one_digest_when_it_ends(bench: Bench) -> None:
    a_night(bench)
    assert titles(bench) == []
    bench.run(HOUR - SECOND)
    assert titles(bench) == []
    bench.run(SECOND)
    assert titles(bench) == ["🌙 暂缓告警 41 条 · 🟡 10"]
    lines = text(bench, 0).split("\n\n")
    assert lines[0] == "### 🌙 暂缓告警汇总：41 条（🟡 10 · ✅ 31）"
    assert lines[1] == "按路由设置暂缓发送，最早的已等待 9 小时"
    assert any(line.startswith("🟡 **PodNotReady ×10**") for line in lines)
    (over,) = (line for line in lines if line.startswith("✅ **PodNotReady ×30**"))
    assert over.endswith("· 期间触发，已恢复")
    (before,) = (line for line in lines if line.startswith("✅ **TargetDown**"))
    assert "期间触发" not in before
    bench.run(24 * HOUR)
    assert len(titles(bench)) == 1
    assert bench.outbox.waiting() == 0


def test_of_what_is_over_only_what_fired_meanwhile_is_said_to_have(bench: Bench) -> None:
    bench.put(held(warning("Pod", pod="a")))
    bench.put(held(warning("Pod", over=True, pod="a"), warning("Pod", over=True, pod="b"), key="l"))
    bench.run(9 * HOUR)
    assert "✅ **Pod ×2**" in text(bench, 0)
    assert "· 其中 1 条期间触发，已恢复" in text(bench, 0)


def test_nothing_else_changes_its_form_for_it(bench: Bench) -> None:
    a_night(bench)
    bench.put(make_delivery(make_alert("High")))
    bench.put(make_delivery(warning("Low"), key="low"))
    bench.run(timedelta(0))
    assert titles(bench) == ["🔴 严重 High", "🟡 警告 Low"]
    assert 'deliveries_pending{robot="ops"}' not in bench.page()
    bench.run(HOUR)
    bench.put(make_delivery(warning("Late"), key="late"))
    bench.run(timedelta(0))
    assert titles(bench)[2].startswith("🌙")
    assert titles(bench)[3] == "🟡 警告 Late"


def test_what_waits_at_the_end_is_told_after_the_digest_and_as_it_is(bench: Bench) -> None:
    bench.put(held(warning("Held")))
    bench.clock.advance(9 * HOUR)
    bench.put(make_delivery(warning("A"), key="a"), make_delivery(warning("B"), key="b"))
    bench.run(timedelta(minutes=1))
    assert [title.split()[0] for title in titles(bench)] == ["🌙", "🟡", "🟡"]


def test_latency_counts_from_the_end_of_the_deferral(bench: Bench) -> None:
    bench.put(held(warning("Held")))
    bench.run(9 * HOUR)
    assert "delivery_latency_seconds_sum 0.0" in bench.page()


def test_a_restart_forgets_nothing_and_repeats_the_same_bytes(bench: Bench, tmp_path: Path) -> None:
    a_night(bench)
    bench.sender.answers = [Unreachable("no answer", ambiguous=True)]
    bench.run(HOUR)
    bench.outbox.close()
    bench.outbox = open_sqlite(tmp_path / "adapter.db", bench.clock.now())
    bench.rewire()
    bench.put(held(warning("Tomorrow"), key="t", until=MORNING + 24 * HOUR))
    bench.run(HOUR)
    first, again = bench.sender.bodies
    assert first == again
    assert bench.outbox.waiting() == 1
    bench.run(24 * HOUR)
    assert titles(bench)[2].startswith("🌙 暂缓告警 1 条")


def test_a_refused_digest_is_told_in_lines_and_nothing_is_lost(bench: Bench) -> None:
    for number in range(3):
        bench.put(held(warning("Word", pod=f"api-{number}"), key=str(number)))
    bench.sender.answers = [Refused("430102", "inappropriate")]
    bench.run(10 * HOUR)
    assert bench.outbox.waiting() == 0
    told = "".join(text(bench, number) for number in range(1, len(titles(bench))))
    assert [told.count(f"api-{number}") > 0 for number in range(3)] == [True] * 3
    assert bench.outbox.dead() == {}
