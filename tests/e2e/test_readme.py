"""What the README says to type works, in both languages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from adapter.cli.main import commands
from support.adapter import command
from support.alertmanager import RELEASES, Release
from support.processes import Process

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.zh-CN.md")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SCRIPT = "alertmanager-dingtalk"


def text_of(readme: str) -> str:
    return (ROOT / readme).read_text(encoding="utf-8")


def blocks(readme: str, language: str) -> list[str]:
    """Return the code blocks of a language."""
    return [code for kind, code in BLOCK.findall(text_of(readme)) if kind == language]


def without_comments(code: str) -> str:
    return re.sub(r"[ \t]*(?:^|(?<=\s))#.*$", "", code, flags=re.MULTILINE)


def commands_in(lines: Iterable[str]) -> set[str]:
    """Return the commands of the program that are typed somewhere."""
    return {name for line in lines for name in re.findall(rf"{SCRIPT} ([a-z][a-z-]+)", line)}


def test_both_languages_have_the_same_code() -> None:
    english, chinese = (BLOCK.findall(text_of(readme)) for readme in READMES)
    assert len(english) >= 4
    for (kind, code), (other_kind, other) in zip(english, chinese, strict=True):
        assert (kind, without_comments(code)) == (other_kind, without_comments(other))


@pytest.mark.real
@pytest.mark.parametrize("readme", READMES)
def test_the_four_line_configuration_is_valid(readme: str, tmp_path: Path) -> None:
    configuration, _ = blocks(readme, "yaml")
    config = tmp_path / "config.yml"
    config.write_text(configuration, encoding="utf-8")
    code, output = command(
        "check-config",
        str(config),
        folder=tmp_path,
        DINGTALK_TOKEN="0123456789abcdef" * 4,
        DINGTALK_SECRET="SEC" + "0123456789abcdef" * 4,
    )
    assert code == 0, output
    assert output.endswith(f"{config}: OK: 1 robot(s), 1 route(s)\n")


@pytest.mark.real
@pytest.mark.parametrize("readme", READMES)
@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_alertmanager_takes_the_receiver(release: Release, readme: str, tmp_path: Path) -> None:
    release.require()
    _, receiver = blocks(readme, "yaml")
    document: dict[str, Any] = yaml.safe_load(receiver)
    (webhook,) = document["receivers"][0]["webhook_configs"]
    assert (webhook["send_resolved"], webhook["timeout"]) == (True, "10s")
    assert webhook["http_config"]["follow_redirects"] is False
    if not release.knows_timeout:
        receiver = re.sub(r"^ *timeout: .*\n", "", receiver, flags=re.MULTILINE)
    file = tmp_path / "alertmanager.yml"
    file.write_text(f"route: {{receiver: dingtalk}}\n{receiver}", encoding="utf-8")
    amtool = Process([release.amtool, "check-config", str(file)], log=tmp_path / "amtool.log")
    assert amtool.wait() == 0, amtool.output()


@pytest.mark.parametrize("readme", READMES)
def test_everything_to_type_exists(readme: str) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    typed = set(re.findall(r"^make (\w+)", "\n".join(blocks(readme, "sh")), re.MULTILINE))
    typed |= set(re.findall(r"`make (\w+)`", text_of(readme)))
    assert {"demo", "test"} <= typed
    assert typed - targets == set()
    named = commands_in(blocks(readme, "sh"))
    assert {"serve", "check-config"} <= named
    assert named - set(commands.commands) == set()


@pytest.mark.parametrize("readme", READMES)
def test_every_link_into_the_repository_leads_somewhere(readme: str) -> None:
    links = set(re.findall(r"\]\(([^)#:]+)\)", text_of(readme)))
    assert {link for link in links if not (ROOT / link).exists()} == set()
