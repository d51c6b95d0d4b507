"""Whatever anybody sends to any endpoint: no 500, no hang, no fault in the log, bounded memory.

Schemathesis makes requests from docs/openapi.yaml, right ones and wrong ones, and holds the answers
to it. Below HTTP, Hypothesis makes what a socket can carry. `VERIFY=1` runs 20,000 requests.
"""

from __future__ import annotations

import os
import re
import socket
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from adapter.secret import Secret
from adapter.simulator import Rate, Robot, SimulatorSettings, running
from adapter.web import create_app
from support.adapter import adapter_in, robot_section, told
from support.processes import wait_until
from support.settings import make_settings
from web.test_webhooks import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schemathesis import Case

    from adapter.simulator import Running
    from support.adapter import Adapter

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("fuzz")]

PAGE: Final = Path(__file__).parents[2] / "docs/openapi.yaml"
DESCRIBED: Final[dict[str, Any]] = yaml.safe_load(PAGE.read_text())
SCHEMA: Final = schemathesis.openapi.from_dict(DESCRIBED)
OPERATIONS: Final = {
    f"{found.ok().method.upper()} {found.ok().path}": found.ok()
    for found in SCHEMA.get_all_operations()
    if isinstance(found, Ok)
}
RIGHT, WRONG = schemathesis.GenerationMode
KINDS: Final = [
    (name, mode)
    for name, each in OPERATIONS.items()
    for mode in (RIGHT, WRONG)
    if mode is RIGHT or each.body or each.query or each.path_parameters  # something to get wrong
]
REQUESTS: Final = 20_000 if os.environ.get("VERIFY") else 400
SLOW: Final = 20  # a reload reads and renders everything: so much rarer
BRACES: Final = str.maketrans("<>", "{}")
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
OPS: Final = Robot(name="ops", access_token=Secret("a1" * 32))
WITHIN: Final = 5
"""Seconds after which an answer is a hang; the machine may be busy."""

MEBIBYTES: Final = 64
"""By how much memory may grow; 20,000 leaks of 3 KiB would be seen."""


@pytest.fixture(scope="module")
def dingtalk() -> Iterator[Running]:
    with running(SimulatorSettings(robots=(OPS,), rate=Rate(messages=1_000_000))) as serving:
        yield serving


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory, dingtalk: Running) -> Iterator[Adapter]:
    with adapter_in(tmp_path_factory.mktemp("fuzz")) as ours:
        robots = {"ops": robot_section(OPS, dingtalk.url)}
        sources = {"default": {}, "bj": {"labels": {"cluster": "bj"}}}
        server = {"max_body": "64KiB", "external_url": "https://alerts.example.com"}
        silence = {"secret": "0123456789abcdef"}
        ours.configure(robots, server=server, alertmanagers=sources, silence=silence)
        ours.start()
        ours.accept(*(told(f"Warm{number}") for number in range(50)))
        ours.settled()
        before = ours.memory()
        yield ours
        assert ours.ready()
        assert ours.metric("webhooks_total", code="200") > 50, "some were right"
        assert ours.memory() - before < MEBIBYTES
        assert "Traceback" not in ours.output()
        assert "fault of the adapter" not in ours.output()
        assert ours.terminate() == 0


def fuzz(requests_made: int) -> settings:
    return settings(
        max_examples=max(1, requests_made),
        deadline=None,
        phases=[Phase.generate],  # an answer is no function of the request: nothing to shrink
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def test_every_endpoint_is_described_and_no_other() -> None:
    app = create_app(Program(make_settings()))
    served = {
        f"{method} {rule.rule.translate(BRACES)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert set(OPERATIONS) == served


@pytest.mark.parametrize(("name", "mode"), KINDS, ids=str)
def test_answers_are_as_described(
    adapter: Adapter, name: str, mode: schemathesis.GenerationMode
) -> None:
    @fuzz(REQUESTS // 4 // len(KINDS) // (SLOW if "reload" in name else 1))
    @given(case=OPERATIONS[name].as_strategy(generation_mode=mode), known=st.booleans())
    def ask(case: Case[Any], *, known: bool) -> None:
        if known:
            case.query.pop("source", None)
            case.path_parameters.update(dict.fromkeys(case.path_parameters, "ops"))
        answer = case.call(base_url=adapter.url, timeout=WITHIN)
        case.validate_response(answer, checks=CHECKS)

    ask()


# -- below HTTP --------------------------------------------------------------------------------

TOKEN: Final = st.text("abcXYZ-_:/ \t\"'\x00\x7fé", max_size=12).map(lambda text: text.encode())
METHOD: Final = st.sampled_from([b"POST", b"PUT", b"GET", b"HEAD", b"OPTIONS", b"PRI", b""]) | TOKEN
TARGETS: Final = (
    b"/alertmanager",
    b"/alertmanager/ops",
    b"/alertmanager?source=bj",
    b"/dingtalk/ops/send",
    b"/robots/ops/messages",
    b"/m/why/1/99999999999/AAAAAAAAAAAAAAAAAAAAAA",
    b"/-/healthy",
    b"/-/ready",
    b"/metrics",
    b"/",
    b"*",
    b"http://evil.example/alertmanager",
    b"//evil.example/%2e%2e/alertmanager",
    b"/alertmanager/%ff%00",
)
HEADERS: Final = (
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"Content-Length: 99999999999999999999",
    b"Content-Length: -1",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Expect: 100-continue",
    b"Expect: x",
    b"Connection: close",
    b"Connection: Upgrade\r\nUpgrade: websocket",
    b"Content-Encoding: gzip",
    b"Content-Type: multipart/form-data; boundary=x",
    b"Authorization: Basic ====",
    b"Cookie: \xff=\xfe",
    b"Host: a\r\nHost: b",
    b"X: " + b"y" * 9000,
    b" folded",
    b"no colon",
)
BODIES: Final = (
    b"{",
    b"[]",
    b'{"alerts": [' * 2000,
    b"[" * 50_000,
    b"5\r\nhello\r\n0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"-1\r\n\r\n",
    b"5;" + b"x" * 9000 + b"\r\n",
    b"\xef\xbb\xbf" + told("Raw"),
    told("Raw").replace(b"Raw", rb"\ud800"),
    b"x" * 70_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)
BODY: Final = st.just(told("Raw")) | st.sampled_from(BODIES) | st.binary(max_size=200)
TARGET: Final = st.just(b"/alertmanager") | st.sampled_from(TARGETS) | TOKEN


@st.composite
def requests_on_the_wire(draw: st.DrawFn) -> list[bytes]:
    """Draw the bytes of one or two requests, in pieces."""
    stream = b""
    for _ in range(draw(st.integers(1, 2))):
        version = draw(st.sampled_from([b" HTTP/1.1", b" HTTP/1.0", b" HTTP/9.9", b""]))
        target = draw(TARGET)
        body = draw(BODY)
        if draw(st.booleans()):  # nothing is wrong but what it says
            size = b"Content-Length: %d" % len(body)
            stream += b"\r\n".join([b"POST " + target + b" HTTP/1.1", b"Host: a", size, b"", body])
            continue
        headers = draw(st.lists(st.sampled_from(HEADERS) | TOKEN, max_size=4))
        if draw(st.booleans()):
            headers.append(b"Content-Length: %d" % len(body))
        end = draw(st.sampled_from([b"\r\n", b"\r\n", b"\r\n", b"\n"]))
        stream += end.join([draw(METHOD) + b" " + target + version, *headers, b"", body])
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=3)))
    return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def answers_to(adapter: Adapter, pieces: list[bytes]) -> bytes:
    """Send pieces and then no more; return all that is answered until the connection ends."""
    found = b""
    with socket.create_connection(("127.0.0.1", adapter.port), timeout=WITHIN) as client:
        with suppress(ConnectionError):  # it may have been refused before its end
            for piece in pieces:
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
        with suppress(ConnectionError):
            while part := client.recv(65536):
                found += part
    return found


def test_bytes_of_any_kind_are_answered_or_cut_off(adapter: Adapter) -> None:
    @fuzz(REQUESTS * 3 // 4)
    @given(pieces=requests_on_the_wire())
    def send(pieces: list[bytes]) -> None:
        answers = answers_to(adapter, pieces)
        assert not answers or answers.startswith(b"HTTP/1.")
        statuses = re.findall(rb"^HTTP/1\.[01] (\d{3}) ", answers, re.MULTILINE)
        assert b"500" not in statuses
        assert adapter.process.running()

    send()
    wait_until(lambda: requests.get(f"{adapter.url}/-/healthy", timeout=WITHIN).ok)
