"""`outbox`: what a person reads, and how a command reaches the owner of SQLite's file."""

from __future__ import annotations

import json
import socket
import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
import pytest

from adapter.cli.main import run
from adapter.core.quota import Rate
from adapter.core.turn import Fate, Settlement, Turn
from adapter.outbox import Changed, Listener, Outbox, Request, carry_out, open_sqlite
from adapter.outbox.control import socket_path
from adapter.secret import Secret
from support.alerts import make_alert, make_delivery
from support.clock import START
from support.outbox_contract import REFUSED, deliver, entries_of, launch_of, put, settle, take
from support.settings import make_robot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "c0ffee" * 8
MINUTE = timedelta(minutes=1)
BAD = make_alert("Bad", owner="13812345678")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a configuration."""
    document = {
        "storage": {"url": "sqlite:///adapter.db"},
        "robots": {"ops": {"access_token": TOKEN}},
        "route": {"robots": ["ops"]},
    }
    (tmp_path / "config.yml").write_text(json.dumps(document))
    return tmp_path


def owned(folder: Path) -> Outbox:
    """Own an outbox that has sent one message and has a dead letter, 1.0."""
    outbox = open_sqlite(folder / "adapter.db", START)
    put(outbox, make_delivery(BAD, key="bad"))
    for name in ("one", "two"):
        turn = take(outbox)
        outbox.launch(turn, launch_of(entries_of(turn), name), now=START)
        settle(outbox, turn, name, REFUSED, outcome=f"430101 refused access_token={TOKEN}")
    put(outbox, make_delivery(make_alert("Good\x1b[31m"), key="good"))
    deliver(outbox, name="three")
    return outbox


@pytest.fixture
def owner(folder: Path) -> Iterator[Outbox]:
    outbox = owned(folder)
    yield outbox
    outbox.close()


@pytest.fixture
def listener(folder: Path, owner: Outbox) -> Iterator[Listener]:
    def answer(request: Request) -> Changed:
        return carry_out(owner, request, START)

    listener = Listener(folder / "adapter.db", answer)
    listener.start()
    yield listener
    listener.stop()


def outbox(folder: Path, *arguments: str) -> int:
    return run(["outbox", "--config", str(folder / "config.yml"), *arguments])


@pytest.mark.usefixtures("owner")
def test_list_shows_everything_in_local_time_and_no_secret(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outbox(folder, "list") == 0
    text = capsys.readouterr().out
    assert "waiting: 0\n(none)\n\ndead letters: 1\nID   ROBOT  DIED" in text
    (dead,) = (line for line in text.splitlines() if line.startswith("1.0 "))
    for part in ("ops", START.astimezone().isoformat(), BAD.fingerprint, "Bad", "430101 refused"):
        assert part in dead
    (sent,) = (line for line in text.splitlines() if line.startswith("three "))
    assert sent.split()[1:4] == ["ops", "line", "1"]
    assert TOKEN not in text


def test_list_says_which_robot_cannot_send_and_what_to_do(
    folder: Path, owner: Outbox, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads((folder / "config.yml").read_text())
    document["robots"]["ops"]["pool"] = [{"access_token": "d00f" * 16}]
    (folder / "config.yml").write_text(json.dumps(document))
    put(owner, make_delivery(key="new"))
    for token, ill in ((TOKEN, "removed"), ("d00f" * 16, "exhausted"), ("unknown", "token")):
        key = make_robot(access_token=Secret(token)).token_key
        turn = owner.take_turn(token=key, robot="ops", rate=Rate(), now=START, lease=MINUTE)
        assert isinstance(turn, Turn)
        owner.launch(turn, launch_of(entries_of(turn), token), now=START)
        rests = Settlement(fate=Fate.DISSOLVED, rests_until=START + MINUTE, ill=ill)
        settle(owner, turn, token, rests, outcome=f"400106 gone access_token={token}")
    assert outbox(folder, "list") == 0
    section = capsys.readouterr().out.partition("\n\n")[0].splitlines()
    at, later = (each.astimezone().isoformat() for each in (START, START + MINUTE))
    assert section[0] == "robots that cannot send"
    first, second = (" ".join(line.split()) for line in section[2:])
    assert first == (
        f"ops removed {at} {later} the robot was removed from the group: add one, configure its "
        "webhook, and reload 400106 gone access_token=***"
    )
    assert second == (
        f"ops, number 1 of its pool exhausted {at} {later} the month's messages are used up: "
        "buy more, or wait for the month to turn 400106 gone access_token=***"
    )


@pytest.mark.usefixtures("owner")
def test_trace_tells_the_life_and_masks_mobiles(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outbox(folder, "trace", BAD.fingerprint) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"1.0  Bad firing  fingerprint {BAD.fingerprint}")
    assert "owner=138****5678" in lines[0]
    assert "received for robot ops, priority normal, receiver dingtalk" in lines[1]
    assert [" told in message one " in lines[2], " told in message two " in lines[3]] == [True] * 2
    at = START.astimezone().isoformat()
    assert lines[4] == f"  now dead at {at}: 430101 refused access_token=***"


@pytest.mark.usefixtures("owner")
def test_trace_takes_the_ids_of_the_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("1.0", "three"):
        assert outbox(folder, "trace", name) == 0
        traced = capsys.readouterr().out
        assert outbox(folder, "show", name) == 0
        assert traced == capsys.readouterr().out


@pytest.mark.usefixtures("owner")
def test_json_holds_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["list"], ["show", "1.0"], ["show", "three"], ["trace", BAD.fingerprint]):
        assert outbox(folder, *arguments, "--json") == 0
    shown = capsys.readouterr().out
    decoder, found = json.JSONDecoder(), []
    while shown.strip():
        value, end = decoder.raw_decode(shown)
        found.append(value)
        shown = shown[end:].lstrip()
    overview, life, message, trace = found
    assert [letter["id"] for letter in overview["dead"]] == ["1.0"]
    assert overview["dead"][0]["died_at"] == START.astimezone().isoformat()
    assert life["lives"] == trace["lives"]
    assert (message["message"]["state"], message["body"]) == ("sent", "body of three")


@pytest.mark.usefixtures("owner")
def test_labels_cannot_steer_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert outbox(folder, "show", "2") == 0
    text = capsys.readouterr().out
    assert ("\x1b" in text, "Good�[31m" in text) == (False, True)


def test_refused_webhooks_are_listed_and_shown_without_secrets(
    folder: Path, owner: Outbox, capsys: pytest.CaptureFixture[str]
) -> None:
    body = f'{{"alerts": "13812345678 {TOKEN} \x1b[31m'.encode() + b"\xff" * 70_000
    for number, refused in enumerate((b"{", body)):
        owner.keep_refused(refused, code=400 + 13 * number, reason="line 1, column 2", now=START)
    assert outbox(folder, "list", "--limit", "1") == 0
    section = capsys.readouterr().out.partition("refused webhooks: ")[2].splitlines()
    at = START.astimezone().isoformat()
    assert section[0] == "1 of 2"
    assert section[2].split(maxsplit=6) == [
        "refused:2", at, "413", "the", "first", "65536", "line 1, column 2"
    ]  # fmt: skip
    assert outbox(folder, "show", "refused:2") == 0
    shown = capsys.readouterr().out
    assert '{"alerts": "138****5678 *** �[31m�' in shown
    for arguments in ["show", "refused:2", "--json"], ["list", "--json"]:
        assert outbox(folder, *arguments) == 0
        shown = capsys.readouterr().out
        assert ('"kept_bytes": 65536' in shown, TOKEN in shown) == (True, False)
    assert outbox(folder, "show", "refused:3") == 1


@pytest.mark.usefixtures("owner")
def test_what_is_unknown_is_told_with_exit_code_1(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outbox(folder, "show", "9") == 1
    assert outbox(folder, "trace", "00ff") == 1
    told = capsys.readouterr().err.splitlines()
    assert told == [
        "9: names no delivery, alert, message or refused webhook that is kept",
        "00ff: no alert in the outbox has this fingerprint",
    ]


@pytest.mark.usefixtures("listener")
def test_a_change_goes_to_the_owner_through_the_socket(
    folder: Path, owner: Outbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stat.S_IMODE(socket_path(folder / "adapter.db").stat().st_mode) == 0o600
    assert outbox(folder, "retry", "1.0", "7.7") == 1
    said = capsys.readouterr()
    assert said.out == "1.0: waits again\n"
    assert said.err == "7.7: is no dead letter; see `outbox list`\n"
    assert owner.waiting() == 1
    assert outbox(folder, "discard", "1") == 0
    assert owner.waiting() == 0


def test_a_change_is_made_directly_where_nobody_owns_the_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owned(folder).close()
    assert outbox(folder, "retry", "1.0") == 0
    assert capsys.readouterr().out == "1.0: waits again\n"
    again = open_sqlite(folder / "adapter.db", START)
    assert again.waiting() == 1
    again.close()


@pytest.mark.usefixtures("owner")
def test_an_owner_that_does_not_listen_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outbox(folder, "retry", "1.0") == 1
    told = capsys.readouterr().err
    for part in ("is in use by process", "adapter.db.sock", "No such file", "run this as the user"):
        assert part in told


def test_the_socket_of_a_killed_owner_is_replaced_and_none_is_left(
    folder: Path, owner: Outbox
) -> None:
    path = socket_path(folder / "adapter.db")
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    listener = Listener(folder / "adapter.db", lambda request: carry_out(owner, request, START))
    listener.start()
    assert outbox(folder, "retry", "1.0") == 0
    listener.stop()
    assert not path.exists()


def test_a_file_of_that_name_is_left_alone(folder: Path, owner: Outbox) -> None:
    path = socket_path(folder / "adapter.db")
    path.write_text("mine")
    listener = Listener(folder / "adapter.db", lambda request: carry_out(owner, request, START))
    listener.start()
    listener.stop()
    assert path.read_text() == "mine"


@pytest.mark.parametrize("line", [b"no json\n", b'{"command": "drop", "ids": []}\n', b"\n"])
@pytest.mark.usefixtures("listener")
def test_nonsense_on_the_socket_is_answered_and_serving_goes_on(folder: Path, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(str(socket_path(folder / "adapter.db")))
        caller.sendall(line)
        answer = msgspec.json.decode(caller.makefile("rb").readline(), type=Changed)
    assert (answer.done, len(answer.problems)) == ((), 1)
    assert outbox(folder, "retry", "1.0") == 0
