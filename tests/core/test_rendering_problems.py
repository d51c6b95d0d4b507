from __future__ import annotations

import pytest

from adapter.core.rendering import Renderer
from adapter.core.template_check import TemplateProblem
from support.rendering import bundled, problems_of, renderer

EXTENDS = '{% extends "default.j2" %}\n'


def test_the_bundled_templates_have_no_problem() -> None:
    assert renderer().problems() == ()


@pytest.mark.parametrize(
    ("source", "line", "text"),
    [
        ("{% block titel %}{% endblock %}", 2, "there is no block titel; did you mean title?"),
        ("{% block x %}{% endblock %}", 2, "there is no block x"),
        ("{{ sumary }}", 3, "there is no variable sumary; did you mean summary?"),
        ("{{ qqq }}", 3, "there is no variable qqq"),
        ("\n\n{{ alert | foo }}", 5, "No filter named 'foo'."),
        ("{% if %}", 3, "Expected an expression, got 'end of statement block'"),
        ("{% filter upper %}{% endfilter %}", 3, "{% filter %} is not supported"),
        ("{{ alert.nmae }}", 3, "there is no nmae of an alert; did you mean name?"),
        ("{{ alert.labels.pod.x }}", 3, "'adapter.core.text.Text object' has no attribute 'x'"),
        ("{{ 1 / 0 }}", 3, "ZeroDivisionError: division by zero"),
        ('{% include "nowhere.j2" %}', 3, "nowhere.j2"),
    ],
)
def test_each_mistake_is_named_with_its_line(source: str, line: int, text: str) -> None:
    whole = source if "{% block" in source else f"{{% block line %}}\n{source}{{% endblock %}}"
    expected = (TemplateProblem("odd.j2", line, text),)
    assert problems_of(odd=EXTENDS + whole) == expected


@pytest.mark.parametrize("part", ["title", "group", "alert", "line", "footer", "buttons", "entry"])
def test_every_part_is_tried(part: str) -> None:
    odd = EXTENDS + f"{{% block {part} %}}{{{{ 1 / 0 }}}}{{% endblock %}}"
    assert problems_of(odd=odd)[0].text == "ZeroDivisionError: division by zero"


def test_a_template_must_extend_another_and_have_a_title() -> None:
    problems = problems_of(
        alone="{{ name }}",
        lost='{% extends "nowhere.j2" %}',
        mute=EXTENDS + "{% block title %} {% endblock %}",
    )
    assert problems == (
        TemplateProblem("alone.j2", 1, 'expected {% extends "default.j2" %}, or another template'),
        TemplateProblem("lost.j2", 1, "nowhere.j2"),
        TemplateProblem("mute.j2", 0, "block title is empty"),
    )


def test_every_mistake_is_told_at_once() -> None:
    problems = problems_of(
        a=EXTENDS + "{% block lin %}{{ foo }}{% endblock %}", b="{% if %}", c=EXTENDS
    )
    assert [(problem.name, problem.line) for problem in problems] == [
        ("a.j2", 2),
        ("a.j2", 2),
        ("b.j2", 1),
    ]


def test_a_mistake_of_the_template_that_is_extended_is_told_there_once() -> None:
    odd = EXTENDS + "{% block line %}\n{{ alert.nothing }}{% endblock %}"
    problems = problems_of(odd=odd, child='{% extends "odd.j2" %}')
    assert [(problem.name, problem.line) for problem in problems] == [("odd.j2", 3)]


def test_a_template_may_offer_parts_of_its_own_to_those_that_extend_it() -> None:
    house = EXTENDS + "{% block line %}{% block who %}{{ alert.name }}{% endblock %}{% endblock %}"
    child = '{% extends "house.j2" %}{% block who %}{{ alert.subject }}{% endblock %}'
    assert problems_of(house=house, child=child) == ()


def test_a_template_may_use_the_macros_of_the_one_it_extends() -> None:
    assert problems_of(c=EXTENDS + "{% block line %}{{ who(alert) }}{% endblock %}") == ()


def test_a_broken_layout_is_told() -> None:
    problems = Renderer({**bundled(), "layout.j2": "{% if %}"}).problems()
    assert problems[0].name == "layout.j2"
