"""The pages on templates: every example is run, every name is there, in both languages."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest

from adapter import config
from adapter.core.alert_view import AlertView
from adapter.core.batch import Form
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.filters import OWN_FILTERS
from adapter.core.group_view import GroupView
from adapter.core.reader import Reader
from adapter.core.template_env import JINJA_FILTERS
from adapter.core.template_parts import PARTS
from adapter.core.webhook import decode_webhook
from adapter.core.words import words_of
from support.batches import a_batch, a_delivery, an_alert, entries_of
from support.rendering import NOW, ROOT, problems_of, renderer

if TYPE_CHECKING:
    from pathlib import Path

PAGES = {
    "en": (ROOT / "docs" / "templates.md").read_text(),
    "zh": (ROOT / "docs" / "zh" / "templates.md").read_text(),
}
SAMPLE = ROOT / "tests/samples/alertmanager-0.33/node-cpuhigh-firing-first-notification-1.json"
GROUP = decode_webhook(SAMPLE.read_bytes())
EXAMPLES = [
    (language, expression, result)
    for language, page in PAGES.items()
    for expression, result in re.findall(r"`(\{\{.*?\}\})` → `(.*?)`", page)
]


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)\n```", page, re.DOTALL)


def text_of(language: str, template: str, **templates: str) -> str:
    settings = RenderSettings(template=template, language=language)
    delivery = Delivery(robot="ops", group=GROUP, settings=settings)
    rendered = renderer(**templates).render(delivery, now=NOW)
    assert rendered.failed is None
    return rendered.message.markdown.text


@pytest.mark.parametrize("language", PAGES)
def test_the_template_of_the_page_has_no_problem_and_does_what_it_says(language: str) -> None:
    (source,) = blocks(PAGES[language], "jinja")
    assert problems_of(mine=source) == ()
    assert "](https://wiki.example.com/infra)" in text_of(language, "mine", mine=source)


@pytest.mark.parametrize("language", PAGES)
def test_the_message_of_the_page_is_what_is_sent(language: str) -> None:
    assert text_of(language, "default") == blocks(PAGES[language], "markdown")[0]


@pytest.mark.parametrize("language", PAGES)
def test_the_configuration_of_the_page_is_sound(language: str, tmp_path: Path) -> None:
    (source,) = blocks(PAGES[language], "yaml")
    path = tmp_path / "config.yml"
    path.write_text(f"{source}\nrobots: {{ops: {{access_token: abc}}}}\nroute: {{robots: [ops]}}\n")
    settings = config.load(path, environ={})
    assert [level.high for level in settings.scale.levels] == [True, False, False]
    assert settings.style.hides("pod_template_hash")
    assert settings.style.origins["bj"].url == "https://alertmanager.bj.example.com"


@pytest.mark.parametrize("language", PAGES)
def test_the_lines_of_the_page_are_what_a_merged_message_tells(language: str) -> None:
    ago = timedelta(hours=1, minutes=53)
    node = an_alert("NodeNotReady", "critical", ago=ago, node="node-17", cluster="bj")
    pod = an_alert(
        "KubePodNotReady", "warning", ago=ago, lasted=timedelta(minutes=2),
        pod="api-7", cluster="bj", namespace="payments",
    )  # fmt: skip
    entries = entries_of(a_delivery(alert, language=language) for alert in (node, pod))
    text = renderer().render_batch(a_batch(Form.LINE, entries), now=NOW).message.markdown.text
    assert f"\n\n{blocks(PAGES[language], 'markdown')[1]}\n\n" in text


@pytest.mark.parametrize(("language", "expression", "result"), EXAMPLES)
def test_each_expression_gives_what_the_page_says(
    language: str, expression: str, result: str
) -> None:
    source = '{% extends "layout.j2" %}{% block title %}x{% endblock %}'
    for part in ("line", "alert"):
        source += f"{{% block {part} %}}{expression}{{% endblock %}}"
    assert text_of(language, "try", **{"try": source}) == result


def test_both_pages_have_the_same_examples() -> None:
    counts = [
        len(re.findall(pattern, page, re.MULTILINE))
        for pattern in (r"^[#|-]", r"` → `", "^```")
        for page in PAGES.values()
    ]
    assert counts[::2] == counts[1::2]
    assert len(EXAMPLES) == counts[2] + counts[3]


@pytest.mark.parametrize("language", PAGES)
def test_every_block_variable_and_filter_is_on_the_page(language: str) -> None:
    view = GroupView(GROUP, Reader(words_of(language), UTC, NOW, 4000))
    alert = view.alerts[0]
    assert isinstance(alert, AlertView)
    names = {"rest", "more", *PARTS, *view.variables(), *OWN_FILTERS, *JINJA_FILTERS}
    names |= {name for name in dir(alert) if not name.startswith("_")}
    documented = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"`(.*?)`", PAGES[language]))))
    assert names - documented == set()
