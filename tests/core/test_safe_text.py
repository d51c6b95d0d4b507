"""No value of an alert acts in a message; the simulator's own reading of it is the judge."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.message import BODY_LIMIT, ActionCard, ActionCardMessage, Button, Markdown, body
from adapter.core.text import clean, escape
from adapter.core.words import LANGUAGES, words_of
from adapter.phone import markdown, tree
from adapter.simulator.mentions import marks
from support.rendering import NOW, renderer

PIECES = st.sampled_from(
    [
        *("[x](http://evil)", "![x](http://evil)", "[", "]", "(", ")", "!", "](http://evil)"),
        *("# x", "## ", "> x", "- x", "* x", "+ x", "1. x", "2) ", "---", "===", "-", "1", "."),
        *("**x**", "*x*", "__x__", "_x_", "*", "_", "`x`", "```\nx\n```", "~~x~~", "~", "|", "-|-"),
        *(
            "<font color=red>x</font>",
            "<a href=http://evil>",
            "<",
            ">",
            "<http://evil>",
            "&lt;a&gt;",
        ),
        *("&#91;x&#93;", "&", ";", "\\", "\\\\", "\n", "\r\n", "\t", "    ", " ", "\u2028", "\x0b"),
        *(
            "@all",
            "@所有人",
            "@13800000001",
            "@",
            "dingtalk://dingtalkclient/x",
            "\u202e",
            "\u200b",
        ),
        *("a", "Z9", "节点", "😀", "node_exporter", "10.0.0.1:9100", "\ud800", "\x1b[31m"),
    ]
)
VALUES = st.lists(PIECES, min_size=1, max_size=6).map("".join) | st.text(
    st.characters(), max_size=9
)
LABELS = st.dictionaries(
    st.sampled_from(["alertname", "severity", "cluster", "pod", "job", "a[b](c)"]), VALUES
)
NOTES = st.dictionaries(
    st.sampled_from(["summary", "description", "message", "runbook_url", "x](y"]), VALUES
)
ALERTS = st.builds(
    Alert,
    labels=LABELS,
    annotations=NOTES,
    status=st.sampled_from(Status),
    starts_at=st.just(NOW - timedelta(minutes=9)),
    ends_at=st.just(NOW),
    generator_url=st.just("") | VALUES,
    silence_url=st.just("") | VALUES,
    panel_url=st.just("") | VALUES,
    dashboard_url=st.just("") | VALUES,
    values=st.dictionaries(VALUES, st.floats() | VALUES, max_size=2),
)
RENDERER = renderer()


def shape(document: tree.Document) -> list[str]:
    """Return what a message is built of, without the text."""
    return [node.kind for node in tree.walk(document) if not isinstance(node, tree.Text)]


@pytest.mark.parametrize(
    "around",
    ["{}", "### {}", "> {}", "- {}", "1. {}", "a {} b", "**{}**", "[{}](http://good)", "{}[a](http://good)",
     "[a]{}", "{} {}", "{}{}", "a\n{}\nb", "{}\n\n{}", "*a{}b*", "_{}_", "| {} |"],
)  # fmt: skip
@given(VALUES)
def test_a_value_changes_nothing_of_the_markdown_around_it(around: str, value: str) -> None:
    """Wherever a value stands, the message is built as if it were a harmless word."""
    word = clean(value).strip() or "a"  # bold and italic may not begin or end with a space
    shown = markdown.parse(around.replace("{}", escape(word)))
    harmless = markdown.parse(around.replace("{}", "a"))
    assert shape(shown) == shape(harmless)
    assert marks(tree.plain_text(shown)) == ()


@given(VALUES)
def test_a_value_is_read_as_it_was_written(value: str) -> None:
    shown = tree.plain_text(markdown.parse(escape(value)))
    assert shown.replace("\u200b", "") == clean(value).strip()


WORDS = {
    word
    for language in LANGUAGES
    for words in (words_of(language),)
    for word in (
        *(words.runbook, words.dashboard, words.panel, words.graph, words.silence),
        words.all_alerts,
    )
}
"""What a bundled template calls its links; a value of an alert can name none."""

PAYLOADS = 10_000 if os.environ.get("VERIFY") else 30


@pytest.mark.parametrize(
    "template", ["default", "compact", "detailed", "grafana", "watchdog", "builtin"]
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=PAYLOADS)
@given(st.lists(ALERTS, min_size=1, max_size=4), VALUES, VALUES, st.sampled_from(LANGUAGES))
def test_no_alert_forges_a_link_an_image_a_heading_or_a_mention(
    template: str, alerts: list[Alert], receiver: str, title: str, language: str
) -> None:
    group = AlertGroup(
        alerts=tuple(alerts),
        receiver=receiver,
        external_url="https://am.example.com",
        title=title,
        message=receiver,
    )
    for message in ("markdown", "action_card"):
        look = RenderSettings(template=template, language=language, message=message)
        delivery = Delivery(robot="ops", group=group, settings=look)
        rendered = RENDERER.render(delivery, now=NOW)
        assert (rendered.failed is None) is (template != "builtin")
        assert len(body(rendered.message, "0" * 64)) <= BODY_LIMIT
        judge(rendered.message.markdown, headings=0 if template == "builtin" else 1)
        if isinstance(rendered.message, ActionCardMessage):
            judge_buttons(rendered.message.action_card)


def judge(message: Markdown, headings: int) -> None:
    """Read a message as the simulator does: it is built of nothing but the template's own."""
    document = markdown.parse(message.text)
    for link in markdown.links(document):
        assert link.url.startswith(("http://", "https://"))
        assert tree.inline_text(link.children) in WORDS
    assert markdown.images(document) == ()
    assert len(markdown.headings(document)) == headings
    assert markdown.tags(document) == ()
    assert not [node for node in tree.walk(document) if isinstance(node, tree.Source)]
    assert marks(message.text) == ()
    assert marks(message.title) == ()
    assert "dingtalk://" not in message.text


def judge_buttons(card: ActionCard) -> None:
    """See that every button is the template's own and leads to the web."""
    buttons = card.btns or (Button(card.single_title or "", card.single_url or ""),)
    assert 1 <= len(buttons) <= 5
    for button in buttons:
        assert button.title in WORDS
        assert button.action_url.startswith(("http://", "https://"))
