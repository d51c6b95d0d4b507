"""The pages on installing: what they say can be typed, and both say the same."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from adapter import __version__
from support.kustomize import K8S, ROOT, kustomize, one

if TYPE_CHECKING:
    from pathlib import Path

PAGES: Final = {
    "en": (ROOT / "docs" / "install.md").read_text(),
    "zh": (ROOT / "docs" / "zh" / "install.md").read_text(),
}


def blocks(page: str, kind: str = r"\w+") -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)\n```", page, re.DOTALL)


def test_both_languages_show_the_same() -> None:
    assert blocks(PAGES["en"]) == blocks(PAGES["zh"])


@pytest.mark.parametrize("language", PAGES)
def test_every_file_that_is_named_is_there(language: str) -> None:
    named = set(re.findall(r"`(deploy/[\w./-]+)`", PAGES[language]))
    missing = {name for name in named if not (ROOT / name).exists()}
    assert not missing
    folders = {str(path.parent.relative_to(ROOT)) for path in K8S.rglob("kustomization.yaml")}
    assert folders <= named, "each way to install is explained"


def test_the_overlay_of_the_page_builds(tmp_path: Path) -> None:
    """Its paths start from a checkout, so it is built beside links to one."""
    overlay = blocks(PAGES["en"], "yaml")[0]
    folder = tmp_path.resolve()
    (folder / "deploy").symlink_to(ROOT / "deploy")
    (folder / "kustomization.yaml").write_text(overlay)
    (folder / "config.yml").write_text("mine")
    objects = kustomize(folder)
    assert one(objects, "ConfigMap")["data"] == {"config.yml": "mine"}
    assert {each["metadata"]["namespace"] for each in objects} == {"monitoring"}
    assert one(objects, "PrometheusRule")


def test_the_secret_has_the_keys_that_the_configuration_reads() -> None:
    [command] = [text for text in blocks(PAGES["en"], "sh") if "create secret" in text]
    words = shlex.split(command.replace("\\\n", " "))
    given = {word.split("=")[1] for word in words if word.startswith("--from-literal=")}
    text = one(kustomize(K8S / "base"), "ConfigMap")["data"]["config.yml"]
    assert given == set(re.findall(r"/etc/alertmanager-dingtalk-secrets/([\w-]+)", text))


def test_the_route_of_the_page_is_that_of_the_example() -> None:
    [route] = yaml.safe_load(blocks(PAGES["en"], "yaml")[1])["routes"]
    example = yaml.safe_load((K8S / "examples" / "alertmanager.yml").read_text())
    assert route.items() <= example["route"]["routes"][0].items()


@pytest.mark.parametrize("language", PAGES)
def test_the_version_and_the_memory_are_those_of_the_manifests(language: str) -> None:
    assert set(re.findall(r"alertmanager-dingtalk:(\d[\w.]*)", PAGES[language])) == {__version__}
    [adapter] = one(kustomize(K8S / "base"), "Deployment")["spec"]["template"]["spec"]["containers"]
    limit = adapter["resources"]["limits"]["memory"].removesuffix("Mi")
    assert f"{limit} MiB" in PAGES[language]
