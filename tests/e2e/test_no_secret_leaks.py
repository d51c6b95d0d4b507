"""No token, secret, sign, password or mobile comes out of the adapter, whatever goes wrong.

Every credential is a canary. The adapter runs at log level debug, each of its robots meets another
fault of DingTalk or of the network, and senders and operators make mistakes that hold canaries.
Then all that it wrote anywhere is searched, also for parts of a canary.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

import pytest
import requests

from adapter.core.message_links import Linker
from adapter.dingtalk import sign
from adapter.secret import Secret
from adapter.simulator import DEMO_ROBOT, Running, SimulatorSettings, running
from e2e.canaries import (
    ALERTMANAGER,
    BEARER,
    DATABASE,
    HMAC,
    LINKS,
    MOBILES,
    PASSWORD,
    parts,
)
from e2e.mistakes import RIGHT, answers_to_operators, requests_of_senders, told
from e2e.trouble import Trouble, troubles
from support.adapter import Adapter, adapter_in, command, robot_section
from support.processes import free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.real

AUTH = {
    "bearer_tokens": [BEARER],
    "basic": {"username": "alertmanager", "password": PASSWORD},
    "hmac": {"secret": HMAC, "timestamp_header": "X-Signed-At"},
}
HURT = "SELECT DISTINCT robot FROM batches WHERE outcome IS NOT NULL"
SHOWN = (
    "SELECT outcome FROM batches WHERE outcome IS NOT NULL",
    "SELECT reason FROM refused",
    "SELECT reason FROM dead",
)
OWN = '{% extends "default.j2" %}{% block title %}a template of mine{% endblock %}'
TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


@pytest.fixture
def dingtalk() -> Iterator[Running]:
    with running(SimulatorSettings(robots=())) as serving:
        yield serving


@pytest.fixture
def adapter(tmp_path: Path) -> Iterator[Adapter]:
    with adapter_in(tmp_path) as ours:
        yield ours


def prepare(adapter: Adapter, dingtalk: Running, log_format: str) -> list[Trouble]:
    """Configure a robot for every trouble."""
    found = list(troubles(dingtalk.url))
    dingtalk.configure(robots=tuple(each.simulated() for each in found if each.known))
    for each in found:
        if each.fault is not None:
            dingtalk.simulator.add_fault(each.fault)
    sections = {
        each.name: robot_section(each.robot(), dingtalk.url, timeout="1s") | dict(each.section)
        for each in found
    }
    server = {"auth": AUTH, "max_body": "64KiB", "external_url": adapter.url}
    adapter.configure(
        sections,
        server=server,
        log={"level": "debug", "format": log_format},
        silence={"secret": LINKS},
        alertmanagers={
            "default": {"url": f"http://127.0.0.1:{free_port()}", "bearer_token": ALERTMANAGER}
        },
    )
    return found


def signs(dingtalk: Running, found: Iterable[Trouble]) -> Iterator[str]:
    """Yield every signature that can have been sent, as it is and as a URL has it."""
    stamps = {
        int(stamp)
        for exchange in dingtalk.requests()
        for stamp in parse_qs(exchange.query)["timestamp"]
    }
    for each in found:
        for stamp in stamps:
            made = sign(Secret(f"SEC{each.secret}"), stamp)
            yield made
            yield quote(made, safe="")


def pages(adapter: Adapter) -> Iterator[str]:
    """Yield what the web page shows, a template's preview with whom it rings among it."""
    linker = Linker("", Secret(LINKS), timedelta(hours=1), timedelta(hours=1))
    now = datetime.fromtimestamp((adapter.database).stat().st_mtime, UTC)
    links = linker.why(1, now), linker.act(1, "", now)
    with requests.Session() as visitor:
        paths = "/", "/deliveries", "/deliveries/1", "/routes?labels=severity%3Dcritical"
        for path in (*paths, "/maintenance", *links):
            yield visitor.get(f"{adapter.url}{path}", timeout=10).text
        form = visitor.get(f"{adapter.url}/playground", timeout=10).text
        yield form
        [token] = re.findall(r'name="form_token" value="([^"]+)"', form)
        [first, *_] = re.findall(r'value="(delivery:\d+)"', form)
        fields = {"form_token": token, "text": OWN, "subject": first}
        shown = visitor.post(f"{adapter.url}/playground", data=fields, timeout=30).text
        assert "a template of mine" in shown
        yield shown


def outputs_of_outbox(adapter: Adapter) -> Iterator[str]:
    """Yield what the command shows of all that went wrong, for people and as JSON."""
    (first,) = adapter.rows("SELECT id FROM batches WHERE outcome IS NOT NULL LIMIT 1")[0]
    [alert] = json.loads(told())["alerts"]
    for asked in (
        *(["list"], ["list", "--json"], ["show", first], ["show", first, "--json"]),
        *(["show", "refused:1"], ["trace", alert["fingerprint"], "--json"], ["show", "nothing"]),
    ):
        arguments = ["--config", str(adapter.config), *asked]
        code, output = command("outbox", *arguments, folder=adapter.folder)
        assert code == (1 if asked[1:] == ["nothing"] else 0), output
        yield output


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_nothing_leaks(adapter: Adapter, dingtalk: Running, log_format: str) -> None:
    found = prepare(adapter, dingtalk, log_format)
    adapter.start()
    assert adapter.post(told(), headers=RIGHT).json()["deliveries"] == len(found)
    names = {(each.name,) for each in found}
    wait_until(lambda: set(adapter.rows(HURT)) == names, within=60, what="every trouble has come")
    answers = list(requests_of_senders(adapter))
    assert {200, 400, 401, 404, 405, 413, 415} <= {answer.status_code for answer in answers}
    said = [f"{answer.status_code} {answer.headers} {answer.text}" for answer in answers]
    said += answers_to_operators(adapter)
    said += pages(adapter)
    assert adapter.terminate() == 0
    assert len(adapter.output().splitlines()) > 2 * len(found), "it had a lot to say"
    said.append(adapter.output())
    if log_format == "json":  # commands write no log: once is enough
        said += outputs_of_outbox(adapter)
    said += [text for query in SHOWN for (text,) in adapter.rows(query)]
    secrets = [secret for each in found for secret in (each.token, each.secret)]
    credentials = {*parts(secrets), *signs(dingtalk, found)}
    lines = {line for text in said for line in text.splitlines()}
    leaks = [line for line in lines if any(each in line for each in (*MOBILES, *credentials))]
    assert not leaks, "\n".join(leaks)
    tables = [name for (name,) in adapter.rows(TABLES)]
    assert {"deliveries", "batches", "tokens", "charges"} <= set(tables)
    for table in tables:  # the files below hold a long value in pieces
        rows = repr(adapter.rows(f"SELECT * FROM {table}"))  # noqa: S608  # the schema's own name
        assert [each for each in credentials if each in rows] == [], table
    for path in adapter.folder.glob("adapter.*"):
        content = path.read_bytes()
        assert [each for each in credentials if each.encode() in content] == [], path
    assert adapter.database.exists()


@pytest.mark.parametrize("host", ["127.0.0.1:1", "database.invalid"])
def test_a_database_that_is_away_is_told_without_its_password(adapter: Adapter, host: str) -> None:
    robots = {"ops": robot_section(DEMO_ROBOT, "http://127.0.0.1:1")}
    url = f"postgresql+psycopg://user:{DATABASE}@{host}/db"
    adapter.configure(robots, storage={"url": url})
    code, output = command("serve", "--config", str(adapter.config), folder=adapter.folder)
    assert code == 1
    assert "cannot open the database of storage.url: " in output
    assert "see that it runs, and its name, user and password" in output
    assert "Traceback" not in output
    assert [part for part in parts(()) if part in output] == []
