"""Labels that no message shows, and addresses that people can follow."""

from __future__ import annotations

import msgspec
import pytest

from adapter.core.alerts import Alert, AlertGroup
from adapter.core.batch import Form
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.matcher import anchored
from adapter.core.rendering import Renderer
from adapter.core.rewriting import LinkRules
from adapter.core.style import Style
from support.batches import a_batch, an_alert, entries_of
from support.rendering import NOW, bundled

ALL = (
    '{% extends "default.j2" %}{% block line %}'
    "{% for name, value in alert.labels | items %}{{ name }}={{ value }} {% endfor %}"
    "[{{ alert.labels.pod_hash }}{{ common_labels.pod_hash }}{{ group_labels.pod_hash }}]"
    "{% endblock %}{% block alert %}{{ self.line() }}{% endblock %}"
)
PATTERNS = tuple(map(anchored, ("pod_.*", "cluster", "alertname", "severity")))
RENDERER = Renderer({**bundled(), "all.j2": ALL}, Style(hidden=PATTERNS))


def deliveries(template: str) -> list[Delivery]:
    labels = {"pod_hash": "hunter2", "cluster": "secret-bj", "xpod": "seen"}
    alerts = [
        msgspec.structs.replace(alert, labels={**alert.labels, **labels})
        for alert in (an_alert("A", "critical", instance=str(n)) for n in range(2))
    ]
    group = AlertGroup(
        alerts=tuple(alerts), common_labels=labels, group_labels=labels, receiver="dingtalk"
    )
    return [Delivery(robot="ops", group=group, settings=RenderSettings(template=template))]


@pytest.mark.parametrize("template", ["default", "all", "missing"])
@pytest.mark.parametrize("form", Form)
def test_a_hidden_label_is_in_no_message(template: str, form: Form) -> None:
    batch = a_batch(form, entries_of(deliveries(template)), alone=form is Form.FULL)
    markdown = RENDERER.render_batch(batch, now=NOW).message.markdown
    shown = f"{markdown.title}\n{markdown.text}"
    assert "hunter2" not in shown
    assert "secret-bj" not in shown
    assert "🔴" in shown  # name and severity are told, whatever the patterns say
    assert "A" in markdown.text


def test_what_is_not_hidden_is_shown() -> None:
    message = RENDERER.render(deliveries("all")[0], now=NOW).message
    assert "alertname=A instance=0 severity=critical xpod=seen" in message.markdown.text
    assert RENDERER.problems() == ()


RULES = LinkRules(
    {
        "http://prom:9090": "https://prom.example.com",
        "http://prom:9090/special": "https://special.example.com/p",
        "http://grafana/": "https://grafana.example.com/",
    }
)


@pytest.mark.parametrize(
    ("text", "rewritten"),
    [
        ("http://prom:9090", "https://prom.example.com"),
        ("http://prom:9090/graph?a=http://prom:9090/b", "https://prom.example.com/graph?a=https://prom.example.com/b"),
        ("http://prom:9090/special?x", "https://special.example.com/p?x"),
        ("http://prom:9090/specialist", "https://prom.example.com/specialist"),
        ("see http://prom:9090. Or", "see https://prom.example.com. Or"),
        ("(http://prom:9090, x)", "(https://prom.example.com, x)"),
        ("http://grafana/d/x", "https://grafana.example.com/d/x"),
        ("http://prom:90901/", "http://prom:90901/"),
        ("http://prom:9090.evil.com/", "http://prom:9090.evil.com/"),
        ("http://prom:9090@evil.com/", "http://prom:9090@evil.com/"),
        ("prom:9090 is down", "prom:9090 is down"),
    ],
)  # fmt: skip
def test_an_address_is_rewritten_as_a_whole_wherever_it_stands(text: str, rewritten: str) -> None:
    assert RULES.text(text) == rewritten


def test_every_address_of_a_group_is_rewritten_and_no_label() -> None:
    old, new = "http://grafana/x", "https://grafana.example.com/x"

    def group_of(url: str) -> AlertGroup:
        alert = Alert(
            labels={"instance": old},
            annotations={"runbook_url": url, "summary": f"see {url}"},
            generator_url=url,
            silence_url=url,
            dashboard_url=url,
            panel_url=url,
        )
        notes = {"runbook_url": url}
        return AlertGroup(alerts=(alert,), external_url=url, common_annotations=notes)

    assert RULES.group(group_of(old)) == group_of(new)
    assert LinkRules().group(group_of(old)) == group_of(old)
    assert LinkRules().text("http://am:9093") == "http://am:9093"
