"""Whatever is posted, fails, crashes and passes, in any order: the laws of delivery hold."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from adapter.core.delivery import (
    Broken,
    Delivery,
    Outcome,
    Refused,
    Sent,
    Throttled,
    TooBig,
    Unreachable,
)
from adapter.errors import StoreUnavailable
from adapter.outbox import open_sqlite
from adapter.outbox.bits import unpack
from adapter.outbox.rows import to_delivery
from adapter.outbox.tables import batches, deferred, deliveries, items
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.settings import make_pool, make_robot

if TYPE_CHECKING:
    from adapter.config.settings import RobotSettings

MINUTE = timedelta(minutes=1)
EXAMPLES = 2_000 if os.environ.get("VERIFY") else 25

OUTCOMES: list[Outcome] = [
    Sent(),
    Unreachable("no answer within the timeout", ambiguous=True),
    Unreachable("the connection was refused", ambiguous=False),
    Throttled("660026", "too many"),
    Broken("310000", "sign not match", "sign"),
    Refused("430102", "inappropriate"),
    TooBig("460101", "too long"),
]

CRASHES = ("before sending", "after sending")


class Delivering(RuleBasedStateMachine):
    """Post, duplicate, fail, crash, restart and let time pass."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "adapter.db"
        self.bench = Bench(self.path)
        self.plan: list[Outcome | str] = []
        self.requests: list[tuple[datetime, str, bytes]] = []
        self.tokens: dict[str, set[str]] = defaultdict(set)  # by message
        self.times: dict[str, list[datetime]] = defaultdict(list)  # of requests, by token
        self.accepted: list[str] = []  # message ids in the order in which DingTalk took them
        self.posted: list[Delivery] = []
        self._connect()

    def _connect(self) -> None:
        self.bench.sender.send = self.send  # type: ignore[method-assign]  # a DingTalk of our own

    def send(self, robot: RobotSettings, body: bytes) -> Outcome:
        token = robot.access_token.reveal()
        what = self.plan.pop(0) if self.plan else Sent()
        if what == "before sending":
            raise StoreUnavailable("as if the process had been killed here")
        message = body.partition(b'"msgUuid":"')[2].partition(b'"')[0].decode()
        self.requests.append((self.bench.clock.now(), message, body))
        self.tokens[message].add(token)
        self.times[token].append(self.bench.clock.now())
        taken = isinstance(what, Sent) or what == "after sending"
        if taken or (isinstance(what, Unreachable) and what.ambiguous):
            self.accepted.append(message)
        if what == "after sending":
            raise StoreUnavailable("as if the process had been killed here")
        assert not isinstance(what, str)
        return what

    @initialize(size=st.integers(1, 3), fallback=st.sampled_from(["", "backup"]))
    def begin(self, size: int, fallback: str) -> None:
        """Let one robot send, or the robots of a pool, or another one in their stead."""
        ops = make_pool("ops", size, fallback=fallback, fallback_after=2 * MINUTE)
        self.bench.configure(ops, make_robot("backup"))

    @rule(
        group=st.integers(0, 5),
        states=st.lists(st.sampled_from(["firing", "resolved"]), min_size=1, max_size=4),
        severity=st.sampled_from(["critical", "warning"]),
        hours=st.sampled_from([0, 0, 1, 3]),
    )
    def post(self, group: int, states: list[str], severity: str, hours: int) -> None:
        alerts = [
            make_alert(f"Alert{group}", status=state, severity=severity, instance=str(number))
            for number, state in enumerate(states)
        ]
        delivery = make_delivery(*alerts, key=str(group))
        if hours:
            until = self.bench.clock.now() + timedelta(hours=hours)
            delivery = msgspec.structs.replace(delivery, deferred_until=until)
        accepted = self.bench.outbox.enqueue(
            [delivery], now=self.bench.clock.now(), dedup_window=3 * MINUTE
        )
        if accepted.deliveries:
            self.posted.append(delivery)
        self.bench.dispatcher.wake(["ops"])

    @rule()
    def duplicate(self) -> None:
        if self.posted:
            self.bench.outbox.enqueue(
                [self.posted[-1]], now=self.bench.clock.now(), dedup_window=1000 * MINUTE
            )

    @rule(outcomes=st.lists(st.sampled_from([*OUTCOMES, *CRASHES]), max_size=4))
    def fail(self, outcomes: list[Outcome | str]) -> None:
        self.plan += outcomes

    @rule(seconds=st.sampled_from([0, 1, 5, 30, 61, 600, 7200]))
    def pass_time(self, seconds: int) -> None:
        self.bench.run(timedelta(seconds=seconds))

    @rule()
    def restart(self) -> None:
        self.bench.outbox.close()
        self.bench.outbox = open_sqlite(self.path, self.bench.clock.now())
        self.bench.rewire()
        self._connect()

    @invariant()
    def the_rate_holds(self) -> None:
        for times in self.times.values():
            for index in range(len(times) - 20):
                assert times[index + 20] - times[index] >= MINUTE

    @invariant()
    def a_message_never_changes(self) -> None:
        bodies: dict[str, set[bytes]] = defaultdict(set)
        for _, message, body in self.requests:
            bodies[message].add(body)
        assert all(len(each) == 1 for each in bodies.values())
        assert all(len(each) == 1 for each in self.tokens.values()), "it stays with its token"

    def teardown(self) -> None:
        self.plan.clear()
        self.bench.run(timedelta(hours=9))
        try:
            assert self.bench.outbox.waiting() == 0
            self.check_what_was_told()
        finally:
            self.bench.outbox.close()
            self.folder.cleanup()

    def read(self, table: Any) -> list[Any]:  # noqa: ANN401  # any table
        return list(
            self.bench.outbox._writer.run(  # noqa: SLF001  # to see what was kept
                lambda connection: connection.execute(select(table)).all()
            )
        )

    def check_what_was_told(self) -> None:
        """Each alert state is told by one message, or by one that tells a newer state of it."""
        sent = {row.id: row for row in self.read(batches) if row.state == "sent"}
        assert set(sent) <= set(self.accepted), "what is settled as sent was taken by DingTalk"
        rows = {row.id: row for row in self.read(deliveries)}
        assert all(row.state not in {"pending", "deferred"} for row in rows.values())
        assert all(row.superseded_by for row in self.read(deferred)), "told, or replaced"
        gone: dict[int, list[int]] = defaultdict(list)
        order: dict[object, list[tuple[int, int]]] = defaultdict(list)
        # Where DingTalk refused one of a group, it waits for its trial: others of the group do not.
        tried = {to_delivery(row.payload).group.group_key for row in rows.values() if row.suspect}
        for item in self.read(items):
            if item.batch in sent and sent[item.batch].form != "digest":
                row, at = rows[item.delivery], self.accepted.index(item.batch)
                told = unpack(item.told, row.alerts)
                gone[item.delivery] += sorted(told | unpack(item.covered, row.alerts))
                group = to_delivery(row.payload).group
                for index in told:
                    order[group.alerts[index].fingerprint].append((at, item.delivery))
                    if group.group_key not in tried:
                        order[group.group_key, index].append((at, item.delivery))
        assert all(len(each) == len(set(each)) for each in gone.values()), "told twice"
        for told_at in order.values():
            ids = [delivery for _, delivery in sorted(told_at)]
            assert ids == sorted(ids), "an older state was told after a newer one"


def test_the_laws_of_delivery() -> None:
    run_state_machine_as_test(
        Delivering, settings=settings(max_examples=EXAMPLES, stateful_step_count=25)
    )
