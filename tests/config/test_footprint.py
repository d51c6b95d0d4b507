"""Every file that a configuration was read from is known, whatever came of reading it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from adapter import config, loading
from adapter.config.footprint import Footprint
from adapter.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG = """
include: [conf.d/*.yml, team.yml]
server: {auth: {bearer_token_files: [bearer], basic: {username: bob, password_file: password}}}
templates: {directory: mine}
storage: {url_file: database}
robots:
  ops: {access_token_file: token, secret_file: secret}
route: {robots: [ops]}
"""


def put(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    put(tmp_path / "config.yml", CONFIG)
    put(tmp_path / "team.yml", "robots: {db: {webhook_file: webhook}}\n")
    put(tmp_path / "conf.d" / "a.yml", "people: {zhang: {user_id: zhang}}\n")
    put(tmp_path / "mine" / "own.j2", '{% extends "default.j2" %}\n')
    put(tmp_path / "webhook", "https://oapi.dingtalk.com/robot/send?access_token=abc\n")
    put(tmp_path / "database", "postgresql+psycopg://user:hunter2@db/adapter\n")
    for name in "bearer", "password", "token", "secret":
        put(tmp_path / name, f"{name}-1\n")
    return tmp_path


def read(folder: Path) -> Footprint:
    footprint = Footprint()
    try:
        loading.load(folder / "config.yml", footprint=footprint)
    except ConfigError:
        assert (folder / "broken").exists(), "only where it is meant"
    return footprint


def is_stale(footprint: Footprint) -> bool:
    return footprint.again() != footprint


@pytest.mark.parametrize(
    "name",
    [
        *("config.yml", "team.yml", "conf.d/a.yml", "mine/own.j2", "webhook", "database"),
        *("bearer", "password", "token", "secret"),
    ],
)
@pytest.mark.parametrize("change", ["written", "removed", "linked elsewhere"])
def test_a_file_that_changes_is_noticed(folder: Path, name: str, change: str) -> None:
    footprint, path = read(folder), folder / name
    assert not is_stale(footprint)
    content, size = path.read_bytes(), path.stat()
    path.unlink()
    if change == "written":  # as many bytes at the same time: stat would tell nothing
        put(path, content.decode().swapcase())
        os.utime(path, ns=(size.st_atime_ns, size.st_mtime_ns))
    elif change == "linked elsewhere":
        put(folder / "elsewhere", content.decode() + "#")
        path.symlink_to(folder / "elsewhere")
    assert is_stale(footprint)
    path.unlink(missing_ok=True)
    put(path, content.decode())
    assert not is_stale(footprint)


@pytest.mark.parametrize("name", ["conf.d/b.yml", "mine/other.j2"])
def test_a_file_that_comes_is_noticed(folder: Path, name: str) -> None:
    footprint = read(folder)
    put(folder / name, "")
    assert is_stale(footprint)


@pytest.mark.parametrize("name", ["conf.d/.b.yml", "mine/.own.j2.swp", "mine/notes", "other"])
def test_a_file_that_is_not_read_does_not_matter(folder: Path, name: str) -> None:
    footprint = read(folder)
    put(folder / name, "")
    (folder / "config.yml").touch()
    assert not is_stale(footprint)


def mistype(folder: Path) -> Path:
    put(folder / "config.yml", f"robts: {{}}\n{CONFIG}")
    return folder / "config.yml"


def lose_include(folder: Path) -> Path:
    (folder / "team.yml").unlink()
    return folder / "team.yml"


def lose_secret(folder: Path) -> Path:
    (folder / "token").unlink()
    return folder / "token"


def break_template(folder: Path) -> Path:
    put(folder / "mine" / "own.j2", "{% block")
    return folder / "mine" / "own.j2"


@pytest.mark.parametrize("damage", [mistype, lose_include, lose_secret, break_template])
def test_what_mends_a_broken_configuration_is_noticed(
    folder: Path, damage: Callable[[Path], Path]
) -> None:
    put(folder / "broken", "")
    path = damage(folder)
    footprint = read(folder)
    assert not is_stale(footprint)
    put(path, "mended: true")
    assert is_stale(footprint)


def test_a_pipe_is_never_read_twice(folder: Path) -> None:
    """It would be waited for without end."""
    pipe, footprint = folder / "pipe", Footprint()
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"robots: {}\n",))
    writer.start()
    assert footprint.read(pipe, limit=100) == b"robots: {}\n"
    writer.join()
    assert not is_stale(footprint)


def test_it_holds_no_secret(folder: Path) -> None:
    footprint = Footprint()
    config.load(folder / "config.yml", environ={}, footprint=footprint)
    told = repr(footprint) + repr(vars(footprint))
    assert str(folder / "token") in told
    assert "token-1" not in told
    assert "hunter2" not in told
