"""What the webhook answers: 200 after the commit, 5xx where a retry helps, 4xx where none can."""

from __future__ import annotations

import base64
import gc
import io
import json
from collections import deque
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs
from werkzeug.test import EnvironBuilder, run_wsgi_app

from adapter.alertmanager import Alertmanager
from adapter.config.settings import AuthSettings, BasicAuth, SourceSettings, TlsSettings
from adapter.core.heartbeats import Beat, Heartbeat
from adapter.core.matchers import parse_matchers
from adapter.core.priority import Priority
from adapter.core.reminding import Remind
from adapter.core.rewriting import LinkRules
from adapter.core.routes import Route, RouteSettings
from adapter.core.search import Hits
from adapter.core.severity import LEVELS, Scale
from adapter.core.time_intervals import TimeInterval, times
from adapter.core.webhook import decode_webhook
from adapter.errors import ConfigError, Problem, StoreUnavailable
from adapter.metrics import Metrics
from adapter.outbox import Accepted, Changed, Posted
from adapter.outbox.acts import Acts
from adapter.secret import Secret
from adapter.web import create_app
from support.clock import START, FakeClock
from support.rendering import AtOnce, bundled
from support.settings import make_robot, make_settings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from adapter.config.settings import Settings
    from adapter.core.delivery import Delivery, Post
    from adapter.core.oncall import Schedule
    from adapter.core.routing import Ended
    from adapter.core.search import Search
    from adapter.core.swaps import Swap
    from adapter.web.backend import Workbench
    from adapter.web.pages.records import Records

SAMPLES = Path(__file__).parent.parent / "samples"
BODY = (
    SAMPLES / "alertmanager-0.33" / "node-cpuhigh-firing-first-notification-1.json"
).read_bytes()


class Unwritten:
    """Write nothing: nobody acts here."""

    def run(self, operation: object) -> NoReturn:
        raise AssertionError(operation)


@dataclass
class Commit:
    """Be through when somebody waits for it, like the real one."""

    store: Store
    accepted: Sequence[Delivery]
    beats: Sequence[Beat]
    ended: Sequence[Ended]

    def wait(self) -> Accepted:
        if self.store.fault is not None:
            raise self.store.fault
        self.store.ended += self.ended
        self.store.beats += self.beats
        self.store.accepted += self.accepted
        return Accepted(len(self.accepted), 0)


class Store:
    """Keep what is enqueued in a list, and fail when told to."""

    def __init__(self) -> None:
        self.accepted: list[Delivery] = []
        self.beats: list[Beat] = []
        self.ended: list[Ended] = []
        self.posts: list[Post] = []
        self.refused: deque[tuple[int, bytes]] = deque()
        self.fault: StoreUnavailable | None = None
        self.full = 0
        self.acts = Acts(Unwritten(), lambda _words: None)

    def begin(
        self,
        accepted: Sequence[Delivery],
        *,
        now: datetime,
        dedup_window: timedelta,
        beats: Sequence[Beat] = (),
        ended: Sequence[Ended] = (),
    ) -> Commit:
        del now, dedup_window
        return Commit(self, accepted, beats, ended)

    def post(self, post: Post, *, now: datetime) -> Posted:
        del now
        if self.fault is not None:
            raise self.fault
        known = [each.msg_uuid for each in self.posts if each.robot == post.robot]
        if post.msg_uuid in known:
            return Posted(f"m{known.index(post.msg_uuid) + 1}", duplicate=True)
        self.posts.append(post)
        return Posted(f"m{len(self.posts)}", duplicate=False)

    def keep_refused(self, body: bytes, *, code: int, reason: str, now: datetime) -> None:
        del reason, now
        if self.fault is not None:
            raise self.fault
        self.refused.append((code, body))

    def waiting(self) -> int:
        return self.full or len(self.accepted)


class Past:
    """Know nothing of what became of deliveries."""

    def timeline(self, delivery: int) -> None:
        del delivery

    def contents(self, message: str) -> None:
        del message

    def search(self, search: Search) -> Hits:
        del search
        return Hits(found=())

    def body(self, message: str) -> None:
        del message

    def acts(self, limit: int) -> tuple[()]:
        del limit
        return ()

    def newest_decisions(self, limit: int) -> tuple[()]:
        del limit
        return ()

    def decisions(self, delivery: int) -> tuple[()]:
        del delivery
        return ()


class Program:
    """The program as the views see it, without its other parts."""

    def __init__(self, settings: Settings) -> None:
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.settings = settings
        self.store = Store()
        self.history = Past()
        self.woken: set[str] = set()
        self.problems: tuple[Problem, ...] = ()
        self.dead = False
        self.fault = ""
        self.told: list[tuple[int, str]] = []
        self.templates = bundled()
        self.workbench: Workbench = AtOnce()

    @property
    def records(self) -> Records:
        raise AssertionError("no page is asked for here")

    def schedules(self) -> Mapping[str, Schedule]:
        return {name: each.schedule for name, each in self.settings.schedules.items()}

    def retry(self, name: str, who: str) -> Changed:
        del who
        return Changed(problems=(name,))

    discard = retry

    def alertmanager(self, source: SourceSettings) -> Alertmanager:
        return Alertmanager(source)

    def swap(self, swap: Swap) -> None:
        raise AssertionError(swap)

    def undo_swap(self, number: int, who: str) -> bool:
        raise AssertionError((number, who))

    def wake(self, robots: Iterable[str]) -> None:
        self.woken |= set(robots)

    def reload(self) -> None:
        if self.problems:
            raise ConfigError(self.problems)

    def alive(self) -> bool:
        return not self.dead

    def not_ready(self) -> str:
        return self.fault

    def body_refused(self, code: int, why: str) -> None:
        self.told.append((code, why))

    def store_failed(self, why: str) -> None:
        self.fault = why


def serve(settings: Settings | None = None) -> tuple[Program, FlaskClient]:
    program = Program(settings or make_settings())
    return program, create_app(program).test_client()


def error_of(response: TestResponse) -> str:
    assert response.content_type == "application/json"
    assert len(response.data) <= 1024
    fields = json.loads(response.data)
    assert list(fields) == ["error"]
    return str(fields["error"])


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_webhook_is_committed_then_answered(method: str) -> None:
    program, client = serve()
    response = client.open("/alertmanager", method=method, data=BODY)
    assert response.status_code == 200
    assert json.loads(response.data) == {"status": "accepted", "deliveries": 1, "duplicates": 0}
    assert [delivery.robot for delivery in program.store.accepted] == ["ops"]
    assert program.woken == {"ops"}


def test_an_accepted_webhook_is_one_line_with_fingerprints() -> None:
    _, client = serve()
    with capture_logs() as lines:
        client.post("/alertmanager", data=BODY)
    [line] = [line for line in lines if line["event"] == "webhook accepted"]
    told = [alert.fingerprint for alert in decode_webhook(BODY).alerts]
    assert (line["log_level"], line["fingerprints"]) == ("info", told[:10])


def test_a_group_splits_over_robots_by_label() -> None:
    db = Route(settings=RouteSettings(robots=("db",)), matchers=parse_matchers('instance=~".*-1"'))
    root = Route(settings=RouteSettings(robots=("ops",)), routes=(db,))
    program, client = serve(make_settings(make_robot("ops"), make_robot("db"), route=root))
    alerts = [{"labels": {"alertname": "A", "instance": f"n-{n}"}} for n in (1, 2)]
    response = client.post("/alertmanager", json={"alerts": alerts})
    assert json.loads(response.data)["deliveries"] == 2
    assert {
        delivery.robot: [alert.labels["instance"] for alert in delivery.group.alerts]
        for delivery in program.store.accepted
    } == {"db": ["n-1"], "ops": ["n-2"]}


@pytest.mark.parametrize("path", ["/alertmanager", "/alertmanager/ops"])
def test_a_deferral_is_decided_when_the_webhook_is_accepted(path: str) -> None:
    night = TimeInterval(times=(times("20:00", "24:00"), times("00:00", "08:00")))
    robot = make_robot(defaults=RouteSettings(defer=("nights",)))
    settings = replace(make_settings(robot), time_intervals={"nights": (night,)})
    program, client = serve(settings)
    mild = {"alerts": [{"labels": {"alertname": "A", "severity": "warning"}}]}
    client.post(path, json=mild)
    program.clock.advance(timedelta(hours=12))
    client.post(path, json=mild)
    morning = START + timedelta(hours=12)
    assert [each.deferred_until for each in program.store.accepted] == [morning, None]


def test_the_path_names_a_robot() -> None:
    program, client = serve(make_settings(make_robot("ops"), make_robot("值班")))
    assert client.post("/alertmanager/值班", data=BODY).status_code == 200
    assert [delivery.robot for delivery in program.store.accepted] == ["值班"]


def test_the_path_of_prometheus_webhook_dingtalk_answers_as_it_did() -> None:
    program, client = serve()
    response = client.post("/dingtalk/ops/send", data=BODY)
    assert (response.status_code, response.data) == (200, b"OK")
    assert len(program.store.accepted) == 1


@pytest.mark.parametrize("path", ["/alertmanager/nobody", "/dingtalk/nobody/send"])
def test_an_unknown_robot_is_404(path: str) -> None:
    _, client = serve()
    response = client.post(path, data=BODY)
    assert response.status_code == 404
    assert "unknown robot" in error_of(response)


@pytest.mark.parametrize("path", ["/alertmanager", "/alertmanager/ops", "/dingtalk/ops/send"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
def test_other_methods_are_405(path: str, method: str) -> None:
    _, client = serve()
    response = client.open(path, method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST, PUT"


@pytest.mark.parametrize("path", ["//alertmanager", "/alertmanager/", "/nothing"])
def test_no_path_redirects(path: str) -> None:
    _, client = serve()
    assert client.post(path, data=BODY).status_code == 404


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"[]", "API v2"),
        (b'{"text": "custom"}', "alerts"),
        (b'{"alerts": [{"labels": {"a": 1}}]}', "labels"),
        (b"[" * 100_000 + b"]" * 100_000, ""),
    ],
)
def test_what_can_never_pass_is_400_and_kept(body: bytes, says: str) -> None:
    program, client = serve()
    response = client.post("/alertmanager", data=body)
    assert response.status_code == 400
    assert says in error_of(response)
    assert program.store.refused.pop() == (400, body)


def test_a_store_that_fails_is_503() -> None:
    program, client = serve()
    program.store.fault = StoreUnavailable("the store failed: database or disk is full")
    response = client.post("/alertmanager", data=BODY)
    assert response.status_code == 503
    assert "disk is full" in error_of(response)
    assert client.post("/alertmanager", data=b"{").status_code == 400, "though it is not kept"


def test_above_the_high_water_mark_is_503() -> None:
    program, client = serve(make_settings(high_water=10))
    program.store.full = 10
    response = client.post("/alertmanager", data=BODY)
    assert response.status_code == 503
    assert "high_water" in error_of(response)


def test_a_declared_large_body_is_413_and_its_start_kept() -> None:
    program, client = serve(make_settings(max_body=1000))
    response = client.post("/alertmanager", data=b"x" * 5000)
    assert response.status_code == 413
    assert "1000 bytes" in error_of(response)
    code, kept = program.store.refused.pop()
    assert (code, len(kept)) == (413, 1001)


def test_a_large_body_of_unknown_length_is_413_too() -> None:
    """A chunked body: Werkzeug would cut it at its limit without a word."""
    program, client = serve(make_settings(max_body=1000))
    stream = io.BytesIO(b"x" * 5000)
    response = client.post(
        "/alertmanager", input_stream=stream, environ_overrides={"wsgi.input_terminated": True}
    )
    assert response.status_code == 413
    assert stream.read() == b"", "read to its end, so that the sender sees the answer"
    assert program.store.accepted == []


def test_a_body_of_exactly_the_limit_passes() -> None:
    _, client = serve(make_settings(max_body=len(BODY)))
    assert client.post("/alertmanager", data=BODY).status_code == 200


def test_a_compressed_body_is_415() -> None:
    _, client = serve()
    response = client.post("/alertmanager", data=BODY, headers={"Content-Encoding": "gzip"})
    assert response.status_code == 415


class TestCredentials:
    """Any configured method suffices."""

    auth = AuthSettings(
        bearer_tokens=(Secret("old-token"), Secret("new-tökén")),
        basic=BasicAuth(username="alertmanager", password=Secret("pass:wörd")),
    )

    @pytest.mark.parametrize(
        "header",
        [
            "Bearer old-token",
            "bearer  old-token",
            "Bearer " + "new-tökén".encode().decode("latin-1"),
            "Basic " + base64.b64encode("alertmanager:pass:wörd".encode()).decode(),
        ],
    )
    def test_that_suffice(self, header: str) -> None:
        _, client = serve(make_settings(auth=self.auth))
        environ = {"HTTP_AUTHORIZATION": header}
        assert client.post("/alertmanager", data=BODY, environ_overrides=environ).status_code == 200

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Bearer",
            "Bearer wrong",
            "Bearer \xff\xfe",
            "Basic !!!",
            "Basic " + base64.b64encode(b"alertmanager").decode(),
            "Basic " + base64.b64encode(b"someone:pass:w\xc3\xb6rd").decode(),
            "Basic " + base64.b64encode(b"\xff:\xff").decode(),
            "Digest x",
        ],
    )
    def test_that_do_not(self, header: str) -> None:
        program, client = serve(make_settings(auth=self.auth))
        environ = {"HTTP_AUTHORIZATION": header}
        response = client.post("/alertmanager", data=BODY, environ_overrides=environ)
        assert response.status_code == 401
        assert "Bearer" in response.headers["WWW-Authenticate"]
        assert "old-token" not in error_of(response)
        assert program.store.accepted == []


class TestClientCertificates:
    """Webhooks require one where `server.tls.client_ca_file` is set; nothing else does."""

    settings = make_settings(tls=TlsSettings(client_certificates=True))

    @pytest.mark.parametrize("path", ["/alertmanager", "/alertmanager/ops", "/dingtalk/ops/send"])
    def test_a_webhook_needs_one(self, path: str) -> None:
        program, client = serve(self.settings)
        headers = {"SSL-CLIENT-VERIFY": "SUCCESS", "SSL_CLIENT_VERIFY": "SUCCESS"}
        for environ in ({}, {"SSL_CLIENT_VERIFY": "NONE"}):
            response = client.post(path, data=BODY, headers=headers, environ_overrides=environ)
            assert response.status_code == 401
            assert error_of(response).startswith("a webhook needs a client certificate")
        assert program.store.accepted == []
        environ = {"SSL_CLIENT_VERIFY": "SUCCESS"}
        assert client.post(path, data=BODY, environ_overrides=environ).status_code == 200

    def test_nothing_else_does(self) -> None:
        _, client = serve(self.settings)
        assert [client.get(f"/{path}").status_code for path in ("metrics", "-/ready")] == [200] * 2
        assert client.post("/-/reload").status_code == 200

    def test_it_is_beside_other_credentials(self) -> None:
        auth = AuthSettings(bearer_tokens=(Secret("token"),))
        _, client = serve(make_settings(auth=auth, tls=self.settings.server.tls))
        environ = {"SSL_CLIENT_VERIFY": "SUCCESS"}
        assert client.post("/alertmanager", data=BODY, environ_overrides=environ).status_code == 401


class TestSources:
    """`?source=` names where alerts come from."""

    settings = make_settings(sources=(SourceSettings(name="bj", labels={"cluster": "bj"}),))

    def test_labels_are_added_where_missing_before_routing(self) -> None:
        program, client = serve(self.settings)
        alerts = [{"labels": {"alertname": "A"}}, {"labels": {"alertname": "B", "cluster": "sh"}}]
        assert client.post("/alertmanager?source=bj", json={"alerts": alerts}).status_code == 200
        [delivery] = program.store.accepted
        assert [alert.labels["cluster"] for alert in delivery.group.alerts] == ["bj", "sh"]
        assert delivery.group.source == "bj"

    def test_addresses_are_rewritten_for_people_before_they_are_stored(self) -> None:
        links = LinkRules({"http://prom:9090": "https://prom.example.com"})
        program, client = serve(make_settings(sources=(SourceSettings(name="bj", links=links),)))
        alert = {"labels": {"alertname": "A"}, "generatorURL": "http://prom:9090/graph"}
        assert client.post("/alertmanager?source=bj", json={"alerts": [alert]}).status_code == 200
        [delivery] = program.store.accepted
        assert delivery.group.alerts[0].generator_url == "https://prom.example.com/graph"

    def test_the_levels_of_the_configuration_decide_the_priority(self) -> None:
        scale = Scale("job", (replace(LEVELS[0], values=frozenset({"node"})),))
        program, client = serve(replace(make_settings(), scale=scale))
        for path in "/alertmanager", "/alertmanager/ops":
            alert = {"labels": {"alertname": path, "job": "node"}}
            assert client.post(path, json={"alerts": [alert]}).status_code == 200
        got = [(each.priority, each.severity_label) for each in program.store.accepted]
        assert got == [(Priority.HIGH, "job")] * 2

    def test_one_named_default_stands_for_a_url_without(self) -> None:
        default = SourceSettings(name="default", labels={"cluster": "gz"})
        program, client = serve(make_settings(sources=(*self.settings.sources.values(), default)))
        for url in "/alertmanager", "/alertmanager?source=bj", "/alertmanager?source=default":
            alerts = [{"labels": {"alertname": "A"}}]
            assert client.post(url, json={"alerts": alerts}).status_code == 200
        got = [(each.group.source, each.group.alerts[0].labels) for each in program.store.accepted]
        assert [(source, labels["cluster"]) for source, labels in got] == [
            ("default", "gz"),
            ("bj", "bj"),
            ("default", "gz"),
        ]

    def test_an_unknown_one_is_told_and_the_body_kept(self) -> None:
        program, client = serve(self.settings)
        response = client.post("/alertmanager?source=bjj", data=BODY)
        assert response.status_code == 400
        assert "alertmanagers: bj" in error_of(response)
        assert program.store.refused


def test_answers_are_counted() -> None:
    program, client = serve()
    client.post("/alertmanager", data=BODY)
    client.post("/alertmanager", data=b"")
    client.get("/alertmanager")
    client.post("/alertmanager/nobody", data=BODY)
    page = program.metrics.expose().decode()
    for code in (200, 400, 404, 405):
        assert f'alertmanager_dingtalk_webhooks_total{{code="{code}"}} 1.0' in page
    assert 'alertmanager_dingtalk_alerts_received_total{status="firing"} 1.0' in page


class TestOperation:
    """The endpoints of operation."""

    def test_healthy_while_every_part_runs(self) -> None:
        program, client = serve()
        assert client.get("/-/healthy").status_code == 200
        program.dead = True
        assert client.get("/-/healthy").status_code == 503

    def test_ready_says_why_not(self) -> None:
        program, client = serve()
        assert client.get("/-/ready").status_code == 200
        program.fault = "the store failed: disk is full"
        response = client.get("/-/ready")
        assert (response.status_code, response.text) == (503, "the store failed: disk is full\n")

    @pytest.mark.parametrize("method", ["POST", "PUT"])
    def test_reload_says_every_problem(self, method: str) -> None:
        program, client = serve()
        assert client.open("/-/reload", method=method).status_code == 200
        program.problems = (Problem("c.yml", 3, 5, "robots.ops", "unknown key"),)
        response = client.open("/-/reload", method=method)
        assert response.status_code == 500
        assert "c.yml:3:5: robots.ops: unknown key" in response.text

    @pytest.mark.parametrize(
        ("address", "code"),
        [
            ("127.0.0.1", 200),
            ("::1", 200),
            ("::ffff:127.0.0.1", 200),
            ("10.0.0.9", 403),
            ("::ffff:10.0.0.9", 403),
            ("", 403),
        ],
    )
    def test_reload_without_auth_is_for_loopback(self, address: str, code: int) -> None:
        _, client = serve()
        environ = {"REMOTE_ADDR": address}
        assert client.post("/-/reload", environ_overrides=environ).status_code == code

    def test_nobody_becomes_loopback_by_a_header(self) -> None:
        _, client = serve()
        headers = {
            "X-Forwarded-For": "127.0.0.1",
            "X-Real-IP": "127.0.0.1",
            "Forwarded": "for=127.0.0.1",
            "Host": "localhost",
        }
        environ = {"REMOTE_ADDR": "10.0.0.9"}
        for path in ("/-/reload", "/robots/ops/messages"):
            response = client.post(path, headers=headers, environ_overrides=environ)
            assert response.status_code == 403, path

    def test_reload_with_auth_needs_credentials(self) -> None:
        _, client = serve(make_settings(auth=AuthSettings(bearer_tokens=(Secret("token"),))))
        assert client.post("/-/reload").status_code == 401
        headers = {"Authorization": "Bearer token"}
        environ = {"REMOTE_ADDR": "10.0.0.9"}
        response = client.post("/-/reload", headers=headers, environ_overrides=environ)
        assert response.status_code == 200

    def test_metrics_need_no_credentials(self) -> None:
        _, client = serve(make_settings(auth=AuthSettings(bearer_tokens=(Secret("token"),))))
        response = client.get("/metrics")
        assert response.content_type.startswith("text/plain; version=0.0.4")
        assert "alertmanager_dingtalk_build_info" in response.text


@given(
    path=st.sampled_from(["/alertmanager", "/alertmanager/ops", "/dingtalk/ops/send"]),
    body=st.binary(max_size=2000)
    | st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["alerts", "labels", "x"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    query=st.text(max_size=20),
)
def test_no_body_makes_a_500(path: str, body: bytes, query: str) -> None:
    _, client = serve()
    response = client.post(path, query_string={"source": query} if query else {}, data=body)
    assert response.status_code in {200, 400}


PIPELINE = Heartbeat(
    name="pipeline",
    matchers=parse_matchers('alertname="NodeCPUHigh"'),
    every=timedelta(minutes=5),
    robots=("ops",),
    by=("owner",),
)


@pytest.mark.parametrize("path", ["/alertmanager", "/alertmanager/ops", "/dingtalk/ops/send"])
def test_a_heartbeat_is_observed_and_not_delivered(path: str) -> None:
    settings = make_settings(sources=(SourceSettings(name="bj", labels={"owner": "x"}),))
    program, client = serve(replace(settings, heartbeats=(PIPELINE,)))
    response = client.post(f"{path}?source=bj", data=BODY)
    assert response.status_code == 200
    if path.startswith("/alertmanager"):
        expected = {"status": "accepted", "deliveries": 0, "duplicates": 0}
        assert response.json == expected
    assert program.store.accepted == []
    assert program.store.beats == [Beat("pipeline owner", "bj", "zhang")]


def test_a_heartbeat_is_observed_though_the_queue_is_full() -> None:
    program, client = serve(replace(make_settings(), heartbeats=(PIPELINE,)))
    program.store.full = 10**9
    assert client.post("/alertmanager", data=BODY).status_code == 200
    assert len(program.store.beats) == 1
    other = BODY.replace(b"NodeCPUHigh", b"NodeMemoryHigh")
    assert client.post("/alertmanager", data=other).status_code == 503


def test_a_heartbeat_that_is_not_committed_is_sent_again() -> None:
    program, client = serve(replace(make_settings(), heartbeats=(PIPELINE,)))
    program.store.fault = StoreUnavailable("the disk is full")
    assert client.post("/alertmanager", data=BODY).status_code == 503


@pytest.mark.parametrize(("body", "status"), [(BODY, "200 OK"), (b"[]", "400 BAD REQUEST")])
def test_no_body_waits_for_the_collector_of_cycles(body: bytes, status: str) -> None:
    """The worker has it come seldom; what hung in a cycle until then would fill the memory."""
    app = create_app(Program(make_settings()))
    environ = EnvironBuilder("/alertmanager", method="POST", data=body).get_environ()
    gc.collect()
    gc.freeze()  # what is there already takes seconds to look through
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        assert run_wsgi_app(app, environ)[1] == status
        del environ
        gc.collect()
        left = [each for each in gc.garbage if isinstance(each, dict)]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.unfreeze()
    assert left == []


def test_an_end_that_a_robot_is_not_told_still_ends_its_reminders() -> None:
    remind = Remind(after=timedelta(minutes=10))
    for send_resolved, remembered, expected in (
        (False, remind, ["ops"]),
        (True, remind, []),
        (False, None, []),
    ):
        said = RouteSettings(robots=("ops",), send_resolved=send_resolved, remind=remembered)
        program, client = serve(make_settings(route=Route(settings=said)))
        resolved = BODY.replace(b'"status":"firing"', b'"status":"resolved"')
        assert resolved != BODY
        assert client.post("/alertmanager", data=resolved).status_code == 200
        assert [each.robot for each in program.store.ended] == expected


paths = st.one_of(
    st.sampled_from(["/alertmanager", "/alertmanager/", "//alertmanager", "/dingtalk/ops/send/"]),
    st.builds(
        lambda frame, name: frame.replace("*", name),
        st.sampled_from(["/alertmanager/*", "/dingtalk/*/send", "/dingtalk//*/send", "/*"]),
        st.one_of(
            st.sampled_from(["ops", "值班", "%2F", "o%70s", "a/b", ".", "..", "ops\n", ""]),
            st.text(max_size=6),
        ),
    ),
)


@given(
    st.sampled_from(["POST", "PUT", "GET", "HEAD", "OPTIONS"]),
    paths,
    st.sampled_from(["", "source=default", "source=nobody"]),
    st.sampled_from([BODY, b"[]", b""]),
)
def test_the_short_way_answers_as_flask_does(
    method: str, path: str, query: str, body: bytes
) -> None:
    """It is a shorter way to the same, whatever is asked for."""
    robots = make_robot("ops"), make_robot("值班")
    answers = []
    for short in (True, False):
        program = Program(make_settings(*robots))
        app = create_app(program)
        asked = EnvironBuilder(method=method, query_string=query, data=body).get_environ()
        asked["PATH_INFO"] = path.encode(errors="replace").decode("latin-1")
        told, status, headers = run_wsgi_app(app if short else partial(Flask.wsgi_app, app), asked)
        seen = program.store.refused, program.told, program.metrics.expose()
        answers.append((b"".join(told), status, list(headers), seen))
    assert answers[0] == answers[1]
