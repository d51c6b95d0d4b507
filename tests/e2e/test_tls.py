"""The whole adapter behind TLS: a client certificate of Alertmanager, and files renewed."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pytest
import requests

from adapter.secret import Secret
from adapter.simulator import Robot, SimulatorSettings, running
from support.adapter import Adapter, adapter_in, robot_section, told
from support.alertmanager import RELEASES, alertmanager
from support.certificates import Authority
from support.container import health_check
from support.processes import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from adapter.simulator import Running

pytestmark = pytest.mark.real

OPS: Final = Robot(name="ops", access_token=Secret("a1" * 32), secret=Secret("SEC" + "b2" * 32))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def dingtalk() -> Iterator[Running]:
    with running(SimulatorSettings(robots=(OPS,))) as serving:
        yield serving


@pytest.fixture
def adapter(tmp_path: Path, authority: Authority, dingtalk: Running) -> Iterator[Adapter]:
    authority.certify("server")
    with adapter_in(tmp_path) as ours:
        ours.url = ours.url.replace("http:", "https:")
        files = {"cert_file": "server.crt", "key_file": "server.key"}
        tls = {**files, "client_ca_file": authority.file.name}
        ours.configure(
            {"ops": robot_section(OPS, dingtalk.url)}, server={"tls": tls, "watch": False}
        )
        ours.launch()
        wait_until(lambda: status(ours, authority, "/-/ready") == 200, what="it is ready")
        yield ours


def status(adapter: Adapter, authority: Authority, path: str) -> int:
    try:
        return requests.get(
            f"{adapter.url}{path}", verify=str(authority.file), timeout=2
        ).status_code
    except requests.RequestException:
        return 0


def post(adapter: Adapter, authority: Authority, name: str, **more: Any) -> requests.Response:  # noqa: ANN401  # what requests takes
    return adapter.post(told(name), verify=str(authority.file), **more)


def test_the_health_check_of_the_image_speaks_tls(adapter: Adapter) -> None:
    _python, *arguments = health_check(adapter.url)
    here = [sys.executable, *arguments]
    assert subprocess.run(here, check=False, timeout=30).returncode == 0
    adapter.kill()
    done = subprocess.run(here, check=False, timeout=30, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, "not healthy\n")


def test_alertmanager_shows_its_certificate_and_nobody_else_gets_in(
    adapter: Adapter, authority: Authority, dingtalk: Running, tmp_path: Path
) -> None:
    certificate, key = map(str, authority.certify("alertmanager"))
    answer = post(adapter, authority, "Uninvited")
    assert (answer.status_code, "client certificate" in answer.json()["error"]) == (401, True)
    assert status(adapter, authority, "/metrics") == 200
    encrypted = {"ca_file": str(authority.file), "cert_file": certificate, "key_file": key}
    webhook = {"url": f"{adapter.url}/alertmanager", "http_config": {"tls_config": encrypted}}
    configuration = {
        "route": {"receiver": "dingtalk", "group_wait": "1s"},
        "receivers": [{"name": "dingtalk", "webhook_configs": [webhook]}],
    }
    with alertmanager(RELEASES["debian"], configuration, tmp_path) as source:
        alert = {"labels": {"alertname": "Invited", "severity": "critical"}}
        requests.post(f"{source.url}/api/v2/alerts", json=[alert], timeout=5).raise_for_status()
        wait_until(lambda: "Invited" in json.dumps([m.title for m in dingtalk.messages()]))
    assert len(dingtalk.messages()) == 1


def test_a_renewed_certificate_is_taken_and_a_broken_one_is_not(
    adapter: Adapter, authority: Authority, tmp_path: Path
) -> None:
    own = authority.certify("alertmanager")
    certificate, key = map(str, own)
    with requests.Session() as session:
        session.trust_env = False  # a machine's own authorities would pass ours over
        session.verify, session.cert = str(authority.file), (certificate, key)
        ask = f"{adapter.url}/-/reload"
        (tmp_path / "server.key").write_text("nothing")
        refused = session.post(ask, timeout=10)
        assert refused.status_code == 500
        assert "server.tls.key_file" in refused.text
        assert session.post(f"{adapter.url}/alertmanager", told("Old"), timeout=10).ok
    renewed = Authority(tmp_path, "renewed")
    renewed.certify("server")
    assert requests.post(ask, verify=str(authority.file), timeout=10).status_code == 200
    assert status(adapter, authority, "/-/ready") == 0, "signed by the other authority"
    assert status(adapter, renewed, "/-/ready") == 200
    answer = requests.post(
        f"{adapter.url}/alertmanager",
        told("New"),
        verify=str(renewed.file),
        cert=(certificate, key),
        timeout=10,
    )
    assert answer.status_code == 200, "whom clients are signed by has not changed"
