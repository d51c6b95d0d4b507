"""What no robot can take is told to a webhook that is not DingTalk, once, and waits on."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from structlog.testing import capture_logs

from adapter.core.delivery import Broken, Unreachable
from adapter.core.priority import Priority
from adapter.core.webhook import decode_webhook
from adapter.dispatcher import strands_of
from adapter.last_resort import LastResort
from adapter.outbox import open_history
from adapter.secret import Secret
from support.alerts import make_alert, make_delivery
from support.bench import Bench
from support.scripted_server import ScriptedServer, answer
from support.settings import make_robot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MINUTE = timedelta(minutes=1)
CUT = Unreachable("the connection was refused", ambiguous=False)
REMOVED = Broken("400106", "gone", "removed")


class Stuck:
    """Hold robots that cannot send, and the last resort of theirs."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench(folder / "adapter.db")
        self.bench.configure(make_robot("ops", fallback="backup"), make_robot("backup"))
        for token in "token-of-ops", "token-of-backup":
            self.bench.sender.refuse(token, CUT)

    def tell(self, server: ScriptedServer, *, path: str = "/hook?key=hunter2") -> None:
        """Do what the thread does every few seconds."""
        LastResort(
            self.bench.outbox,
            self.bench.clock,
            target=lambda: Secret(server.url + path),
            strands=lambda: strands_of(self.bench.equipment.robots),
            jitter=lambda: 0.5,
        ).step()


@pytest.fixture
def stuck(tmp_path: Path) -> Iterator[Stuck]:
    stuck = Stuck(tmp_path)
    yield stuck
    stuck.bench.outbox.close()


def bodies(server: ScriptedServer) -> list[dict[str, Any]]:
    return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in server.requests]


def test_what_no_robot_took_for_ten_minutes_is_told_once_high_first_and_waits_on(
    stuck: Stuck,
) -> None:
    firing = make_alert("A", instance="db-1")
    stuck.bench.put(make_delivery(firing, make_alert("B", status="resolved"), key="g"))
    stuck.bench.put(make_delivery(make_alert("High"), key="h", priority=Priority.HIGH))
    with ScriptedServer(answer(b"ok")) as server:
        stuck.bench.run(9 * MINUTE)
        stuck.tell(server)
        assert server.requests == []
        stuck.bench.run(10 * MINUTE)
        stuck.tell(server)
        stuck.tell(server)
        high, told = bodies(server)
        assert [alert["labels"]["alertname"] for alert in high["alerts"]] == ["High"]
        assert (told["version"], told["groupKey"], told["status"]) == ("4", "g", "firing")
        assert [alert["status"] for alert in told["alerts"]] == ["firing", "resolved"]
        assert told["alerts"][0]["endsAt"] == "0001-01-01T00:00:00Z"
        assert decode_webhook(json.dumps(told).encode()).alerts[0].labels == firing.labels
        assert b"POST /hook?key=hunter2 " in server.requests[0]
    assert stuck.bench.outbox.waiting() == 2
    with closing(open_history(stuck.bench.path, None)) as history:
        (life,) = history.trace(firing.fingerprint).lives
    assert (life.state, life.last_resort_at) == ("pending", stuck.bench.clock.now())
    stuck.bench.sender.refusals.clear()
    stuck.bench.run(10 * MINUTE)
    assert stuck.bench.outbox.waiting() == 0, "the group gets it as soon as it can"


def test_what_was_deferred_is_told_once_it_has_been_due_for_ten_minutes(stuck: Stuck) -> None:
    nightly = make_delivery(make_alert("Nightly"), key="n")
    until = stuck.bench.clock.now() + 60 * MINUTE
    stuck.bench.put(msgspec.structs.replace(nightly, deferred_until=until))
    stuck.bench.put(make_delivery(make_alert("Daily"), key="d"))
    with ScriptedServer(answer(b"ok")) as server:
        stuck.bench.run(69 * MINUTE)
        stuck.tell(server)
        assert [body["groupKey"] for body in bodies(server)] == ["d"]
        stuck.bench.run(MINUTE)
        stuck.tell(server)
        stuck.tell(server)
        assert [body["groupKey"] for body in bodies(server)] == ["d", "n"]
    stuck.bench.sender.refusals.clear()
    stuck.bench.run(10 * MINUTE)
    assert stuck.bench.outbox.waiting() == 0


def test_while_the_fallback_can_send_nothing_is_told(stuck: Stuck) -> None:
    del stuck.bench.sender.refusals["token-of-backup"]
    stuck.bench.sender.refuse("token-of-ops", REMOVED)
    stuck.bench.put(make_delivery(key="a"))
    with ScriptedServer(answer(b"ok")) as server:
        stuck.bench.run(30 * MINUTE)
        stuck.tell(server)
        assert server.requests == []


def test_what_it_refuses_is_tried_again_later_and_its_url_is_never_told(stuck: Stuck) -> None:
    stuck.bench.put(make_delivery(key="a"))
    stuck.bench.run(20 * MINUTE)
    with ScriptedServer(answer(b"no", status="500 Oh")) as server, capture_logs() as lines:
        stuck.tell(server)
        stuck.tell(server)
        assert len(server.requests) == 1
        stuck.bench.run(timedelta(seconds=1))
        stuck.tell(server)
        assert len(server.requests) == 2
    assert [line["why"] for line in lines if line["event"] == "last resort not told"] == [
        "it answered HTTP 500; expected 200"
    ] * 2
    stuck.bench.run(MINUTE)
    with capture_logs() as more:
        stuck.tell(server)
    (line,) = (line for line in more if line["event"] == "last resort not told")
    assert "is last_resort.webhook right?" in line["why"]
    assert "hunter2" not in str(lines) + str(more)
    assert "127.0.0.1" not in str(more)


def test_without_a_target_nothing_is_leased(stuck: Stuck) -> None:
    stuck.bench.put(make_delivery(key="a"))
    stuck.bench.run(20 * MINUTE)
    nowhere = LastResort(
        stuck.bench.outbox,
        stuck.bench.clock,
        target=lambda: None,
        strands=lambda: strands_of(stuck.bench.equipment.robots),
        jitter=lambda: 0.5,
    )
    nowhere.step()
    with ScriptedServer(answer(b"ok")) as server:
        stuck.tell(server)
        assert len(server.requests) == 1
