"""The shell of the pages: who is let in, what a form needs, which language, which headers."""

from __future__ import annotations

import base64
import re
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import pytest
from flask import Blueprint, Flask, Response

from adapter.config.settings import BasicAuth, PageSettings
from adapter.errors import StoreUnavailable
from adapter.secret import Secret
from adapter.web import create_app
from adapter.web.pages.forms import read_form
from adapter.web.pages.headers import POLICY
from adapter.web.pages.refusal import REFUSALS, PageRefusal
from adapter.web.pages.shell import NAVIGATION, Shell, prepare_templates
from adapter.web.pages.words import SHELL
from support.clock import FakeClock
from support.settings import make_settings
from web.pages.paging import Paged, an_outbox
from web.test_webhooks import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from adapter.outbox import Outbox

    Serve = Callable[..., FlaskClient]

AWAY = {"REMOTE_ADDR": "192.0.2.7"}
PROXY = {"REMOTE_ADDR": "10.1.2.3"}
BASIC = PageSettings(basic=BasicAuth(username="ops", password=Secret("hunter2")))
TRUSTED = PageSettings(
    trusted_header="X-Forwarded-User", trusted_proxies=(ip_network("10.0.0.0/8"),)
)


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outbox]:
    yield from an_outbox(tmp_path_factory.mktemp("shell"))


@pytest.fixture
def serve(outbox: Outbox) -> Serve:
    def serving(page: PageSettings | None = None) -> FlaskClient:
        settings = make_settings(page=page or PageSettings())
        return create_app(Paged(settings, outbox)).test_client()

    return serving


def password(value: str, name: str = "ops") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{value}".encode()).decode()}


def refusal_of(response: TestResponse) -> str:
    """Return which refusal a page shows."""
    english = {pair[1]: name for name, pair in REFUSALS.items()}
    found = re.search(r'role="alert">(.*?)</p>', response.text)
    assert found, response.text
    return english[found[1]]


def get(
    client: FlaskClient,
    path: str = "/?lang=en",
    **more: Any,  # noqa: ANN401  # what a request may have
) -> TestResponse:
    return client.get(path, **more)


# -- who is let in -----------------------------------------------------------------------------


def test_without_a_login_this_machine_alone_is_served(serve: Serve) -> None:
    client = serve()
    assert get(client).status_code == 200
    for peer in ("127.0.0.9", "::1", "::ffff:127.0.0.1"):
        assert get(client, environ_base={"REMOTE_ADDR": peer}).status_code == 200
    for peer in ("192.0.2.7", "::ffff:192.0.2.7", ""):
        response = get(client, environ_base={"REMOTE_ADDR": peer})
        assert (response.status_code, refusal_of(response)) == (404, "off")


@pytest.mark.parametrize("host", ["localhost:8060", "127.0.0.1", "[::1]:8060", "a.localhost"])
def test_names_of_loopback_are_served(serve: Serve, host: str) -> None:
    assert get(serve(), headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.evil.example", "localhost.evil", "10.0.0.1", "[::1"]
)
def test_a_name_that_another_site_turned_to_loopback_is_not(serve: Serve, host: str) -> None:
    assert get(serve(), headers={"Host": host}).status_code == 404


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_a_proxy_on_this_machine_opens_nothing(serve: Serve, header: str) -> None:
    assert get(serve(), headers={header: "for=127.0.0.1"}).status_code == 404


def test_a_password_lets_in_from_anywhere_and_nothing_else_does(serve: Serve) -> None:
    client = serve(BASIC)
    response = get(client, headers=password("hunter2"), environ_base=AWAY)
    assert (response.status_code, "<bdi>ops</bdi>" in response.text) == (200, True)
    for headers in ({}, password("wrong"), password("hunter2", "root"), {"Authorization": "Basic"}):
        refused = get(client, headers=headers)
        assert (refused.status_code, refusal_of(refused)) == (401, "no_login")
        assert refused.headers["WWW-Authenticate"].startswith('Basic realm="')


def test_a_trusted_proxy_says_who_it_is(serve: Serve) -> None:
    client = serve(TRUSTED)
    named = {"X-Forwarded-User": "张三".encode().decode("latin-1")}
    response = get(client, headers=named, environ_base=PROXY)
    assert (response.status_code, "<bdi>张三</bdi>" in response.text) == (200, True)


@pytest.mark.parametrize(
    ("headers", "peer"), [({"X-Forwarded-User": "root"}, AWAY), ({}, PROXY), ({}, {})]
)
def test_nobody_else_is_believed(
    serve: Serve, headers: Mapping[str, str], peer: Mapping[str, str]
) -> None:
    response = get(serve(TRUSTED), headers=headers, environ_base=peer)
    assert (response.status_code, refusal_of(response)) == (403, "no_proxy")


def test_either_login_suffices(serve: Serve) -> None:
    both = PageSettings(
        basic=BASIC.basic,
        trusted_header=TRUSTED.trusted_header,
        trusted_proxies=TRUSTED.trusted_proxies,
    )
    client = serve(both)
    assert get(client, headers=password("hunter2"), environ_base=PROXY).status_code == 200
    assert get(client, headers={"X-Forwarded-User": "li"}, environ_base=PROXY).status_code == 200
    assert get(client, headers={"X-Forwarded-User": "li"}, environ_base=AWAY).status_code == 401


# -- what a page is ----------------------------------------------------------------------------


def test_every_page_forbids_what_does_not_come_from_here(serve: Serve) -> None:
    client = serve()
    for response in (get(client), get(client, environ_base=AWAY)):
        assert response.headers["Content-Security-Policy"] == POLICY
        assert "unsafe" not in POLICY
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Referrer-Policy"] == "same-origin"
        assert response.headers["Cache-Control"] == "no-store"
        assert not re.search(r"<script(?! src=)|<style| style=| on\w+=|https?://", response.text)


@pytest.mark.parametrize(
    ("asked", "kept", "preferred", "shown"),
    [
        ("", "", "", "zh-CN"),
        ("", "", "fr", "zh-CN"),
        ("", "", "en-US,en;q=0.9,zh;q=0.8", "en"),
        ("", "", "zh-TW,en;q=0.5", "zh-CN"),
        ("", "zh", "en", "zh-CN"),
        ("en", "zh", "zh", "en"),
        ("xx", "yy", "en", "en"),
    ],
)
def test_the_language_is_the_visitors(
    serve: Serve, asked: str, kept: str, preferred: str, shown: str
) -> None:
    client = serve()
    if kept:
        client.set_cookie("adapter_language", kept)
    response = get(client, f"/?lang={asked}", headers={"Accept-Language": preferred})
    assert f'<html lang="{shown}">' in response.text
    other = "zh" if shown == "en" else "en"
    assert f'href="?lang={other}"' in response.text


def test_a_language_that_was_chosen_is_kept(serve: Serve) -> None:
    client = serve()
    get(client, "/?lang=en")
    assert '<html lang="en">' in get(client, "/").text
    assert "adapter_language" not in str(get(client, "/?lang=en").headers)


def test_files_are_known_by_their_content_and_open_to_all(serve: Serve) -> None:
    client = serve(BASIC)
    addresses = re.findall(r'"(/m/assets/[^"]+)"', get(client).text)
    assert len(set(addresses)) == 3
    for address in addresses:
        response = client.get(address, environ_base=AWAY)
        assert (response.status_code, "immutable" in response.headers["Cache-Control"]) == (
            200,
            True,
        )
    assert client.get("/m/assets/nothing.js").status_code == 404


# -- forms -------------------------------------------------------------------------------------


@pytest.fixture
def client() -> FlaskClient:
    """Return a visitor of an application with one page that changes something."""
    app = Flask("test")
    prepare_templates(app)
    settings = make_settings(external_url="https://alerts.example.com/dingtalk")
    shell = Shell(Program(settings), ())
    blueprint = Blueprint("pages", __name__)
    shell.guard(blueprint)
    blueprint.before_request(shell.admit)

    @blueprint.get("/")
    def overview() -> Response:
        return shell.show("refusal.html", REFUSALS, key="gone")

    for endpoint, _ in NAVIGATION[1:]:
        blueprint.add_url_rule(f"/{endpoint}", endpoint.removeprefix("pages."), overview)

    @blueprint.post("/change")
    def change() -> Response:
        return Response(repr(sorted(shell.form(limit=100).items())))

    @blueprint.get("/broken")
    def broken() -> Response:
        raise StoreUnavailable("disk full")

    app.register_blueprint(blueprint)
    client = app.test_client()
    client.get("/")
    return client


def token_of(client: FlaskClient) -> str:
    cookie = client.get_cookie("adapter_form")
    assert cookie is not None
    return cookie.value


def change(
    client: FlaskClient, data: dict[str, str], headers: Mapping[str, str] | None = None
) -> TestResponse:
    return client.post("/change?lang=en", data=data, headers=headers)


def test_a_form_of_ours_is_read(client: FlaskClient) -> None:
    form = {"form_token": token_of(client), "a": "1&<é", "b": ""}
    for headers in ({}, {"Origin": "http://localhost"}, {"Sec-Fetch-Site": "same-origin"}):
        response = change(client, form, headers)
        assert (response.status_code, response.text) == (200, "[('a', '1&<é'), ('b', '')]")


@pytest.mark.parametrize(
    ("form", "headers", "code", "why"),
    [
        ({}, {"Origin": "https://evil.example"}, 403, "foreign"),
        ({}, {"Origin": "null"}, 403, "foreign"),
        ({}, {"Origin": "http://["}, 403, "foreign"),
        ({}, {"Sec-Fetch-Site": "cross-site"}, 403, "foreign"),
        ({}, {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"}, 403, "foreign"),
        ({"form_token": "x" * 32}, {}, 403, "stale"),
        ({"form_token": ""}, {}, 403, "stale"),
        ({"form_token": "é"}, {}, 403, "stale"),
        ({"a": "x" * 100}, {}, 413, "too_large"),
        ({}, {"Content-Type": "text/plain"}, 415, "no_form"),
    ],
)
def test_what_another_site_may_send_changes_nothing(
    client: FlaskClient, form: dict[str, str], headers: dict[str, str], code: int, why: str
) -> None:
    response = change(client, {"form_token": token_of(client), **form}, headers)
    assert (response.status_code, refusal_of(response)) == (code, why)


def test_a_form_needs_its_cookie(client: FlaskClient) -> None:
    token = token_of(client)
    client.delete_cookie("adapter_form")
    assert refusal_of(change(client, {"form_token": token})) == "stale"
    client.set_cookie("adapter_form", "short")
    assert refusal_of(change(client, {"form_token": "short"})) == "stale"


def test_a_form_of_too_many_fields_is_refused(client: FlaskClient) -> None:
    form = {"data": "&" * 300, "content_type": "application/x-www-form-urlencoded"}
    with client.application.test_request_context(method="POST", **form) as context:
        with pytest.raises(PageRefusal) as caught:
            read_form(context.request, FakeClock())
        assert caught.value.key == "too_large"


def test_a_store_that_fails_is_told_as_a_page(client: FlaskClient) -> None:
    response = client.get("/broken?lang=en")
    assert (response.status_code, refusal_of(response)) == (503, "no_store")
    assert "disk full" not in response.text


def test_a_page_that_a_proxy_shows_elsewhere_is_our_own(client: FlaskClient) -> None:
    """Where a proxy changes the host that is asked for, and Origin is all that the browser says."""
    form = {"form_token": token_of(client)}
    assert change(client, form, {"Origin": "https://alerts.example.com"}).status_code == 200
    assert change(client, form, {"Origin": "https://example.com"}).status_code == 403


def test_every_word_stands_in_both_languages() -> None:
    for pairs in (SHELL, REFUSALS):
        assert all(zh and en for zh, en in pairs.values())
