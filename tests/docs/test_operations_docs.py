"""The pages on operations, moving and questions: what can be checked of them is checked."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
import yaml

from adapter import config
from adapter.cli.main import commands
from adapter.simulator import DEMO_ROBOT, running
from support.adapter import adapter_in, robot_section, told
from support.processes import wait_until

ROOT: Final = Path(__file__).parents[2]
NAMES: Final = ("operations.md", "migrate.md", "faq.md", "troubleshooting.md")
PAGES: Final = {
    f"{folder}{name}": (ROOT / "docs" / folder / name).read_text()
    for folder in ("", "zh/")
    for name in NAMES
}
RULES: Final = ROOT / "deploy" / "k8s" / "components" / "monitoring" / "rules.yaml"
BLOCK: Final = re.compile(r"```(\w+)\n(.*?)\n```", re.DOTALL)


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_show_the_same_code(name: str) -> None:
    assert BLOCK.findall(PAGES[name]) == BLOCK.findall(PAGES[f"zh/{name}"])


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_named_exists(page: str) -> None:
    own = set(commands.commands)
    named = set(re.findall(r"alertmanager-dingtalk ([a-z][a-z-]+)", PAGES[page]))
    quoted = set(re.findall(r"`([a-z-]+) --config config\.yml", PAGES[page]))
    assert (named | quoted) - own == set()


@pytest.mark.parametrize("page", ["operations.md", "zh/operations.md"])
def test_every_alert_rule_has_its_remedy_and_no_other(page: str) -> None:
    groups = yaml.safe_load(RULES.read_text())["spec"]["groups"]
    rules = [rule["alert"] for group in groups for rule in group["rules"]]
    assert re.findall(r"^\| `(\w+)` \|", PAGES[page], re.MULTILINE) == rules


@pytest.mark.parametrize("page", ["operations.md", "zh/operations.md"])
def test_the_figures_are_those_of_the_run(page: str) -> None:
    results = (ROOT / "benchmarks" / "RESULTS.md").read_text()
    rows = re.findall(
        r"^\| (\d+) \|.*\| adapter \| 0 ms \| (\d+) \| ([\d.]+ ms) \| ([\d.]+ ms)",
        results,
        re.MULTILINE,
    )
    speeds = {alerts: (speed, median, slow) for alerts, speed, median, slow in rows}
    storms = re.findall(
        r"^\| (1?0?000) alerts in .*?\| ([\d.]+ s) \|.*? s \| (\d+) \|.* (\d+ MiB) \|$",
        results,
        re.MULTILINE,
    )
    [small, large] = storms
    [backlog] = re.findall(r"^\| 100000 \|.* (\d+ MiB) \|$", results, re.MULTILINE)
    [idle] = re.findall(r"^\| idle \| (\d+ MiB)", results, re.MULTILINE)
    figures = (
        *speeds["1"],
        speeds["100"][0],
        speeds["500"][0],
        *small[1:3],
        *(idle, large[3], backlog),
    )
    [table] = re.findall(r"## (?:Sizing|容量)\n.*?(\| \|.*?)\n\n", PAGES[page], re.DOTALL)
    assert [figure for figure in figures if figure not in table] == []


@pytest.mark.parametrize("page", ["migrate.md", "zh/migrate.md"])
def test_what_becomes_of_a_url_of_prometheusalert_is_valid(page: str, tmp_path: Path) -> None:
    [(_, block)] = [found for found in BLOCK.findall(PAGES[page]) if found[0] == "yaml"]
    file = tmp_path / "config.yml"
    file.write_text(block)
    settings = config.load(file, environ={}, skip_secrets=True)
    assert settings.robots["db"].defaults.mention == ("mobile:13800000001",)


@pytest.mark.real
def test_a_backup_by_the_page_can_be_started_from(tmp_path: Path) -> None:
    """What waits while the copy is made is told by who starts from it."""
    [backup] = [
        line for _, block in BLOCK.findall(PAGES["operations.md"]) for line in block.splitlines()
        if "backup" in line
    ]  # fmt: skip
    program, *arguments = shlex.split(backup)
    assert program == "python3"
    with adapter_in(tmp_path) as adapter:
        nobody = "http://127.0.0.1:9"
        adapter.configure(
            {"ops": robot_section(DEMO_ROBOT, nobody)},
            storage={"url": "sqlite:///data/adapter.db"},
        )
        adapter.start()
        adapter.accept(told("Waits"))
        subprocess.run([sys.executable, *arguments], cwd=tmp_path, check=True)
        adapter.kill()
        with running() as dingtalk:
            (tmp_path / "restored").mkdir()
            (tmp_path / "adapter-copy.db").rename(tmp_path / "restored" / "adapter.db")
            adapter.configure(
                {"ops": robot_section(DEMO_ROBOT, dingtalk.url)},
                storage={"url": "sqlite:///restored/adapter.db"},
            )
            adapter.start()
            wait_until(dingtalk.messages, within=60, what="what waited is told")
    assert "Waits" in dingtalk.messages()[0].title
