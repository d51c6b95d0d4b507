"""The pages on mentions: their configuration is loaded, and rings whom they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from adapter import config
from adapter.core.batch import Form
from adapter.core.directory import Directory
from adapter.core.mentions import KINDS, Occasion
from adapter.core.routing import route_group
from adapter.core.who import OnDuty
from support.alerts import make_alert, make_group
from support.batches import a_batch, entries_of
from support.rendering import NOW, ROOT, renderer

if TYPE_CHECKING:
    from pathlib import Path

    from adapter.core.rendering import RenderedBatch

PAGES = {
    "en": (ROOT / "docs" / "mentions.md").read_text(),
    "zh": (ROOT / "docs" / "zh" / "mentions.md").read_text(),
}


def block(language: str, kind: str) -> str:
    [found] = re.findall(rf"```{kind}\n(.*?)\n```", PAGES[language], re.DOTALL)
    return str(found)


def rendered(language: str, folder: Path, **labels: str) -> RenderedBatch:
    path = folder / "config.yml"
    path.write_text(
        block(language, "yaml").replace("robots: [ops]", f"robots: [ops]\n  language: {language}")
    )
    settings = config.load(path, environ={"DINGTALK_TOKEN": "abc"})
    defaults = {"ops": settings.robots["ops"].defaults}
    schedules = {name: each.schedule for name, each in settings.schedules.items()}
    deliveries = route_group(settings.route, make_group(make_alert(**labels)), defaults)
    batch = a_batch(Form.FULL, entries_of(deliveries), alone=True)
    who = OnDuty(Directory(settings.people, schedules), NOW)
    return renderer().render_batch(batch, now=NOW, who=who)


@pytest.mark.parametrize("language", PAGES)
def test_the_configuration_of_the_page_rings_whom_it_says(language: str, tmp_path: Path) -> None:
    on_call = rendered(language, tmp_path)
    assert on_call.message.markdown.text.endswith(f"\n\n{block(language, 'markdown')}")
    owner = rendered(language, tmp_path, team="db", owner="lee")
    assert [contact.mobile for contact in owner.rung] == ["+852-12345678"]
    nobody = rendered(language, tmp_path, team="db", owner="13900000000")
    assert [contact.mobile for contact in nobody.rung] == ["13800000001"]


@pytest.mark.parametrize("language", PAGES)
def test_every_word_of_mentions_is_on_the_page(language: str) -> None:
    for word in (*KINDS, *Occasion, "all", "mention_else"):
        assert f"`{word}" in PAGES[language] or f"[{word}]`" in PAGES[language]
