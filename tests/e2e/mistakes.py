"""Mistakes of those who post webhooks and who write the configuration, full of canaries."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import requests

from e2e.canaries import ABROAD, BEARER, DATABASE, GUESSED, HMAC, MISPLACED, MOBILE
from support.adapter import command, webhook
from support.alerts import make_alert

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.adapter import Adapter

RIGHT = {"Authorization": f"Bearer {BEARER}"}
QUERY = f"?access_token={BEARER}&sign={GUESSED}&mobile={MOBILE}"

BODIES = (
    "",
    MOBILE,
    f'["{MOBILE}"]',
    f'{{"alerts": "{MOBILE}"}}',
    f'{{"alerts": [{{"status": "{MOBILE}", "labels": {{}}}}]}}',
    f'{{"alerts": [{{"labels": {{"{MOBILE}": 1}}}}]}}',
    f'{{"alerts": [], "{MOBILE}": "{ABROAD}',
    f'{{"alerts": [{{"labels": {{"mobiles": "{MOBILE * 10_000}"}}}}]}}',
    f"\ud800{MOBILE}",
)

CONFIGURATIONS = (
    f"robots: {{ops: {{acess_token: {MISPLACED}, secret: [SEC{MISPLACED}]}}}}",
    f"robots: {{{MISPLACED}: {{webhook: 'https://x/?access_token={MISPLACED}&sign={MISPLACED}'}}}}",
    f"robots: {{ops: {{access_token: '{MISPLACED} {MISPLACED}', secret: 'SEC {MISPLACED}'}}}}",
    f"robots: {{ops: {{access_token: abcdef, api_url: 'https://u:{MISPLACED}@x/robot'}}}}",
    f"robots: {{ops: {{access_token: abcdef, proxy: '{MISPLACED}'}}}}",
    f"robots: {{ops: {{webhook: '{MISPLACED}'}}}}",
    f"robots: {{ops: {{access_token_file: /nowhere/{MISPLACED}}}}}",
    f"robots: {{ops: {{access_token: ${{{MISPLACED}}}}}}}",
    f"robots: {{ops: {{access_token: abcdef, mention: ['mobile:{MOBILE}', '{ABROAD}']}}}}",
    f'robots: {{ops: {{secret: "SEC{MISPLACED}',
    f"route: {{robots: ['{MOBILE}', '{MISPLACED}'], timezone: '{MOBILE}'}}",
    f"route: {{matchers: ['mobile=~\"{MOBILE}'], robots: [ops]}}",
    f"server: {{auth: {{bearer_tokens: '{MISPLACED}'}}}}",
    f"server: {{auth: {{hmac: {{secret: [{MISPLACED}], header: 'X {MOBILE}'}}}}}}",
    f"server: {{tls: {{cert_file: {MISPLACED}, key_file: 'PRIVATE KEY {MISPLACED}'}}}}",
    f"server: {{auth: {{basic: {{username: a, passwort: {MISPLACED}}}}}}}",
    f"storage: {{url: 'postgres://u:{DATABASE}@127.0.0.1/db'}}",
    f"storage: {{url: 'postgresql+psycopg://u:{DATABASE}@127.0.0.1'}}",
    f"storage: {{url: 'postgresql+psycopg://u:{DATABASE}/more@127.0.0.1/db'}}",
    f"storage: {{url: 'postgresql+psycopg://u:{DATABASE}@127.0.0.1:{DATABASE}/db'}}",
    f"storage: {{url: 'sqlite:///:memory:{DATABASE}', retention: {DATABASE}}}",
    f"people: {{zhang: {{mobile: '{MOBILE}'}}}}",
    f"{MOBILE}: {ABROAD}",
    f"[{MISPLACED}, {MOBILE}]",
)


def told(**labels: str) -> bytes:
    """Return a sound webhook whose labels hold what a log must not show."""
    alert = make_alert("A", mobile=MOBILE, abroad=ABROAD, **labels)
    return webhook(alert, key=f'{{}}:{{mobile="{MOBILE}"}}')


def requests_of_senders(adapter: Adapter) -> Iterator[requests.Response]:
    """Yield the answers to requests that are wrong in every way."""
    for text in BODIES:
        body = text.encode(errors="surrogatepass")
        yield adapter.post(body, f"/alertmanager{QUERY}", headers=RIGHT)
    yield adapter.post(told(), f"/alertmanager?source={MOBILE}", headers=RIGHT)
    yield adapter.post(told(), f"/alertmanager/{MOBILE}", headers=RIGHT)
    yield adapter.post(told(), headers=RIGHT | {"Content-Encoding": f"gzip {GUESSED}"})
    basic = base64.b64encode(f"alertmanager:{GUESSED}".encode()).decode()
    for wrong in "", f"Bearer {GUESSED}", f"Basic {basic}", f"Basic {GUESSED}", GUESSED:
        yield adapter.post(told(), headers={"Authorization": wrong})
    for signature, at in ((GUESSED, "1"), (HMAC, HMAC), (GUESSED, MOBILE)):
        signed = {"X-Grafana-Alerting-Signature": signature, "X-Signed-At": at}
        yield adapter.post(told(), headers=signed)
    for path in "/alertmanager", f"/{GUESSED}", f"/dingtalk/{MOBILE}/send", "/-/reload/":
        for method in "GET", "DELETE", "OPTIONS":
            url = f"{adapter.url}{path}{QUERY}"
            yield requests.request(method, url, headers=RIGHT, timeout=10)
    for path in "/-/healthy", "/-/ready", "/metrics":
        yield requests.get(f"{adapter.url}{path}{QUERY}", headers=RIGHT, timeout=10)


def answers_to_operators(adapter: Adapter) -> Iterator[str]:
    """Yield what is said of broken configurations, by the service, and of one by check-config."""
    good = adapter.config.read_text()
    for text in CONFIGURATIONS:
        adapter.config.write_text(text)
        answer = requests.post(f"{adapter.url}/-/reload", headers=RIGHT, timeout=10)
        assert answer.status_code == 500, "each of them is broken"
        yield answer.text
    adapter.config.write_text("\n".join(CONFIGURATIONS[5:9]))
    code, output = command("check-config", str(adapter.config), folder=adapter.folder)
    assert code == 2
    yield output
    adapter.config.write_text(good)
