"""Containers without an engine: what the Dockerfile builds, and pods of it, in mount namespaces.

The host lends its programs and libraries; what the image and the pod's volumes bring is their own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from support.kustomize import ROOT, Manifest, container, one
from support.processes import Process, need

OWN: Final = ("app", "build", "data", "src")
"""Folders at the top that the image makes and no machine lends."""

_LENT_TO_PODS: Final = ("bin", "lib", "lib64", "sbin", "usr")
_LENT_FILES: Final = ("group", "hosts", "ld.so.cache", "nsswitch.conf", "passwd")


def need_namespaces() -> None:
    """Skip where no mount namespace can be made; under CI that is a failure."""
    need("unshare", "setpriv", "chroot", "mount")
    if ROOT.parts[1] in OWN:
        pytest.skip(f"the checkout lies in /{ROOT.parts[1]}, where the image has its own files")
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("no mount namespace under CI: run the tests as root")
        pytest.skip("no mount namespace: run the tests as root")


def instructions() -> list[tuple[str, str]]:
    """Return what the Dockerfile says, one instruction after the other."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    text = "\n".join(line for line in lines if not line.startswith("#"))
    found = re.sub(r"\\\n\s*", " ", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in found if line)]


def health_check(url: str) -> list[str]:
    """Return the Dockerfile's health check, of what listens at a URL."""
    check = json.loads(dict(instructions())["HEALTHCHECK"].split(" CMD ")[1])
    return [word.replace("127.0.0.1:8060", url.partition("://")[2]) for word in check]


@dataclass
class Stage:
    """Hold the files of one stage while it is built."""

    root: Path
    folder: str = "/"
    environment: dict[str, str] = field(default_factory=dict)

    def path(self, inside: str) -> Path:
        """Return where a path of the image lies."""
        return self.root / (Path(self.folder) / inside).relative_to("/")

    def copy(self, sources: list[str], to: str, origin: Path) -> None:
        """Do what COPY does: the content of a folder, or files into a folder."""
        target = self.path(to)
        for source in sources:
            found = origin / source.lstrip("/")
            if found.is_dir():
                ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
                shutil.copytree(found, target, symlinks=True, dirs_exist_ok=True, ignore=ignored)
            else:
                shutil.copy2(found, target)

    def run(self, command: str) -> None:
        """Do what RUN does, with the machine's interpreter in place of the image's."""
        command = re.sub(r"(?<![/\w-])python(?= -m)", sys.executable, command)
        script = ["set -eu"]
        for entry in sorted(Path("/").iterdir()):
            if entry.name in OWN:
                continue
            script += _lend(entry, self.root)
        script.append(
            f"exec chroot {self.root} sh -euc {shlex.quote(f'cd {self.folder}; {command}')}"
        )
        done = subprocess.run(
            _in_namespace(script),
            capture_output=True,
            text=True,
            check=False,
            # The machine's cache may serve: an engine has none.
            env={**os.environ, **self.environment, "PIP_NO_CACHE_DIR": "0"},
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def build(folder: Path) -> Path:
    """Build the image of the Dockerfile below `folder`; return the root of its last stage."""
    stages: dict[str, Stage] = {}
    stage = Stage(folder)
    for name, rest in instructions():
        if name == "FROM":
            _, _, title = rest.partition(" AS ")
            stage = stages[title] = Stage(folder / (title or "last"))
            stage.root.mkdir()
        elif name == "WORKDIR":
            stage.folder = rest
            stage.path("").mkdir(exist_ok=True)
        elif name == "ENV":
            stage.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            stage.environment.pop("PATH", None)  # the machine's programs are lent
        elif name == "COPY":
            options = [word for word in rest.split() if word.startswith("--from=")]
            *sources, to = [word for word in rest.split() if word not in options]
            origin = stages[options[0].removeprefix("--from=")].root if options else ROOT
            stage.copy(sources, to, origin)
        elif name == "RUN":
            stage.run(rest)
    return stage.root


class Pod:
    """Run the container of a manifest: its user, groups, mounts, arguments and read-only root."""

    def __init__(self, image: Path, objects: list[Manifest], folder: Path) -> None:
        self.folder = folder
        self.log = folder / "pod.log"
        self._root = folder / "root"
        self._spec = one(objects, "Deployment")["spec"]["template"]["spec"]
        self._container = container(objects)
        self._image = image
        self.process: Process | None = None

    def prepare(self, config: str, secrets: dict[str, str]) -> None:
        """Make the root and what the volumes hold."""
        self._root.mkdir(mode=0o755)
        for name in ("app", "data", "dev", "etc", "proc", "tmp"):
            (self._root / name).mkdir(mode=0o755)
        for name in _LENT_FILES:
            if (Path("/etc") / name).exists():
                shutil.copy(Path("/etc") / name, self._root / "etc")
        for volume in self._spec["volumes"]:
            source = self.folder / "volumes" / volume["name"]
            source.mkdir(parents=True, mode=0o755)
            if "configMap" in volume:
                _project(source, {"config.yml": config}, 0o644, 0)
            elif "secret" in volume:
                _project(source, secrets, volume["secret"]["defaultMode"], self._group)
            else:
                os.chown(source, 0, self._group)
                source.chmod(0o2770)
        for mount in self._container["volumeMounts"]:
            (self._root / mount["mountPath"].lstrip("/")).mkdir(exist_ok=True)

    @property
    def _group(self) -> int:
        return int(self._spec["securityContext"]["fsGroup"])

    def command(self, *arguments: str) -> list[str]:
        """Return how to run a command in the container."""
        script = ["set -eu", f"mount --bind {self._root} {self._root}", f"cd {self._root}"]
        lent = [Path("/") / name for name in _LENT_TO_PODS]
        for entry in [*lent, Path(sys.base_prefix)]:
            if entry.exists() and not str(entry).startswith("/usr/"):
                script += _lend(entry, self._root, "ro")
        script += _mount(self._image / "app", self._root / "app", "ro")
        script += [f"mount --rbind /{name} {self._root}/{name}" for name in ("dev", "proc")]
        for mount in self._container["volumeMounts"]:
            source = self.folder / "volumes" / mount["name"]
            mode = "ro" if mount.get("readOnly") else "rw"
            script += _mount(source, self._root / mount["mountPath"].lstrip("/"), mode)
        assert self._container["securityContext"]["readOnlyRootFilesystem"]
        script.append(f"mount -o remount,bind,ro {self._root}")
        context = self._spec["securityContext"]
        user = [
            "setpriv",
            f"--reuid={context['runAsUser']}",
            f"--regid={context['runAsGroup']}",
            f"--groups={context['fsGroup']}",
            "--bounding-set=-all",
            "--inh-caps=-all",
            "--no-new-privs",
        ]
        environment = ["env", "-i", "PATH=/app/bin:/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE=1"]
        inside = shlex.join(["chroot", str(self._root), *user, *environment, *arguments])
        return _in_namespace([*script, f"exec {inside}"])

    def start(self) -> Process:
        """Start what the manifest says."""
        command = self.command("alertmanager-dingtalk", *self._container["args"])
        self.process = Process(command, log=self.log)
        return self.process

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command as an exec probe or a hook would be, to its end."""
        return subprocess.run(
            self.command(*arguments), capture_output=True, text=True, check=False, timeout=60
        )


def _in_namespace(script: list[str]) -> list[str]:
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(script)]


def _lend(entry: Path, root: Path, mode: str = "rw") -> list[str]:
    """Return how to show a file of the host at the same place in a root."""
    target = root / str(entry).lstrip("/")
    if entry.is_symlink():
        if not target.is_symlink():
            target.symlink_to(entry.readlink())
        return []
    if not entry.is_dir():
        return []
    target.mkdir(parents=True, exist_ok=True)
    if mode == "ro":
        return _mount(entry, target, mode)
    return [f"mount --rbind {entry} {target}"]


def _mount(source: Path, target: Path, mode: str) -> list[str]:
    return [f"mount --bind {source} {target}", f"mount -o remount,bind,{mode} {target}"]


def _project(folder: Path, files: dict[str, str], mode: int, group: int) -> None:
    """Write files as kubelet does: in a folder of that moment, behind links that can be swapped."""
    moment = folder / "..moment"
    moment.mkdir(mode=0o755)
    (folder / "..data").symlink_to(moment.name)
    for name, text in files.items():
        (moment / name).write_text(text)
        (moment / name).chmod(mode)
        os.chown(moment / name, 0, group)
        (folder / name).symlink_to(f"..data/{name}")
