"""Who is rung by what is really sent, over restarts and failures, with a clock that jumps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest
from structlog.testing import capture_logs

from adapter.core.delivery import Refused, Throttled, Unreachable
from adapter.outbox import open_sqlite
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.mentions import DIRECTORY, ringing, rule, rung_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.core.alerts import Alert
    from adapter.core.mentions import MentionRule

MINUTE = timedelta(minutes=1)
ON_CALL = rule("schedule:sre")
AMBIGUOUS = Unreachable("no answer within the timeout", ambiguous=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "adapter.db")
    bench.equipment = replace(bench.equipment, directory=DIRECTORY)
    yield bench
    bench.outbox.close()


def put(bench: Bench, *alerts: Alert, by: MentionRule = ON_CALL, key: str = "k") -> None:
    bench.put(ringing(make_delivery(*alerts, key=key), by))


def tell(bench: Bench, *alerts: Alert, by: MentionRule = ON_CALL) -> list[tuple[str, ...]]:
    """Deliver these alerts in an hour of peace; return whom each message rang."""
    before = len(bench.sender.bodies)
    put(bench, *alerts, by=by)
    bench.run(timedelta(hours=1))
    return [rung_by(sent) for sent in bench.sender.bodies[before:]]


def over(name: str = "A") -> Alert:
    return make_alert(name, status="resolved")


def test_who_is_on_call_is_rung_once_for_an_alert(bench: Bench) -> None:
    assert tell(bench, make_alert("A")) == [("zhang",)]
    assert tell(bench, make_alert("A")) == [()]
    assert tell(bench, over()) == [()]


def test_a_new_outbreak_rings_anew(bench: Bench) -> None:
    tell(bench, make_alert("A"))
    tell(bench, over())
    again = msgspec.structs.replace(make_alert("A"), starts_at=bench.clock.now())
    assert tell(bench, again) == [("zhang",)]


def test_a_new_alert_of_a_known_group_rings(bench: Bench) -> None:
    tell(bench, make_alert("A"))
    assert tell(bench, make_alert("A"), make_alert("B")) == [("zhang",)]


def test_a_restart_forgets_nothing(bench: Bench, tmp_path: Path) -> None:
    tell(bench, make_alert("A"))
    bench.outbox.close()
    bench.outbox = open_sqlite(tmp_path / "adapter.db", bench.clock.now())
    bench.rewire()
    assert tell(bench, make_alert("A")) == [()]


def test_repeats_and_ends_ring_where_a_rule_names_them(bench: Bench) -> None:
    often = rule("schedule:sre", on=["repeat", "resolved"])
    assert tell(bench, make_alert("A"), by=often) == [()]
    assert tell(bench, make_alert("A"), by=often) == [("zhang",)]
    assert tell(bench, over(), by=often) == [("zhang",)]


def test_what_fired_and_resolved_while_it_waited_rings_nobody(bench: Bench) -> None:
    always = rule("schedule:sre", on=["firing", "repeat", "resolved"])
    put(bench, make_alert("A"), by=always)
    assert tell(bench, over(), by=always) == [()]


@pytest.mark.parametrize(
    "failure",
    [AMBIGUOUS, Unreachable("refused", ambiguous=False), Throttled("660026", "too many")],
)
def test_after_a_failure_the_message_that_arrives_rings(
    bench: Bench, failure: Throttled | Unreachable
) -> None:
    bench.sender.answers = [failure]
    assert tell(bench, make_alert("A")) == [("zhang",), ("zhang",)]
    assert tell(bench, make_alert("A")) == [()]


def test_a_frozen_message_keeps_its_bytes_when_the_duty_changes_hands(bench: Bench) -> None:
    bench.sender.answers = [AMBIGUOUS]
    put(bench, make_alert("A"))
    bench.run()
    lee = {"zhang": replace(DIRECTORY.people["lee"], key="zhang")}
    bench.equipment = replace(bench.equipment, directory=replace(DIRECTORY, people=lee))
    bench.run(MINUTE)
    first, second = (body for _, body in bench.sender.sent)
    assert first == second


def test_who_that_is_is_read_when_the_message_is_made(bench: Bench) -> None:
    put(bench, make_alert("A"))
    new = {"zhang": replace(DIRECTORY.people["zhang"], mobile="+852-12345678")}
    bench.equipment = replace(bench.equipment, directory=replace(DIRECTORY, people=new))
    bench.run()
    assert [sent["at"]["atMobiles"] for sent in bench.sender.bodies] == [["+852-12345678"]]


def test_refused_content_rings_when_it_is_told_plainly(bench: Bench) -> None:
    bench.sender.answers = [Refused("430102", "inappropriate")]
    assert tell(bench, make_alert("A")) == [("zhang",), ("zhang",)]


def test_the_parts_of_a_series_ring_once(bench: Bench) -> None:
    alerts = [make_alert("A", instance=f"node-{n}", words=f"{n:0150}") for n in range(400)]
    rung = tell(bench, *alerts)
    assert len(rung) > 2
    assert rung == [("zhang",), *[()] * (len(rung) - 1)]
    assert tell(bench, *alerts)[0] == ()


def test_a_part_that_did_not_arrive_has_rung_nobody(bench: Bench) -> None:
    alerts = [make_alert("A", instance=f"node-{n}", words=f"{n:0150}") for n in range(400)]
    bench.sender.answers = [Unreachable("refused", ambiguous=False)]
    assert tell(bench, *alerts)[:3] == [("zhang",), ("zhang",), ()]


def test_a_digest_rings_once_for_all_that_is_new(bench: Bench) -> None:
    bench.outbox.enqueue(
        [
            ringing(
                make_delivery(
                    make_alert(f"A{n}", severity="warning", text="x" * 250, owner=owner),
                    key=str(n),
                ),
                rule("label:owner"),
            )
            for n in range(3_000)
            for owner in ["lee" if n == 2_999 else "zhang"]
        ],
        now=bench.clock.now(),
        dedup_window=timedelta(0),
    )
    bench.dispatcher.wake(["ops"])
    bench.run(10 * MINUTE)
    digests = [sent for sent in bench.sender.bodies if "3000" in sent["markdown"]["title"]]
    assert [rung_by(sent) for sent in digests] == [("zhang", "lee")]
    assert bench.outbox.waiting() == 0


def test_what_means_nobody_is_counted_and_logged(bench: Bench) -> None:
    nobody = rule("label:owner", otherwise=["zhang"])
    with capture_logs() as logs:
        assert tell(bench, make_alert("A", owner="13912345678"), by=nobody) == [("zhang",)]
    [line] = [each for each in logs if each["event"] == "mentions that mean nobody"]
    assert line["mentions"] == ("label:owner=13912345678",)  # the log's wall masks the number
    assert "mentions_unresolved_total 1.0" in bench.page()


def test_who_is_left_out_is_logged_masked(bench: Bench) -> None:
    crowd = rule(*(f"mobile:139{number:08}" for number in range(51)))
    with capture_logs() as logs:
        tell(bench, make_alert("A"), by=crowd)
    [line] = [each for each in logs if each["event"] == "more people than a message can ring"]
    assert line["left_out"] == ["139****0050"]
