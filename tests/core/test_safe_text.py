"""No value of an alert acts in a message; the simulator's own reading of it is the judge."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.text import clean, escape
from adapter.simulator import markdown, tree
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
NOTES = st.dictionaries(st.sampled_from(["summary", "description", "message"]), VALUES)
ALERTS = st.builds(
    Alert,
    labels=LABELS,
    annotations=NOTES,
    status=st.sampled_from(Status),
    starts_at=st.just(NOW - timedelta(minutes=9)),
    ends_at=st.just(NOW),
    generator_url=st.just("") | VALUES,
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


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(ALERTS, min_size=1, max_size=4), st.sampled_from(["default", "builtin"]), VALUES)
def test_no_alert_forges_a_link_an_image_a_heading_or_a_mention(
    alerts: list[Alert], template: str, receiver: str
) -> None:
    group = AlertGroup(
        alerts=tuple(alerts), receiver=receiver, external_url="https://am.example.com"
    )
    delivery = Delivery(robot="ops", group=group, settings=RenderSettings(template=template))
    message = RENDERER.render(delivery, now=NOW).message.markdown
    document = markdown.parse(message.text)
    for link in markdown.links(document):
        assert link.url.startswith(("https://am.example.com/#/alerts", "http://", "https://"))
        assert tree.inline_text(link.children) in ("全部告警", "图表")
    assert markdown.images(document) == ()
    assert len(markdown.headings(document)) == (1 if template == "default" else 0)
    assert markdown.tags(document) == ()
    assert not [node for node in tree.walk(document) if isinstance(node, tree.Source)]
    assert marks(message.text) == ()
    assert marks(message.title) == ()
    assert "dingtalk://" not in message.text
