"""The playground and the routes: what they show of what is written, and that nothing breaks it."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Never

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter.config.settings import SilenceSettings
from adapter.core.alerts import Status
from adapter.core.matchers import parse_matchers
from adapter.core.people import Person
from adapter.core.routes import Route, RouteSettings
from adapter.core.template_samples import SAMPLES
from adapter.core.template_trial import TrialError
from adapter.secret import Secret
from adapter.web import create_app
from adapter.web.pages.playground import NEW, WORDS
from adapter.web.pages.routes import judge, read_labels
from adapter.web.pages.trying import trial_of
from support.alerts import make_alert, make_delivery
from support.outbox_contract import put
from support.rendering import AtOnce
from support.settings import make_robot, make_settings
from web.pages.paging import Paged, an_outbox, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from adapter.core.template_trial import Trial
    from adapter.outbox import Outbox

ZHANG = Person(key="zhang", name="张三", mobile="13800000001")
CRITICAL = Route(
    settings=RouteSettings(robots=("db",), mention=("zhang",), language="en"),
    matchers=parse_matchers("severity=critical"),
    path="route.routes[0]",
)
ROUTE = Route(settings=RouteSettings(robots=("ops",)), routes=(CRITICAL,), path="route")
OWN = '{% extends "default.j2" %}{% block title %}own {{ alerts | length }}{% endblock %}'


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outbox]:
    yield from an_outbox(tmp_path_factory.mktemp("playground"))


@pytest.fixture(scope="module")
def program(outbox: Outbox) -> Paged:
    robots = make_robot("ops", keyword="告警"), make_robot("db")
    return Paged(make_settings(*robots, route=ROUTE, people={"zhang": ZHANG}), outbox)


@pytest.fixture(scope="module")
def client(program: Paged) -> FlaskClient:
    return create_app(program).test_client()


def token(client: FlaskClient) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', client.get("/playground").text)
    assert found
    return found[1]


def send(client: FlaskClient, path: str = "/playground", **fields: str) -> TestResponse:
    return client.post(f"{path}?lang=en", data={"form_token": token(client), **fields})


def preview(client: FlaskClient, **fields: str) -> str:
    """Return what the preview says, tags left out."""
    response = send(client, **fields)
    assert response.status_code == 200, response.text
    shown = response.text.partition('id="preview"')[2].partition("</section>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", shown)).split())


# -- templates ---------------------------------------------------------------------------------


def test_it_begins_with_a_new_template_or_one_that_there_is(
    client: FlaskClient, program: Paged
) -> None:
    for query, text in (
        ("", NEW),
        ("?template=compact", program.templates["compact.j2"]),
        ("?template=layout", NEW),
        ("?template=../secret", NEW),
    ):
        page = client.get(f"/playground{query}").text
        found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
        assert found
        assert html.unescape(found[1]) == text


def test_a_sample_is_shown_as_its_route_has_it(client: FlaskClient) -> None:
    shown = preview(client, name="mine", text=OWN, subject="sample:0")
    assert "own 1" in shown
    assert "Rings 张三 138****0001" in shown
    assert "TargetDown" in shown
    assert re.search(r"Bytes of the request \d{3}/19000", shown)
    assert "13800000001" not in shown


def test_robot_message_and_language_can_be_asked_for(client: FlaskClient) -> None:
    asked = {"name": "mine", "text": OWN, "subject": "sample:2", "robot": "ops"}
    shown = preview(client, **asked, message="action_card", language="zh")
    assert '"msgtype":"actionCard"' in shown
    assert "告警" in shown, "the robot's keyword"
    assert "Rings nobody" in shown


def test_what_came_last_can_be_tried(client: FlaskClient, outbox: Outbox) -> None:
    alert = make_alert("Real<b>", summary="a <script>alert(1)</script>")
    put(outbox, make_delivery(alert, key="real"))
    page = client.get("/playground?lang=en").text
    [key] = re.findall(r'<option value="(delivery:\d+)">[^<]*Real', page)
    assert "Real&lt;b&gt; firing · 1 alerts" in page
    response = send(client, name="mine", text=OWN, subject=key)
    assert "<script>alert" not in response.text
    assert "own 1" in response.text
    assert f'value="{key}" selected' in response.text


def test_mistakes_are_told_with_their_line(client: FlaskClient) -> None:
    text = '{% extends "default.j2" %}\n{% block titel %}{% endblock %}'
    shown = preview(client, name="mine", text=text.replace("\n", "\r\n"))
    assert "Mistakes in the template line 2: there is no block titel; did you mean title?" in shown


def test_a_trial_without_a_result_is_explained(program: Paged, client: FlaskClient) -> None:
    class Slow:
        def try_out(self, trial: Trial) -> Never:
            del trial
            raise TrialError("slow")

    usual, program.workbench = program.workbench, Slow()
    try:
        assert preview(client, text=OWN).endswith(WORDS["slow"][1])
    finally:
        program.workbench = usual


def test_the_file_is_what_was_written(client: FlaskClient) -> None:
    response = send(client, "/playground/file", name="mine-2", text="a\r\n{{ b }}\r\n")
    assert response.text == "a\n{{ b }}\n"
    assert response.headers["Content-Disposition"] == 'attachment; filename="mine-2.j2"'
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    for name in ("../x", 'a"b', "layout", ""):
        response = send(client, "/playground/file", name=name, text="")
        assert response.headers["Content-Disposition"] == 'attachment; filename="mine.j2"'


def test_what_is_too_large_or_of_another_site_is_refused(client: FlaskClient) -> None:
    assert send(client, text="x" * 140_000).status_code == 413
    assert client.post("/playground", data={"text": OWN}).status_code == 403
    other = {"Sec-Fetch-Site": "cross-site"}
    fields = {"form_token": token(client), "text": OWN}
    assert client.post("/playground", data=fields, headers=other).status_code == 403


def test_what_goes_to_another_process_holds_no_secret(program: Paged) -> None:
    hiding = replace(program.settings, hidden_labels=(re.compile(b"^rack$"),))
    server = replace(hiding.server, external_url="https://alerts.example.com")
    signing = SilenceSettings(secret=Secret("0123456789abcdef"))
    one = Paged(replace(hiding, server=server, silence=signing), program.records)
    trial = trial_of({"subject": "sample:0", "text": OWN}, "mine", one)
    assert (trial.style.hidden, trial.style.linker) == ((), None)
    assert "rack" not in trial.delivery.group.alerts[0].labels
    assert "https://alerts.example.com/m/" in AtOnce().try_out(trial).body
    assert trial.found[0].contacts[0].mobile == "13800000001"


def test_a_resolved_group_that_a_route_leaves_out_can_be_tried(program: Paged) -> None:
    quiet = replace(ROUTE, settings=RouteSettings(robots=("ops",), send_resolved=False), routes=())
    one = Paged(replace(program.settings, route=quiet), program.records)
    for robot in ("", "db"):
        trial = trial_of({"subject": "sample:5", "robot": robot}, "mine", one)
        assert [each.status for each in trial.delivery.group.alerts] == [Status.RESOLVED]
        assert trial.delivery.robot == robot


ODD = st.text(max_size=30) | st.sampled_from(
    [f"sample:{number}" for number in (0, 5, len(SAMPLES), 10**30)]
    + ["delivery:1", "delivery:99999999999999999999", "sample:²", "delivery:-1", "ops", "zh"]
)


@settings(max_examples=15)  # each compiles a template
@given(
    fields=st.dictionaries(
        st.sampled_from(["name", "text", "subject", "robot", "message", "language"]), ODD
    )
)
def test_no_form_breaks_it(client: FlaskClient, fields: Mapping[str, str]) -> None:
    response = send(client, **fields)
    assert response.status_code == 200
    assert client.get("/routes", query_string=dict(fields)).status_code == 200


# -- routes ------------------------------------------------------------------------------------


def test_labels_are_told_their_routes_as_the_command_does(client: FlaskClient) -> None:
    said = text_of(client, "/routes?labels=severity%3Dcritical%0Ateam%3D%22web%22")
    assert "an alert with severity=critical, team=web" in said
    assert "route.routes[0] tells db:" in said
    assert "mention [zhang]" in said


def test_lines_that_are_no_labels_are_named(client: FlaskClient) -> None:
    said = text_of(client, "/routes?labels=a%3Db%0A%0Aa%3Dc%0Anothing")
    assert "the label of line 3 is given twice" in said
    assert "line 4 is no label" in said
    assert "route:" not in said
    assert read_labels(["=x"]) == ({}, [("no_label", 1)])


def test_matchers_are_tried(client: FlaskClient) -> None:
    matchers = 'severity=~"crit.*", team!="", x=""'
    asked = {"labels": "severity=critical", "matchers": matchers, "lang": "en"}
    page = client.get("/routes", query_string=asked).text
    rows = re.findall(
        r"<code>(.*?)</code>.*?<bdi>(.*?)</bdi>.*?>(match|no match)<", page, re.DOTALL
    )
    assert [html.unescape(" ".join(row)) for row in rows] == [
        'severity=~"crit.*" critical match', 'team!="" (missing) no match', 'x="" (missing) match'
    ]  # fmt: skip
    assert "Not all match" in page


def test_a_matcher_that_is_none_is_marked_where_it_goes_wrong() -> None:
    found = judge('a="b", c', {})
    first, second = found.mistake.splitlines()[:2]
    assert first == 'a="b", c'
    assert second.lstrip().startswith("^ ")
    assert judge("a=~b", {"a": "b"}).holds


def test_what_is_written_is_shown_as_text(client: FlaskClient) -> None:
    hostile = '"><script>alert(1)</script>'
    asked = {"labels": f"a={hostile}", "matchers": hostile}
    assert "<script>alert" not in client.get("/routes", query_string=asked).text
    response = send(client, name=hostile, text=f"</textarea>{hostile}", subject=hostile)
    assert "<script>alert" not in response.text
