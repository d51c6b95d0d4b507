"""The image is built by its own steps, and its pods run as the manifests say: real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest
import requests
import yaml

from adapter import __version__
from adapter.secret import Secret
from adapter.simulator import Robot, Running, SimulatorSettings, running
from support.adapter import children_of, told
from support.container import Pod, build, health_check, instructions, need_namespaces
from support.kustomize import K8S, ROOT, Manifest, container, kustomize, one
from support.postgresql import cluster
from support.processes import answers, free_port, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("image")]

TOKEN: Final = "a1" * 32
SECRET: Final = "SEC" + "b2" * 32
OPS: Final = Robot(name="ops", access_token=Secret(TOKEN), secret=Secret(SECRET))
BEARER: Final = {"Authorization": "Bearer webhook-canary"}
SECRETS: Final = {"access-token": TOKEN, "secret": SECRET, "webhook-token": "webhook-canary\n"}
MIB: Final = 1024 * 1024


@pytest.fixture(scope="session")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_namespaces()
    return build(tmp_path_factory.mktemp("image"))


@pytest.fixture
def dingtalk() -> Iterator[Running]:
    with running(SimulatorSettings(robots=(OPS,))) as serving:
        yield serving


class Reached:
    """Hold a pod and where it listens."""

    def __init__(self, pod: Pod, port: int) -> None:
        self.pod = pod
        self.url = f"http://127.0.0.1:{port}"

    def post(self, body: bytes, path: str = "/alertmanager", **headers: str) -> requests.Response:
        return requests.post(f"{self.url}{path}", data=body, headers=headers, timeout=30)


Start: TypeAlias = "Callable[[list[Manifest], dict[str, str]], Reached]"


@pytest.fixture
def start(image: Path, dingtalk: Running, tmp_path: Path) -> Iterator[Start]:
    """Start pods; their configuration is the manifest's but for port and DingTalk's address."""
    pods: list[Pod] = []

    def begin(objects: list[Manifest], secrets: dict[str, str]) -> Reached:
        port = free_port()
        config = yaml.safe_load(one(objects, "ConfigMap")["data"]["config.yml"])
        config.setdefault("server", {})["listen"] = f"127.0.0.1:{port}"
        config["robot_defaults"] = {"api_url": dingtalk.url}
        folder = tmp_path / f"pod-{len(pods)}"
        folder.mkdir()
        pod = Pod(image, objects, folder)
        pod.prepare(yaml.safe_dump(config), secrets)
        pods.append(pod)
        pod.start().serves(f"http://127.0.0.1:{port}/-/ready")
        return Reached(pod, port)

    yield begin
    for pod in pods:
        if pod.process is not None:
            pod.process.kill()


def told_of(dingtalk: Running) -> list[str]:
    return [message.title.split()[-1] for message in dingtalk.messages()]


def pss(pid: int) -> int:
    """Return the memory of a process and its children in bytes, what is shared counted once."""
    family = [pid, *children_of(pid)]
    texts = [Path(f"/proc/{each}/smaps_rollup").read_text() for each in family]
    return 1024 * sum(
        int(line.split()[1]) for text in texts for line in text.splitlines() if line[:4] == "Pss:"
    )


def bytes_of(quantity: str) -> int:
    assert quantity.endswith("Mi"), quantity
    return int(quantity.removesuffix("Mi")) * MIB


# -- the Dockerfile ----------------------------------------------------------------------------


def test_hadolint_has_nothing_against_the_dockerfile() -> None:
    program = Path(sys.executable).with_name("hadolint")
    done = subprocess.run(
        [program, ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_engine_gets_what_is_copied_and_nothing_else() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    sent = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {
        source
        for name, rest in instructions()
        if name == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }
    assert sent == copied
    assert "*" in ignored


def test_the_image_runs_as_the_user_of_the_manifests() -> None:
    said = dict(instructions())
    context = one(kustomize(K8S / "base"), "Deployment")["spec"]["template"]["spec"]
    context = context["securityContext"]
    assert said["USER"] == f"{context['runAsUser']}:{context['runAsGroup']}"
    assert json.loads(said["CMD"]) == container(kustomize(K8S / "base"))["args"]


def test_its_steps_make_an_environment_of_what_is_locked_and_nothing_else(image: Path) -> None:
    python = image / "app" / "bin" / "python"
    script = "import importlib.metadata as m; print(*(d.name for d in m.distributions()))"
    found = subprocess.run(
        [python, "-I", "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    lock = (ROOT / "requirements.lock").read_text().splitlines()
    locked = {line.split("==")[0] for line in lock if "==" in line and "win32" not in line}
    assert {name.lower().replace("_", "-") for name in found} == locked | {"alertmanager-dingtalk"}
    assert list((image / "app").glob("lib/*/site-packages/adapter/templates/default.j2"))


# -- its pods ----------------------------------------------------------------------------------


def test_a_pod_of_the_base_delivers_and_keeps_its_queue(start: Start, dingtalk: Running) -> None:
    there = start(kustomize(K8S / "base"), SECRETS)
    assert there.post(told("Nobody")).status_code == 401
    assert there.post(told("HighLoad"), **BEARER).json()["deliveries"] == 1
    wait_until(lambda: told_of(dingtalk) == ["HighLoad"], what="it is told")
    process = there.pod.process
    assert process is not None
    process.signal(signal.SIGTERM)
    assert process.wait(30) == 0
    there.pod.start().serves(f"{there.url}/-/ready")
    again = there.post(told("HighLoad"), **BEARER).json()
    assert (again["deliveries"], again["duplicates"]) == (0, 1), "it remembers"
    assert "webhook-canary" not in there.pod.log.read_text()


def test_a_pod_has_no_right_and_writes_only_to_its_volumes(start: Start) -> None:
    there = start(kustomize(K8S / "base"), SECRETS)
    process = there.pod.process
    assert process is not None
    [worker] = children_of(process.pid)
    for pid in process.pid, worker:
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        )
        assert status["Uid"].split() == status["Gid"].split() == ["65532"] * 4
        assert status["Groups"].split() == ["65532"]
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1"
    mounts = [line.split() for line in Path(f"/proc/{worker}/mountinfo").read_text().splitlines()]
    writable = {fields[4] for fields in mounts if fields[5].split(",")[0] == "rw"}
    machine = ("/dev", "/proc")
    assert {point for point in writable if not point.startswith(machine)} == {"/data", "/tmp"}  # noqa: S108  # the pod's
    assert there.pod.run("touch", "/app/x").returncode
    assert there.pod.run("touch", "/data/x").returncode == 0


def test_probes_and_hooks_work_in_the_pod(start: Start) -> None:
    objects = kustomize(K8S / "base")
    there = start(objects, SECRETS)
    adapter = container(objects)
    for name in "startup", "readiness", "liveness":
        assert answers(f"{there.url}{adapter[f'{name}Probe']['httpGet']['path']}")
    program, _seconds = adapter["lifecycle"]["preStop"]["exec"]["command"]
    assert there.pod.run(program, "0").returncode == 0
    here = health_check(there.url)
    assert there.pod.run(*here).returncode == 0
    assert there.pod.run("alertmanager-dingtalk", "--version").stdout.split()[-1] == __version__
    process = there.pod.process
    assert process is not None
    process.kill()
    assert there.pod.run(*here).returncode != 0


def test_requests_and_limits_are_what_it_takes(start: Start) -> None:
    """At rest below the request; with a full webhook in every thread below the limit."""
    objects = kustomize(K8S / "base")
    there = start(objects, SECRETS)
    process = there.pod.process
    assert process is not None
    resources = container(objects)["resources"]
    assert pss(process.pid) < bytes_of(resources["requests"]["memory"])
    body = _almost_ten_mebibytes()
    with ThreadPoolExecutor(16) as pool:
        codes = list(pool.map(lambda _: there.post(body, **BEARER).status_code, range(32)))
    assert set(codes) <= {200, 503}
    assert 200 in codes
    [worker] = children_of(process.pid)
    status = Path(f"/proc/{worker}/status").read_text()
    [peak] = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")]
    assert peak * 1024 + pss(process.pid) - pss(worker) < bytes_of(resources["limits"]["memory"])


def _almost_ten_mebibytes() -> bytes:
    document = json.loads(told("Big"))
    [alert] = document["alerts"]
    alerts = [
        {
            **alert,
            "fingerprint": f"{number:016x}",
            "labels": {**alert["labels"], "pod": f"pod-{number}"},
            "annotations": {"description": "x" * 2000},
        }
        for number in range(4500)
    ]
    body = json.dumps({**document, "alerts": alerts}).encode()
    assert 9 * MIB < len(body) < 10 * MIB
    return body


def test_two_pods_share_postgresql(start: Start, dingtalk: Running) -> None:
    # Not below pytest's own folder, which the server's user may not enter.
    with TemporaryDirectory() as data, cluster(Path(data)) as database:
        objects = kustomize(K8S / "overlays" / "ha")
        secrets = {**SECRETS, "database": database.url()}
        pods = [start(objects, secrets) for _ in range(2)]
        accepted = [there.post(told("HighLoad"), **BEARER).json() for there in pods]
        assert [each["deliveries"] for each in accepted] == [1, 0]
        wait_until(lambda: told_of(dingtalk) == ["HighLoad"], what="it is told once")


def test_the_other_adapters_url_is_answered_without_credentials(
    start: Start, dingtalk: Running, tmp_path: Path
) -> None:
    folder = tmp_path.resolve() / "mine"
    folder.mkdir()
    text: dict[str, Any] = {
        "resources": [os.path.relpath(K8S / "base", folder)],
        "components": [
            os.path.relpath(K8S / "components" / "replace-prometheus-webhook-dingtalk", folder)
        ],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(text))
    there = start(kustomize(folder), SECRETS)
    answer = there.post(told("HighLoad"), "/dingtalk/webhook1/send")
    assert (answer.status_code, answer.text.strip()) == (200, "OK")
    wait_until(lambda: told_of(dingtalk) == ["HighLoad"], what="it is told")
