"""The line that is made in Python says what a template would say."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status, common
from adapter.core.budget import Budget, Rendering
from adapter.core.calls import NO_CALL
from adapter.core.matcher import anchored
from adapter.core.reader import Reader
from adapter.core.style import DEFAULT_STYLE, Style
from adapter.core.telling import PLACES, SUBJECTS, distinctive
from adapter.core.template_env import Sandbox
from adapter.core.template_parts import TemplateEntries
from adapter.core.template_samples import SAMPLES
from adapter.core.words import LANGUAGES, words_of
from support.rendering import NOW, bundled

if TYPE_CHECKING:
    from collections.abc import Mapping

SPELLED = """{% extends "default.j2" %}
{% block entry %}
{{ "✅" if alert.status == "resolved" else alert.severity.emoji }}
{%- if alert.starts_at %} {{ alert.starts_at | localtime }}{% endif %}
{%- if alert.ends_at %}→{{ alert.ends_at | localtime }}{% endif %} {{ alert.name | bold }}
{%- for subject in alert.subjects %} {{ subject }}{% endfor %}
{%- if alert.where %} · {{ alert.where | join("/") }}{% endif %}
{%- if alert.ends_at %} · {{ alert.duration | duration }}{% endif %}
{% endblock %}
"""
SHOWN = '{% extends "default.j2" %}{% block entry %}{{ alert.entry }}{{ "" }}{% endblock %}'
SANDBOX = Sandbox({**bundled(), "spelled.j2": SPELLED, "shown.j2": SHOWN})
HIDDEN = Style(hidden=(anchored("pod|zone"),))

texts = st.text(st.sampled_from("ab1 -_.:/@#*`[]()<&!\n\u200b你"), max_size=8)
names = st.sampled_from(["alertname", "severity", "zone", "job", "", *PLACES, *SUBJECTS[:4]])
labels = st.dictionaries(names, texts, max_size=7)
times = st.none() | st.integers(-90, 90_000).map(lambda minutes: NOW - timedelta(minutes=minutes))
alerts = st.builds(
    Alert, labels=labels, status=st.sampled_from(Status), starts_at=times, ends_at=times
)


def line_by(name: str, alert: Alert, group: AlertGroup, reader: Reader) -> str:
    run = SANDBOX.blocks(name).run()
    return TemplateEntries(run, group, Rendering(reader, Budget())).entry(alert, NO_CALL)


@given(
    st.lists(alerts, min_size=1, max_size=3),
    st.sampled_from(LANGUAGES),
    st.sampled_from([400, 16]),
    st.sampled_from([DEFAULT_STYLE, HIDDEN]),
)
def test_the_line_is_what_a_template_makes_of_the_same(
    several: list[Alert], language: str, longest: int, style: Style
) -> None:
    shared = common(alert.labels for alert in several)
    group = AlertGroup(alerts=tuple(several), common_labels=shared)
    reader = Reader(words_of(language), UTC, NOW, longest, style)
    for alert in several:
        spelled = line_by("spelled.j2", alert, group, reader)
        assert line_by("default.j2", alert, group, reader) == spelled
        assert line_by("shown.j2", alert, group, reader) == spelled


@pytest.mark.parametrize("group", SAMPLES)
def test_so_is_that_of_the_samples(group: AlertGroup) -> None:
    reader = Reader(words_of("zh"), UTC, NOW, 4000)
    for alert in group.alerts:
        spelled = line_by("spelled.j2", alert, group, reader)
        assert line_by("default.j2", alert, group, reader) == spelled


@pytest.mark.parametrize(
    ("labels", "shared", "told"),
    [
        ({"pod": "p", "node": "n"}, {}, ("pod",)),
        ({"pod": "p", "node": "n"}, {"pod": "p"}, ("pod", "node")),
        ({"pod": "p", "node": "n"}, None, ("pod",)),
        ({"zone": "z", "job": "j"}, {"job": "j"}, ("zone",)),
        ({"zone": "z", "job": "j", "queue": "q"}, None, ("job", "queue")),
        ({"alertname": "A", "cluster": "c"}, {}, ()),
    ],
)
def test_the_most_telling_labels_are_told(
    labels: Mapping[str, str], shared: Mapping[str, str] | None, told: tuple[str, ...]
) -> None:
    assert distinctive(labels, {"alertname", "severity"}, shared) == told
