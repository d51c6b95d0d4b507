"""Every bundled template as it is read: each language, message type and kind of group.

After a change that is meant, `UPDATE_GOLDEN=1 pytest tests/core/test_bundled_templates.py` writes
the files anew; read the difference before it is committed.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from adapter.core.batch import Form
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.message import (
    BODY_LIMIT,
    ActionCardMessage,
    AlertMessage,
    MarkdownMessage,
    body,
)
from adapter.core.words import LANGUAGES
from support.batches import a_batch, a_delivery, an_alert, entries_of
from support.payloads import PAYLOADS
from support.rendering import NOW, ROOT, problems_of, renderer

if TYPE_CHECKING:
    from adapter.core.alerts import AlertGroup
    from adapter.core.rendering import Rendered

GOLDEN = ROOT / "tests" / "golden" / "templates"
TEMPLATES = ("default", "compact", "detailed", "grafana", "watchdog")
MESSAGES = ("markdown", "action_card")
RENDERER = renderer()
ALL = "https://am.example.com/#/alerts?receiver=dingtalk"
FEW = 16
"""Paragraphs that a golden file shows of one message; of more only the ends."""


def render(group: AlertGroup, **look: str) -> Rendered:
    return RENDERER.render(
        Delivery(robot="ops", group=group, settings=RenderSettings(**look)), now=NOW
    )


def buttons_of(message: AlertMessage) -> list[str]:
    if not isinstance(message, ActionCardMessage):
        return []
    card = message.action_card
    if card.single_title:
        return [f"[{card.single_title}]({card.single_url})"]
    return [f"[{button.title}]({button.action_url})" for button in card.btns or ()]


def shown(name: str, message: AlertMessage) -> str:
    paragraphs = message.markdown.text.split("\n\n")
    if len(paragraphs) > FEW:
        left_out = f"⋮ {len(paragraphs) - FEW} paragraphs"
        paragraphs = [*paragraphs[: FEW - 4], left_out, *paragraphs[-4:]]
    buttons = "".join(f"\n[ {line} ]" for line in buttons_of(message))
    text = "\n\n".join(paragraphs)
    return f"======== {name}\n\n{message.markdown.title}\n\n--------\n\n{text}\n{buttons}\n"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_template_reads_as_its_golden_file(template: str, message: str, language: str) -> None:
    told = ""
    for name, group in PAYLOADS.items():
        rendered = render(group, template=template, message=message, language=language)
        assert rendered.failed is None
        assert len(body(rendered.message, "0" * 36)) <= BODY_LIMIT
        told += shown(name, rendered.message)
    golden = GOLDEN / language / f"{template}-{message}.md"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(told)
    assert told == golden.read_text()


def test_every_template_has_its_golden_files() -> None:
    bundled = {path.stem for path in (ROOT / "templates").glob("*.j2")} - {"layout"}
    assert bundled == set(TEMPLATES)
    expected = {f"{template}-{message}" for template in TEMPLATES for message in MESSAGES}
    for language in LANGUAGES:
        assert {path.stem for path in (GOLDEN / language).iterdir()} == expected


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("name", PAYLOADS)
def test_what_is_over_shows_no_description_and_a_phone_can_render_it(
    name: str, message: str, template: str
) -> None:
    text = render(PAYLOADS[name], template=template, message=message).message.markdown.text
    assert not re.search(r"^\||^```|^---|(?<!\n)\n(?!\n)", text, re.MULTILINE)
    if name == "resolved":
        assert "restarted" not in text
        assert "@" not in text


# Action cards.


@pytest.mark.parametrize(("buttons", "orientation"), [("vertical", "0"), ("horizontal", "1")])
def test_several_buttons_stand_as_the_route_says(buttons: str, orientation: str) -> None:
    message = render(PAYLOADS["firing"], message="action_card", buttons=buttons).message
    assert isinstance(message, ActionCardMessage)
    titles = [button.title for button in message.action_card.btns or ()]
    assert titles == ["静默", "处置手册", "图表", "全部告警"]
    assert message.action_card.btn_orientation == orientation
    assert message.action_card.single_url is None
    assert "](" not in message.markdown.text


def card_of(template: str, source: str = "") -> AlertMessage:
    settings = RenderSettings(message="action_card", template=template)
    delivery = Delivery(robot="ops", group=PAYLOADS["one"], settings=settings)
    return renderer(**({template: source} if source else {})).render(delivery, now=NOW).message


def own(buttons: str) -> str:
    return f'{{% extends "default.j2" %}}{{% block buttons %}}{buttons}{{% endblock %}}'


def test_a_single_button_is_that_of_the_whole_card() -> None:
    message = card_of("own", own("[All](https://a.b/c)"))
    assert isinstance(message, ActionCardMessage)
    card = message.action_card
    assert (card.single_title, card.single_url, card.btns) == ("All", "https://a.b/c", None)


def test_without_a_button_a_message_is_markdown() -> None:
    assert buttons_of(card_of("own", own(""))) == []


def test_a_card_has_at_most_five_buttons_with_short_titles() -> None:
    lines = "\n".join(f"[{number}{'x' * 30}](https://a.b/{number})" for number in range(7))
    titles = [line.split("]")[0] for line in buttons_of(card_of("own", own(lines)))]
    assert titles == [f"[{number}{'x' * 18}…" for number in range(5)]


def test_a_button_may_open_the_browser() -> None:
    (button,) = buttons_of(card_of("own", own('{{ "https://a.b/?c=d&e" | browser_link("A") }}')))
    assert button == (
        "[A](dingtalk://dingtalkclient/page/link"
        "?url=https%3A%2F%2Fa.b%2F%3Fc%3Dd%26e&pc_slide=false)"
    )


@pytest.mark.parametrize(
    "line", ["text", "[a](javascript:x)", "[a](https://a b)", "[ ](https://a)"]
)
def test_a_line_that_is_no_link_is_a_problem_and_the_alert_goes_out(line: str) -> None:
    source = own(line)
    (problem,) = problems_of(own=source)
    assert (problem.name, "expected one [title](url) a line" in problem.text) == ("own.j2", True)
    message = card_of("own", source)
    assert "模板 own 出错" in message.markdown.text
    assert buttons_of(message) == [f"[全部告警]({ALL})"]


def test_merged_messages_are_markdown_and_keep_their_links() -> None:
    groups = [a_delivery(an_alert("A", "info"), key=key, message="action_card") for key in "ab"]
    rendered = RENDERER.render_batch(a_batch(Form.FULL, entries_of(groups)), now=NOW)
    assert isinstance(rendered.message, MarkdownMessage)
    assert rendered.message.markdown.text.count(f"[全部告警]({ALL})") == 2


@pytest.mark.parametrize("keyword", ["", "告警组"])
@pytest.mark.parametrize("name", PAYLOADS)
def test_one_group_alone_is_the_same_card_as_from_a_queue(name: str, keyword: str) -> None:
    settings = RenderSettings(message="action_card")
    delivery = Delivery(robot="ops", group=PAYLOADS[name], settings=settings)
    batch = a_batch(Form.FULL, entries_of([delivery], received_at=NOW), alone=True)
    rendered = RENDERER.render_batch(batch, now=NOW, keyword=keyword)
    assert len(body(rendered.message, "0" * 64)) <= BODY_LIMIT
    assert keyword in rendered.message.markdown.title
    assert keyword in rendered.message.markdown.text
    if rendered.told == len(batch.entries):
        assert rendered.message == RENDERER.render(delivery, now=NOW, keyword=keyword).message
