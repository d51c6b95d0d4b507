"""Blocks: a top level that only defines runs once for all blocks, any other for each."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from jinja2.exceptions import UndefinedError

from adapter.core.budget import RENDERING, Budget, Rendering, TooMuchError
from adapter.core.calls import sample_call
from adapter.core.group_view import GroupView
from adapter.core.reader import Reader
from adapter.core.template_env import Sandbox
from adapter.core.template_parts import PARTS, TemplateEntries, TemplateParts, place_of
from adapter.core.template_samples import SAMPLES
from adapter.core.words import words_of
from support.rendering import NOW, bundled

if TYPE_CHECKING:
    from adapter.core.alerts import AlertGroup
    from adapter.core.template_blocks import Blocks

BUNDLED = [name for name in bundled() if name != "layout.j2"]
LAYOUT = '{% if part == "entry" %}{% block entry %}{% endblock %}{% endif %}'
CHILD = '{% extends "layout.j2" %}'
TITLE = '{% elif part == "title" %}{% block title %}{% endblock %}{% endif %}'


def blocks_of(source: str, layout: str = LAYOUT, **others: str) -> Blocks:
    named = {f"{name}.j2": text for name, text in others.items()}
    return Sandbox({"t.j2": source, "layout.j2": layout, **named}).blocks("t.j2")


def rendering() -> Rendering:
    return Rendering(Reader(words_of("en"), UTC, NOW, 4000), Budget())


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_template_runs_once_and_says_the_same(name: str) -> None:
    once = Sandbox(bundled()).blocks(name)
    assert once.defined_once
    each = once._replace(defined_once=False, plain_entry=False)
    for group in SAMPLES:
        assert said(once, group) == said(each, group)


def said(blocks: Blocks, group: AlertGroup) -> list[str]:
    run, about = blocks.run(), rendering()
    call = sample_call(about.reader.words)
    parts = TemplateParts(run, GroupView(group, about.reader), about, call)
    entries = TemplateEntries(run, group, about)
    told = [parts.alert(alert) + parts.line(alert) for row in parts.paragraphs for alert in row]
    lines = [entries.entry(alert, call) for alert in group.alerts]
    return [parts.title(), parts.group(), *told, *lines, parts.footer()]


@pytest.mark.parametrize(
    ("child", "layout"),
    [
        (CHILD, LAYOUT),
        (f"{{# why #}}\n{CHILD}\n{{% macro m() %}}{{% endmacro %}}\n", LAYOUT),
        (f"{CHILD}{{% block entry %}}x{{% endblock %}}", f"\n{LAYOUT}\n"),
        (CHILD, LAYOUT.replace("{% endif %}", TITLE)),
        (CHILD.replace("layout", "other"), LAYOUT),
    ],
)
def test_a_top_level_that_only_defines_runs_once(child: str, layout: str) -> None:
    assert blocks_of(child, layout, other=CHILD).defined_once


@pytest.mark.parametrize(
    ("child", "layout"),
    [
        (f"{CHILD}{{% set x = alert.name %}}", LAYOUT),
        (f"before{CHILD}", LAYOUT),
        (f"{{% block entry %}}{{% endblock %}}{CHILD}", LAYOUT),
        (f'{CHILD}{{% if part == "entry" %}}{{% endif %}}', LAYOUT),
        ('{% extends "layout.j2" if part else "layout.j2" %}', LAYOUT),
        ('{% extends "nothing.j2" %}', LAYOUT),
        ('{% extends "bad.j2" %}', LAYOUT),
        ('{% extends "t.j2" %}', LAYOUT),
        ("", LAYOUT),
        (CHILD, f"{LAYOUT}and more"),
        (CHILD, LAYOUT.replace("{% endif %}", "{% else %}more{% endif %}")),
        (CHILD, LAYOUT.replace('"entry"', '"title"')),
        (CHILD, LAYOUT.replace("block entry", "block entry required")),
        (CHILD, LAYOUT.replace("{% block", "and more {% block")),
        (CHILD, LAYOUT.replace("{% block entry %}{% endblock %}", "{{ part }}")),
        (CHILD, "{% block entry %}{% endblock %}"),
    ],
)
def test_any_other_top_level_runs_for_each_block(child: str, layout: str) -> None:
    sandbox = Sandbox({"t.j2": child, "layout.j2": layout, "bad.j2": "{% if"})
    assert not sandbox.blocks("t.j2").defined_once


@pytest.mark.parametrize(
    ("child", "plain"),
    [
        (f"{CHILD}{{% block entry %}}{{{{ alert.entry }}}}{{% endblock %}}", True),
        (f"{CHILD}{{% block entry %}}\n {{{{ alert.entry }}}}\n{{% endblock %}}", True),
        (f"{CHILD}{{% block entry %}}{{{{ alert.entry }}}}!{{% endblock %}}", False),
        (f"{CHILD}{{% block entry %}}{{{{ alert.name }}}}{{% endblock %}}", False),
        (f"{CHILD}{{% block entry %}}{{% if x %}}{{% endif %}}{{% endblock %}}", False),
        ('{% extends "plain.j2" %}{% set x = 1 %}', False),
        ('{% extends "plain.j2" %}', True),
        ('{% extends "plain.j2" %}{% block entry %}{% endblock %}', False),
        (CHILD, False),
    ],
)
def test_a_block_that_shows_the_line_as_it_is_need_not_run(child: str, *, plain: bool) -> None:
    shows = f"{CHILD}{{% block entry %}}{{{{ alert.entry }}}}{{% endblock %}}"
    assert blocks_of(child, plain=shows).plain_entry is plain


def test_what_a_top_level_sets_is_of_the_alert_that_is_told() -> None:
    run = blocks_of(
        f"{CHILD}{{% set x = n + 1 %}}{{% block entry %}}{{{{ x }}}}{{% endblock %}}"
    ).run()
    assert [run.block("entry", {"n": n}) for n in (1, 2)] == ["2", "3"]


@pytest.mark.parametrize("once", [True, False])
def test_a_variable_is_gone_with_the_block_it_was_given_to(*, once: bool) -> None:
    source = (
        f"{CHILD}{{% macro m() %}}{{{{ x }}}}{{% endmacro %}}"
        "{% block entry %}{% set y = x %}{{ m() }}{{ y }}{{ part }}{% endblock %}"
    )
    run = blocks_of(source)._replace(defined_once=once).run()
    about = {RENDERING: rendering()}
    assert run.block("entry", {"x": "a", **about}) == "aaentry"
    with pytest.raises(UndefinedError):
        run.block("entry", about)
    assert run.block("entry", {"x": "b", **about}) == "bbentry"


@pytest.mark.parametrize("once", [True, False])
def test_an_error_has_the_line_of_the_template(*, once: bool) -> None:
    source = f"{CHILD}\n\n{{% block entry %}}\n\n{{{{ x.y }}}}{{% endblock %}}"
    run = blocks_of(source)._replace(defined_once=once).run()
    with pytest.raises(UndefinedError) as caught:
        run.block("entry", {})
    assert place_of(caught.value, "t.j2", {"t.j2"}) == ("t.j2", 5)


@pytest.mark.parametrize("once", [True, False])
def test_a_block_stays_within_its_length(*, once: bool) -> None:
    loop = f"{{% for n in range(999) %}}{'x' * 101}{{% endfor %}}"
    run = (
        blocks_of(f"{CHILD}{{% block entry %}}{loop}{{% endblock %}}")
        ._replace(defined_once=once)
        .run()
    )
    with pytest.raises(TooMuchError):
        run.block("entry", {RENDERING: rendering()})


def test_blank_lines_are_one_between_paragraphs() -> None:
    texts = ("a", " a ", "a\n \n\nb", "a\nb", "\ud800")
    shown = ("a", "a", "a\n\nb", "a\nb", "\ufffd")
    run = blocks_of(f"{CHILD}{{% block entry %}}{{{{ x | safe }}}}{{% endblock %}}").run()
    assert [run.block("entry", {"x": text}) for text in texts] == list(shown)


def test_every_part_of_the_layout_is_a_block() -> None:
    run = Sandbox(bundled()).blocks("layout.j2").run()
    assert [run.block(part, {}) for part in PARTS] == [""] * len(PARTS)
