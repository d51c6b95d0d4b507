"""`send`: from the command line to the group, where nobody owns the store."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adapter.cli.main import run
from adapter.errors import StoreLocked
from adapter.outbox import open_history, open_sqlite
from adapter.outbox.sqlite import acquire_lock
from adapter.secret import Secret
from adapter.simulator import Member, Rate, Robot, SimulatorSettings, running
from support.alerts import make_delivery
from support.calendars import calendar, event
from support.clock import START
from support.messages import EXAMPLES, FORCED, HOME, PICTURE
from support.outbox_contract import put
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.simulator import Running

ROOT = Path(__file__).parents[2]
SECRET = "SEC" + "0f1e" * 16
ROBOT = Robot(name="ops", access_token=Secret("5e7d" * 10), secret=Secret(SECRET))
SETTINGS = SimulatorSettings(
    robots=(ROBOT,),
    rate=Rate(messages=100),
    denied_words=("forbidden",),
    members=(
        Member(name="张三", mobile="13800000001", user_id="zhang"),
        Member(name="Lee", mobile="+852-12345678", user_id="lee"),
    ),
)


@pytest.fixture
def dingtalk() -> Iterator[Running]:
    with running(SETTINGS) as serving:
        yield serving


@pytest.fixture
def folder(tmp_path: Path, dingtalk: Running) -> Path:
    configure(tmp_path, dingtalk.url)
    return tmp_path


def configure(folder: Path, api_url: str, **robot: object) -> None:
    section = {
        "access_token": ROBOT.access_token.reveal(),
        "secret": SECRET,
        "api_url": api_url,
        "timeout": "2s",
        **robot,
    }
    document = {
        "storage": {"url": "sqlite:///data/adapter.db"},
        "robots": {"ops": section},
        "route": {"robots": ["ops"]},
    }
    (folder / "config.yml").write_text(json.dumps(document))


def send(folder: Path, *arguments: str) -> int:
    return run(["send", "--config", str(folder / "config.yml"), "--robot", "ops", *arguments])


def bodies(dingtalk: Running) -> list[dict[str, Any]]:
    """Return what has reached the group, without the keys that we have made up."""
    found = [dict(message.body) for message in dingtalk.messages()]
    for body in found:
        assert len(str(body.pop("msgUuid"))) == 36
    return found


def test_a_test_rings_who_is_on_call_and_says_so(
    folder: Path, dingtalk: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "config.yml"
    document = json.loads(path.read_text())
    document["people"] = {
        "zhang": {"name": "张三", "mobile": "13800000001"},
        "lee": {"mobile": "+852-12345678"},
    }
    layer = {"rotation": "daily", "start": "2020-01-06T09:00", "people": ["zhang"]}
    document["schedules"] = {"sre": {"layers": [layer]}}
    document["route"]["mention"] = ["schedule:sre", "all", "label:owner"]
    path.write_text(json.dumps(document))
    assert send(folder, "test") == 0
    [message] = dingtalk.messages()
    assert message.notified == ("张三",)
    assert "测试消息" in message.text
    told = capsys.readouterr().out
    assert "rings 张三 138****0001; nobody is meant by label:owner=\n" in told
    assert "sent: DingTalk answered ok" in told


def test_a_test_rings_whom_a_calendar_names_and_says_which_cannot_be_read(
    folder: Path, dingtalk: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    always = event(title="zhang", start="DTSTART:20200101T000000Z", end="DTEND:20990101T000000Z")
    (folder / "sre.ics").write_bytes(calendar(always))
    path = folder / "config.yml"
    document = json.loads(path.read_text())
    document["people"] = {"zhang": {"name": "张三", "mobile": "13800000001"}}
    files = {"sre": "sre.ics", "db": "none.ics"}
    document["schedules"] = {name: {"ical": {"file": file}} for name, file in files.items()}
    document["route"]["mention"] = ["schedule:sre", "schedule:db"]
    path.write_text(json.dumps(document))
    assert send(folder, "test") == 0
    [message] = dingtalk.messages()
    assert message.notified == ("张三",)
    told = capsys.readouterr()
    assert "rings 张三 138****0001; nobody is meant by schedule:db\n" in told.out
    assert told.err == (
        "warning: schedules.db: the file cannot be read: there is no such file; "
        "it rings nobody here\n"
    )


TITLE = ("--title", "一间咖啡厅的来历")
COMMANDS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "text": (
        ("text", "hello", "--at", "13800000001", "--at-user", "lee"),
        {
            "msgtype": "text",
            "text": {"content": "hello"},
            "at": {"atMobiles": ["13800000001"], "atUserIds": ["lee"], "isAtAll": False},
        },
    ),
    "text to all": (
        ("text", "hello", "--at-all", "--at", "13800000001"),
        {"msgtype": "text", "text": {"content": "hello"}, "at": {"isAtAll": True}},
    ),
    "link": (
        ("link", "--title", "a", "--text", "b", "--url", HOME, "--picture", PICTURE),
        {
            "msgtype": "link",
            "link": {"title": "a", "text": "b", "messageUrl": HOME, "picUrl": PICTURE},
        },
    ),
    "markdown": (
        ("markdown", "--title", "a", "### b", "--at", "+852-12345678", "--at-user", "zhang"),
        {
            "msgtype": "markdown",
            "markdown": {"title": "a", "text": "### b\n\n@+852-12345678 @zhang"},
            "at": {"atMobiles": ["+852-12345678"], "atUserIds": ["zhang"], "isAtAll": False},
        },
    ),
    "one button": (
        ("action-card", *TITLE, "b", "--button", "阅读全文", HOME, "--hide-avatar"),
        {
            "msgtype": "actionCard",
            "actionCard": {
                "title": TITLE[1],
                "text": "b",
                "singleTitle": "阅读全文",
                "singleURL": HOME,
                "hideAvatar": "1",
            },
        },
    ),
    "two buttons": (
        (
            *("action-card", *TITLE, "b", "--button", "好", HOME, "--button", "不好", FORCED),
            *("--horizontal", "--at", "13800000001"),
        ),
        {
            "msgtype": "actionCard",
            "actionCard": {
                "title": TITLE[1],
                "text": "b\n\n@13800000001",
                "btns": [
                    {"title": "好", "actionURL": HOME},
                    {"title": "不好", "actionURL": FORCED},
                ],
                "btnOrientation": "1",
            },
            "at": {"atMobiles": ["13800000001"], "atUserIds": [], "isAtAll": False},
        },
    ),
    "feed card": (
        ("feed-card", "--link", "一", HOME, PICTURE, "--link", "二", FORCED, PICTURE),
        {
            "msgtype": "feedCard",
            "feedCard": {
                "links": [
                    {"title": "一", "messageURL": HOME, "picURL": PICTURE},
                    {"title": "二", "messageURL": FORCED, "picURL": PICTURE},
                ]
            },
        },
    ),
}


def test_every_type_can_be_said_in_options(
    folder: Path, dingtalk: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, _ in COMMANDS.values():
        assert send(folder, *arguments) == 0, capsys.readouterr().err
    assert bodies(dingtalk) == [body for _, body in COMMANDS.values()]
    rung = [message.notified for message in dingtalk.messages()]
    both, nobody = ("张三", "Lee"), ()
    assert rung == [both, both, nobody, both, nobody, ("张三",), nobody]
    said = capsys.readouterr()
    assert said.out.startswith("sent: DingTalk answered ok; m1 for robot ops (msgUuid ")
    assert said.err == ""


def test_raw_sends_every_example_of_the_documentation_as_it_is(
    folder: Path, dingtalk: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = folder / "message.json"
    for number, example in enumerate(EXAMPLES.values()):
        content = json.dumps(example, ensure_ascii=number % 2 == 0)
        if number % 2:
            file.write_text(content)
            assert send(folder, "raw", str(file)) == 0
        else:
            stdin = io.TextIOWrapper(io.BytesIO(content.encode()))
            monkeypatch.setattr(sys, "stdin", stdin)
            assert send(folder, "raw", "-") == 0
    assert bodies(dingtalk) == list(EXAMPLES.values())


def test_a_text_may_come_from_standard_input(
    folder: Path, dingtalk: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("第一行\n第二行"))
    assert send(folder, "text", "-") == 0
    assert bodies(dingtalk)[0]["text"] == {"content": "第一行\n第二行"}


def test_the_same_uuid_is_sent_once(folder: Path, dingtalk: Running) -> None:
    for _ in range(2):
        assert send(folder, "text", "x", "--msg-uuid", "deploy-7") == 0
    [message] = dingtalk.messages()
    assert message.msg_uuid == "deploy-7"
    assert len(dingtalk.requests()) == 1


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (("text", ""), "`text.content` is empty"),
        (("markdown", "--title", "a" * 65, "b"), "`markdown.title` has 65 characters; at most 64"),
        (("text", "x" * 19_001), "at most 19,000 are sent"),
        (("text", "x", "--msg-uuid", "a b"), "`msgUuid` has to be"),
        (("action-card", "--title", "a", "b"), "Missing option '--button'"),
        (("feed-card",), "Missing option '--link'"),
    ],
)
def test_a_message_that_cannot_be_sent_is_told(
    folder: Path, arguments: tuple[str, ...], found: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(folder, *arguments) == 2
    assert found in capsys.readouterr().err
    assert not (folder / "data" / "adapter.db").exists()


def test_json_that_is_no_message_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "m.json").write_text('{"msgtype": "actioncard"}')
    assert send(folder, "raw", str(folder / "m.json")) == 2
    assert "none of DingTalk's message types" in capsys.readouterr().err


def test_an_unknown_robot_is_told_with_those_there_are(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(folder / "config.yml")
    assert run(["send", "--config", config, "--robot", "opps", "text", "x"]) == 2
    assert "--robot opps: there is no such robot; robots: ops" in capsys.readouterr().err


def test_a_mention_that_rings_nobody_is_warned_of(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert send(folder, "text", "x", "--at", "8613800000001") == 0
    told = capsys.readouterr().err
    assert told.startswith("warning: `at.atMobiles[0]` rings nobody: expected 11 digits")
    assert "13800000001" not in told


def test_what_dingtalk_refuses_is_told_and_can_be_given_up(
    folder: Path, dingtalk: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(folder / "config.yml")
    assert send(folder, "text", "forbidden") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("dead: 430102 ")
    assert "or: outbox retry m1" in said.err
    assert run(["outbox", "--config", config, "list"]) == 0
    listed = capsys.readouterr().out
    (line,) = (each for each in listed.splitlines() if each.startswith("m1 "))
    assert [part in line for part in ("dead", "text", "forbidden", "430102")] == [True] * 4
    dingtalk.configure(denied_words=())
    assert run(["outbox", "--config", config, "retry", "m1"]) == 0
    assert send(folder, "text", "second") == 0
    assert [body["text"]["content"] for body in bodies(dingtalk)] == ["forbidden", "second"]
    capsys.readouterr()
    assert run(["outbox", "--config", config, "show", "m1", "--json"]) == 0
    [shown] = json.loads(capsys.readouterr().out)["asked"]
    assert [message["state"] for message in shown["messages"]] == ["refused", "sent"]
    assert run(["outbox", "--config", config, "trace", shown["msg_uuid"]]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[:2] == ["m1", "ops"]


def test_a_wrong_token_is_told_and_the_message_waits(
    folder: Path, dingtalk: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(folder, dingtalk.url, access_token="dead" * 10)
    assert send(folder, "text", "x") == 1
    told = capsys.readouterr().err
    assert told.startswith("not sent: 300005 token is not exist\nm1 for robot ops (msgUuid ")
    assert "to give it up: outbox discard m1" in told
    assert "dead" * 10 not in told
    config = str(folder / "config.yml")
    assert run(["outbox", "--config", config, "discard", "m1"]) == 0
    assert run(["outbox", "--config", config, "show", "m1"]) == 0
    assert " discarded " in capsys.readouterr().out


def test_what_the_rate_does_not_allow_is_queued_and_says_when(
    folder: Path, dingtalk: Running, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(folder, dingtalk.url, rate={"messages": 1, "per": "1h"})
    assert send(folder, "text", "one") == 0
    assert send(folder, "text", "two") == 0
    told = capsys.readouterr().out.splitlines()[1]
    assert told.startswith("queued: m2 for robot ops")
    assert "waits for the robot's rate, not before 20" in told
    assert len(dingtalk.messages()) == 1


def test_wait_waits_for_the_rate(folder: Path, dingtalk: Running) -> None:
    configure(folder, dingtalk.url, rate={"messages": 1, "per": "1s"})
    assert send(folder, "text", "one") == 0
    assert send(folder, "text", "two", "--wait") == 0
    assert [body["text"]["content"] for body in bodies(dingtalk)] == ["one", "two"]


def test_alerts_that_wait_are_left_to_serve(folder: Path, dingtalk: Running) -> None:
    outbox = open_sqlite(folder / "data" / "adapter.db", START)
    put(outbox, make_delivery())
    outbox.close()
    assert send(folder, "text", "x") == 0
    assert [body["msgtype"] for body in bodies(dingtalk)] == ["text"]
    outbox = open_sqlite(folder / "data" / "adapter.db", START)
    assert outbox.waiting() == 1
    outbox.close()


@pytest.mark.usefixtures("dingtalk")
def test_an_owner_that_does_not_listen_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    owner = open_sqlite(folder / "data" / "adapter.db", START)
    assert send(folder, "text", "x") == 1
    assert "run this as the user that `serve` runs as" in capsys.readouterr().err
    owner.close()


@pytest.mark.parametrize("page", ["docs/messages.md", "docs/zh/messages.md"])
def test_every_example_of_the_documentation_works(
    folder: Path, dingtalk: Running, page: str
) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    [document] = re.findall(r"^```json\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (folder / "message.json").write_text(document, encoding="utf-8")
    lines = re.findall(r"^alertmanager-dingtalk (send .*)$", text, re.MULTILINE)
    for line in lines:
        words = (
            str(folder / word) if word in ("config.yml", "message.json") else word
            for word in shlex.split(line)
        )
        assert run(list(words)) == 0, line
    *others, test, last = dingtalk.messages()
    kinds = [message.body["msgtype"] for message in others]
    assert kinds == ["text", "link", "markdown", "actionCard", "feedCard", "actionCard"]
    assert dict(others[-1].body) == json.loads(document)
    assert others[-1].notified == ("张三",)
    assert (test.body["msgtype"], test.notified) == ("markdown", ())  # nobody is configured
    assert last.msg_uuid == "release-1.4-out"


def test_commands_at_once_wait_for_each_other(folder: Path, dingtalk: Running) -> None:
    """Each owns the store for a moment; none finds an owner that does not listen a fault."""
    with ThreadPoolExecutor(3) as pool:
        codes = list(pool.map(lambda number: send(folder, "text", str(number)), range(3)))
    assert codes == [0, 0, 0]
    assert {body["text"]["content"] for body in bodies(dingtalk)} == {"0", "1", "2"}


def test_what_is_not_yet_due_leaves_the_store_to_serve(folder: Path, dingtalk: Running) -> None:
    """While `send --wait` waits, another process may own the store, and then sends by itself."""
    configure(folder, dingtalk.url, rate={"messages": 1, "per": "2s"})
    assert send(folder, "text", "one") == 0
    with ThreadPoolExecutor(1) as pool:
        code = pool.submit(send, folder, "text", "two", "--wait", "--msg-uuid", "two")
        path = folder / "data" / "adapter.db"
        wait_until(lambda: asked(path, "two") == "pending", what="it is queued")
        wait_until(lambda: is_free(path), what="nobody owns the store meanwhile")
        assert code.result(30) == 0
    assert asked(path, "two") == "sent"


def asked(path: Path, uuid: str) -> str:
    """Return the state of a message that was asked for."""
    with closing(open_history(path, None)) as history:
        found = history.show(uuid)
    return found.asked[0].state if found else ""


def is_free(path: Path) -> bool:
    try:
        acquire_lock(path).release()
    except StoreLocked:
        return False
    return True
