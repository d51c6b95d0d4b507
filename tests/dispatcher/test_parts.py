"""A part of a series says which it is, and what is no part says nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from support.alerts import make_alert, make_delivery
from support.bench import Bench

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    yield bench
    bench.outbox.close()


def parts(bench: Bench) -> list[str]:
    """Return which part each message says it is; nothing where it says none."""
    titles = (body["markdown"]["title"] for body in bench.sender.bodies)
    return ["".join(re.findall(r"\(\d+/\d+\)", title)) for title in titles]


def test_a_group_that_fits_one_message_is_no_part(bench: Bench) -> None:
    """Though it was planned as two: an estimate is on the safe side."""
    alerts = [make_alert(instance=f"10.0.0.{number}:9100", rack="r1") for number in range(200)]
    bench.put(make_delivery(*alerts, key="large"))
    bench.put(make_delivery(make_alert("Other"), key="other"))
    bench.run(timedelta(minutes=1))
    assert parts(bench) == ["", ""]


def test_a_group_of_several_messages_counts_them_to_its_end(bench: Bench) -> None:
    alerts = [make_alert(instance=f"node-{number}-{'x' * 120}") for number in range(300)]
    bench.put(make_delivery(*alerts))
    bench.run(timedelta(minutes=1))
    told = parts(bench)
    count = len(told)
    assert count > 2
    assert [part.split("/")[0] for part in told] == [f"({n}" for n in range(1, count + 1)]
    assert told[-1] == f"({count}/{count})"
    bench.put(make_delivery(make_alert("After"), key="after"))
    bench.run(timedelta(minutes=1))
    assert parts(bench)[-1] == ""
