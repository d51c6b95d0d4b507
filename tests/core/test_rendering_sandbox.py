"""What a template may do: enough to write messages, and nothing without bound."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from adapter.core import budget
from adapter.core.budget import RENDERING, Budget, Rendering, TooMuchError
from adapter.core.filters import OWN_FILTERS
from adapter.core.matcher import MatcherError
from adapter.core.reader import Labels, Reader
from adapter.core.template_env import JINJA_FILTERS, Sandbox
from adapter.core.text import Text
from adapter.core.words import words_of
from support.rendering import NOW, problems_of

LOOP = "{{% set ns = namespace(s='ab', l=[1]) %}}{{% for i in range(99) %}}{}{{% endfor %}}"
EVIL = "[x](http://evil) # * @all"
STILL = "\\[x\\](http://evil) # \\* @\u200ball"


def show(source: str, *, steps: int = 10_000, language: str = "en", **variables: object) -> str:
    """Render a template of one value `x` and labels."""
    reader = Reader(words_of(language), UTC, NOW, 4000)
    labels = Labels({"x": EVIL, "items": "an item", "n": "7"}, reader)
    known = {"x": Text(EVIL), "labels": labels, RENDERING: Rendering(reader, Budget(steps))}
    return Sandbox({"t": source}).get_template("t").render({**known, **variables})


@pytest.mark.parametrize(
    "source",
    [
        *("{{ x }}", "{{ labels.x }}", "{{ labels['x'] }}", "{{ labels.get('x') }}"),
        *("{{ x | trim }}", "{{ x ~ '' }}", "{{ '' ~ x }}", "{{ x + '' }}", "{{ '' + x }}"),
        *("{{ x | string }}", "{{ x | escape }}", "{{ [x] | join }}", "{{ [x] | first }}"),
        *("{{ x | replace('q', '') }}", "{{ (x | reverse) | reverse }}", "{{ [x] | max }}"),
        *("{{ x.strip() }}", "{{ x.split('q')[0] }}", "{{ x[0:] }}", "{{ x | default('') }}"),
        *("{{ {'a': x}.a }}", "{{ (x, 1)[0] }}", "{{ x if x else '' }}"),
        "{% set y %}{{ x }}{% endset %}{{ y }}",
        "{% set y %}{{ x }}{% endset %}{{ y[0:] }}",
        "{% set y %}{{ x }}{% endset %}{{ y | trim }}",
        "{% set y %}{{ x }}{% endset %}{{ y.strip() }}",
        "{% set y %}{{ x }}{% endset %}{{ '' ~ y }}",
        "{% set y %}{{ x }}{% endset %}{{ y + '' }}",
        "{% set y | trim %}{{ x }}{% endset %}{{ y }}",
        "{% macro m(v) %}{{ v }}{% endmacro %}{{ m(x) }}",
        "{% set ns = namespace(v='') %}{% for i in [x] %}{% set ns.v = i %}{% endfor %}{{ ns.v }}",
        "{{ [labels] | map(attribute='x') | first }}",
        "{{ (labels | dictsort)[2][1] }}",
        "{{ (labels.items() | list)[2][1] }}",
        "{{ [x] | map('upper') | map('lower') | first | replace('x', 'x') }}",
    ],
)
def test_a_value_stays_escaped_whatever_is_done_with_it(source: str) -> None:
    assert show(source) == STILL


@pytest.mark.parametrize(
    "source", ["{{ x | title }}", "{{ x | upper }}", "{{ x | truncate(9) }}", "{{ x[:6] }}"]
)
@pytest.mark.parametrize(
    "join", ["{}", "{{{{ '' ~ ({}) }}}}", "{{{{ [{}, '**' | safe] | join }}}}"]
)
def test_a_changed_value_beside_markdown_is_escaped_too(source: str, join: str) -> None:
    inner = source.removeprefix("{{ ").removesuffix(" }}")
    shown = show(source if join == "{}" else join.format(inner))
    assert "[" not in shown.replace(r"\[", "")


def test_only_safe_lets_a_value_act() -> None:
    assert show("{{ x | safe }}") == EVIL
    assert show("{{ none | safe }}") == ""


def test_markdown_in_a_string_is_text_and_around_it_markdown() -> None:
    assert show("{{ '**' if x else '' }}a**") == r"\*\*a**"


def test_what_is_none_is_empty_and_a_missing_label_too() -> None:
    assert show("{{ y }}{{ labels.nothing }}{{ labels['nothing'] }}", y=None) == ""
    assert show("{{ labels.get('nothing', 'else') }}", language="en") == ""


def test_labels_are_a_mapping_whose_names_win_over_its_methods() -> None:
    assert show("{{ labels['items'] }} {{ labels | length }}") == "an item 3"
    assert show("{{ 'x' in labels }} {{ 'y' in labels }}") == "True False"
    assert show("{% for name in labels %}{{ name }} {% endfor %}") == "items n x "
    assert show("{{ labels.values() | list | length }}") == "3"


@pytest.mark.parametrize(
    "source",
    [
        *("{{ 'a' * 200000000 }}", "{{ 'a' * 2 }}", "{{ [1] * 200000000 }}", "{{ 2 ** 9 }}"),
        *("{{ '%0200000000d' % 1 }}", "{{ 'a'.center(200000000) }}", "{{ 'a'.zfill(9) }}"),
        *("{{ '{:>200000000}'.format(1) }}", "{{ 'a'.join(['b']) }}", "{{ x.translate({}) }}"),
        *("{{ x.__class__ }}", "{{ x.encode() }}", "{{ (7).to_bytes(200000000) }}"),
        *("{{ labels.items.__globals__ }}", "{{ [].append(1) }}"),
        *("{{ range(1001) }}", "{{ x | tojson }}", "{{ x | xmlattr }}", "{{ x | center(9) }}"),
        *("{{ lipsum() }}", "{{ cycler() }}", "{{ dict() }}", "{{ unknown }}", "{{ x.y }}"),
        *("{% filter upper %}{{ x }}{% endfilter %}", "{% autoescape false %}{% endautoescape %}"),
        *("{% for a in [[1]] recursive %}{{ loop(a) }}{% endfor %}",),
        *("{% macro m() %}{% endmacro %}{% call m() %}{% endcall %}",),
        *("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "{{ x | color('red;x') }}"),
        *("{{ (10 ** 9) * 2 }}", "{{ now | localtime('%999999999d') }}", "{{ x | round }}"),
    ],
)
def test_what_could_cost_or_act_without_bound_is_refused(source: str) -> None:
    with pytest.raises(Exception, match=r".") as caught:
        show(source, now=NOW)
    assert not isinstance(caught.value, MemoryError)


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in range(1000) %}{% for j in range(1000) %}{% endfor %}{% endfor %}",
        "{% macro m() %}{% endmacro %}"
        + LOOP.format("{% for j in range(999) %}{{ m() }}{% endfor %}"),
        LOOP.format("{% set ns.s = ns.s ~ ns.s %}"),
        LOOP.format("{% set ns.s = ns.s + ns.s %}"),
        LOOP.format("{% set ns.l = ns.l + ns.l %}"),
        LOOP.format("{% set ns.s = ns.s | replace('a', ns.s) %}"),
        LOOP.format("{% set ns.s = [ns.s, ns.s, ''] | join(ns.s) %}"),
        "{{ range(1001) }}",
    ],
)
def test_a_template_that_runs_away_is_stopped_by_counting(source: str) -> None:
    with pytest.raises(TooMuchError):
        show(source)


def test_numbers_of_ordinary_size_can_be_reckoned_with() -> None:
    assert show("{{ 7 * 6 }} {{ 7 % 4 }} {{ 1 + 1 }} {{ 1.5 * 2 }} {{ 9 // 2 }}") == "42 3 2 3.0 4"
    assert show("{{ [1] + [2] }}") == r"\[1, 2\]"
    assert show("{{ 'n=' + 7 }}") == "n=7"


def test_a_number_that_grows_without_bound_is_refused() -> None:
    grows = "{% set ns = namespace(n=9) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}"
    with pytest.raises(Exception, match="ordinary size"):
        show(grows + "{% endfor %}")


def test_a_part_may_not_grow_without_bound() -> None:
    endless = '{% extends "default.j2" %}{% block line %}{% for i in range(1000) %}'
    endless += "x" * 1000 + "{% endfor %}{% endblock %}"
    problem = problems_of(endless=endless)[0]
    assert problem.text == f"TooMuchError: longer than {budget.LENGTH_LIMIT}"


# The filters of our own; docs/templates.md shows more.


def test_duration_tells_spans_and_seconds() -> None:
    assert show("{{ s | duration }}", s=timedelta(minutes=83)) == "1 h 23 min"
    assert show("{{ 86400 | duration }} {{ none | duration }}") == "1 d "
    assert show("{{ -5 | duration }}") == "0 s"


def test_localtime_tells_the_day_only_where_it_is_not_today() -> None:
    assert show("{{ t | localtime }}", t=NOW) == "21:05"
    assert show("{{ t | localtime }}", t=NOW - timedelta(days=1)) == "11-22 21:05"
    assert show("{{ t | localtime }}", t=NOW - timedelta(days=365)) == "2025-11-23 21:05"
    assert show("{{ t | localtime('%H:%M:%S') }}", t=NOW) == "21:05:00"
    assert show("{{ none | localtime }}") == ""


def test_link_links_only_what_is_a_web_address() -> None:
    assert (
        show("{{ u | link('a]b') }}", u=Text("https://a/(b c)")) == r"[a\]b](https://a/%28b%20c%29)"
    )
    assert show("{{ u | link }}", u=Text("https://a")) == "[https://a](https://a)"
    assert show("{{ u | link('a') }}", u=Text("dingtalk://x")) == ""
    assert show("{{ labels.u | link('a') }}") == ""


def test_bold_and_color_hold_escaped_text() -> None:
    assert show("{{ x | bold }}") == f"**{STILL}**"
    assert show("{{ '' | bold }}{{ ' ' | bold }}") == ""
    assert show("{{ x | color('#F5222D') }}") == f'<font color="#F5222D">{STILL}</font>'


def test_truncate_bytes_says_that_it_cut() -> None:
    assert show("{{ '严重严重严重' | truncate_bytes(16) }}") == "严重… (cut)"
    assert show("{{ '严重' | truncate_bytes(6) }}") == "严重"


def test_round_gives_whole_numbers_unless_asked() -> None:
    assert show("{{ 1.26 | round }} {{ 1.26 | round(1) }}") == "1 1.3"


def test_every_filter_of_jinja_that_is_offered_exists_there() -> None:
    assert not set(JINJA_FILTERS) & set(OWN_FILTERS)
    assert set(Sandbox({}).filters) > {*JINJA_FILTERS, *OWN_FILTERS}


def test_an_alert_is_not_a_door_to_its_inside() -> None:
    group = '{% extends "default.j2" %}{% block line %}{{ alert._alert }}{% endblock %}'
    assert problems_of(odd=group)[0].text == "there is no _alert of an alert"


def test_a_link_for_the_browser_leads_to_the_web_or_is_none() -> None:
    assert show("{{ 'http://a.b' | browser_link }}") == (
        "[http://a.b](dingtalk://dingtalkclient/page/link?url=http%3A%2F%2Fa.b&pc_slide=false)"
    )
    assert show("{{ 'javascript:x' | browser_link('x') }}") == ""


def test_a_zone_or_pattern_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected a time zone"):
        show("{{ at | localtime(zone='Mars') }}", at=NOW)
    with pytest.raises(MatcherError):
        show("{{ labels | hide_labels('(') | length }}")


def test_labels_are_left_out_by_name() -> None:
    assert show("{{ labels | hide_labels('x', 'it.*') | join }}") == "n"
    assert show("{{ labels | hide_labels | join(',') }}") == "items,n,x"
