"""Which alerts one line can name together, and what it says then."""

from __future__ import annotations

import pytest

from adapter.core.alerts import Alert, AlertGroup, common
from adapter.core.delivery import Delivery, RenderSettings
from support.batches import an_alert
from support.rendering import NOW, renderer

RENDERER = renderer()


def text_of(*alerts: Alert, template: str = "default") -> str:
    group = AlertGroup(alerts=alerts, common_labels=common(alert.labels for alert in alerts))
    delivery = Delivery(
        robot="ops", group=group, settings=RenderSettings(template=template, language="en")
    )
    rendered = RENDERER.render(delivery, now=NOW)
    assert rendered.failed is None
    return rendered.message.markdown.text


def pods(count: int, word: str = "", **labels: str) -> list[Alert]:
    return [
        an_alert(
            "Crash",
            "critical",
            notes={"summary": f"api-{n} crashed {n + 2} times{word}"},
            pod=f"api-{n}",
            **labels,  # type: ignore[arg-type]  # labels only
        )
        for n in range(count)
    ]


def test_the_first_stands_for_those_that_differ_in_subject_and_numbers() -> None:
    text = text_of(*pods(4))
    assert "- **api-0**: api-0 crashed 2 times\n\n- and 3 more: api-1, api-2, api-3" in text
    assert "api-1 crashed" not in text


def test_two_are_told_each_by_itself() -> None:
    assert "- **api-1**: api-1 crashed 3 times" in text_of(*pods(2))


def test_what_differs_in_a_word_a_label_or_its_subject_only_by_length_is_told() -> None:
    first, second, third = pods(3)
    other = an_alert("Crash", "critical", notes={"summary": "api-9 is fine"}, pod="api-9")
    assert "- **api-9**: api-9 is fine" in text_of(first, second, other)
    long = [an_alert("Crash", "critical", pod=f"{n}{'p' * 99}") for n in range(3)]
    assert text_of(*long).count("\n\n- **") == 3
    labelled = [an_alert("Crash", "critical", pod=f"p{n}", rack=f"r{n}") for n in range(3)]
    assert text_of(*labelled).count("rack=r") == 3
    assert "and" not in text_of(third, second)


def test_many_are_named_in_rows() -> None:
    text = text_of(*pods(112))
    assert text.count("and 50 more: ") == 2
    assert "and 11 more: api-101, api-102" in text


def test_what_is_over_is_only_named() -> None:
    over = [
        an_alert("Crash", "critical", lasted=NOW - NOW, notes={"summary": f"s{n}"}, pod=f"p-{n}")
        for n in range(3)
    ]
    assert "\n\n- p-0, p-1, p-2" in text_of(*over)
    assert "\n\n- ✅ p-0, p-1, p-2 · " in text_of(an_alert("Crash", "critical", pod="q"), *over)
    mixed = text_of(an_alert("Other", "critical", pod="q"), *over)
    assert "\n\n- ✅ **Crash** p-0, p-1, p-2 · " in mixed


@pytest.mark.parametrize("template", ["apart", "detailed"])
def test_a_template_with_an_empty_block_tells_each(template: str) -> None:
    text = text_of(*pods(4), template=template)
    assert [f"api-{n} crashed" in text for n in range(4)] == [True] * 4
