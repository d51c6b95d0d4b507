"""A trial of a template: the message it makes, whom that rings, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import replace

from adapter.config.template_files import bundled_templates
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.directory import Contact, Found
from adapter.core.style import DEFAULT_STYLE
from adapter.core.template_samples import NOW, SAMPLES
from adapter.core.template_trial import Mistake, Trial, TrialError, Tried, try_out

OWN = '{% extends "default.j2" %}\n'
ZHANG = Found((Contact(mobile="13800000001", name="张三"),))


def trial(text: str, sample: int = 0, found: Found = ZHANG) -> Trial:
    group = SAMPLES[sample]
    return Trial(
        name="mine",
        text=text,
        others=bundled_templates(),
        delivery=Delivery(robot="ops", group=group, settings=RenderSettings()),
        found=tuple(found for _ in group.alerts),
        style=DEFAULT_STYLE,
        keyword="",
        base="",
        now=NOW,
    )


def tried(text: str, sample: int = 0, found: Found = ZHANG) -> Tried:
    return try_out(trial(text, sample, found))


def test_the_message_is_that_of_the_template_as_it_would_be_sent() -> None:
    found = tried(OWN + "{% block title %}own {{ alerts | length }}{% endblock %}", 3)
    body = json.loads(found.body)
    assert body["markdown"]["title"] == "own 5"
    assert body["at"]["atMobiles"] == ["13800000001"]
    assert "msgUuid" in body
    assert (found.told, found.replaced, found.rung) == (5, False, ("张三 138****0001",))
    assert found.mistakes == ()


def test_who_cannot_be_rung_is_told() -> None:
    nobody = Found(missing=("label:owner=lee",))
    assert tried(OWN, found=nobody).missing == ("label:owner=lee",)
    many = Found(tuple(Contact(mobile=f"138{number:08}") for number in range(60)))
    found = tried(OWN, found=many)
    assert found.rung
    assert len(found.rung) + len(found.left_out) == 60


def test_a_template_that_fails_is_replaced_and_its_mistake_told() -> None:
    found = tried(OWN + "{% block title %}{{ nope }}{% endblock %}")
    assert found.replaced
    assert found.mistakes == (Mistake(2, "there is no variable nope"),)
    assert "TargetDown" in found.body


def test_a_mistake_in_another_template_is_told_of_the_whole() -> None:
    one = trial('{% extends "broken.j2" %}')
    others = {**one.others, "broken.j2": OWN + "\n\n{% block title %}{{ 1 / 0 }}{% endblock %}"}
    [mistake] = try_out(replace(one, others=others)).mistakes
    assert (mistake.line, "ZeroDivisionError" in mistake.text) == (0, True)


def test_what_cannot_even_be_compiled_is_told() -> None:
    found = tried(
        OWN + "{% block title %}{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}{% endblock %}"
    )
    assert found.replaced
    assert found.mistakes == (Mistake(0, "RecursionError: it cannot be compiled"),)


def test_links_to_the_adapter_stand_in_it_where_there_are_any() -> None:
    base = "https://alerts.example.com"
    assert f"{base}/m/" in try_out(replace(trial(OWN), base=base)).body
    assert "/m/" not in tried(OWN).body


def test_a_trial_without_a_result_says_why() -> None:
    assert (TrialError("slow").why, str(TrialError("slow"))) == ("slow", "slow")
