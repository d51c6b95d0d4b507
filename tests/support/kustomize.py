"""What `kubectl kustomize` makes of the folders of deploy/k8s."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from support.processes import need

ROOT: Final = Path(__file__).parents[2]
K8S: Final = ROOT / "deploy" / "k8s"

Manifest = dict[str, Any]

_OWN: Final = ROOT / ".cache" / "kubectl" / "usr" / "bin" / "kubectl"


def kubectl() -> str:
    """Return the kubectl that scripts/install-test-tools found or fetched; skip where none is."""
    if _OWN.exists():
        return str(_OWN)
    need("kubectl")
    return str(shutil.which("kubectl"))


@cache
def _text(folder: Path) -> str:
    command = [kubectl(), "kustomize", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert not made.stderr, "kustomize warns"
    return made.stdout


def kustomize(folder: Path) -> list[Manifest]:
    """Return the objects of a folder with a kustomization, each anew."""
    return list(yaml.safe_load_all(_text(folder)))


def one(objects: list[Manifest], kind: str, name: str = "alertmanager-dingtalk") -> Manifest:
    """Return the only object of a kind and name."""
    [found] = [
        each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name
    ]
    return found


def container(objects: list[Manifest]) -> Manifest:
    """Return the only container of the Deployment."""
    [found] = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found
