"""A silence from a message mutes its own alerts and their like, whatever a person adds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.matchers import MatcherError, parse_matchers
from adapter.core.silencing import chosen, meant, narrowed, own_matchers, span_name, written
from support.alerts import make_alert, make_group

LABELS = st.dictionaries(st.text("abc_", min_size=1, max_size=3), st.text(max_size=9), max_size=5)
MORE = st.lists(
    st.tuples(st.text("abc", min_size=1, max_size=2), st.sampled_from(["=", "!=", "=~", "!~"])),
    max_size=3,
).map(lambda pairs: ", ".join(f'{name}{sign}"a.*"' for name, sign in pairs))
DURATIONS = (timedelta(hours=1), timedelta(days=1))


@given(LABELS, MORE | st.text(max_size=12), LABELS)
def test_nothing_that_a_person_adds_mutes_more(
    labels: dict[str, str], more: str, others: dict[str, str]
) -> None:
    own = own_matchers([make_alert("Up", **labels)], {})
    try:
        matchers = narrowed(own, more)
    except MatcherError:
        return
    assert matchers[: len(own)] == own
    muted = all(matcher.matches(others) for matcher in matchers)
    assert not muted or all(matcher.matches(others) for matcher in own)


@given(LABELS)
def test_a_silence_mutes_its_own_alert(labels: dict[str, str]) -> None:
    alert = make_alert("Up", **labels)
    own = own_matchers([alert], {})
    assert all(matcher.matches(alert.labels) for matcher in own)
    assert parse_matchers(written(own)) == own, "a form brings back what it was given"


def test_what_only_the_adapter_added_is_not_asked_for() -> None:
    alert = make_alert("Up", cluster="bj", region="")
    assert written(own_matchers([alert], {"cluster": "bj"})) == (
        'alertname="Up", severity="critical"'
    )
    assert 'cluster="bj"' in written(own_matchers([alert], {"cluster": "sh"}))


def test_alerts_of_several_names_are_not_silenced_together() -> None:
    one, other = make_alert("Up", job="a"), make_alert("Down", job="a")
    assert own_matchers([one, other], {}) == ()
    assert own_matchers([make_alert(""), make_alert("", job="b")], {}) == ()
    same = own_matchers([one, make_alert("Up", job="b")], {})
    assert written(same) == 'alertname="Up", severity="critical"'


def test_a_matcher_that_is_there_already_is_not_added_twice() -> None:
    own = own_matchers([make_alert("Up")], {})
    assert narrowed(own, ' alertname="Up", a="b", a="b" ')[2:] == parse_matchers('a="b"')
    assert narrowed(own, "  ") == own
    with pytest.raises(MatcherError, match="longer than 1000"):
        narrowed(own, "a" * 1_001)


def test_a_link_means_one_alert_or_all_that_fire() -> None:
    up, down = make_alert("Up"), make_alert("Down")
    over = make_alert("Over", status="resolved")
    group = make_group(up, down, over)
    assert meant(group, "") == (up, down)
    assert meant(group, over.fingerprint) == (over,)
    assert meant(group, "ffff") == ()


@pytest.mark.parametrize(
    ("span", "name"),
    [
        (timedelta(days=1), "1d"),
        (timedelta(hours=36), "36h"),
        (timedelta(minutes=90), "90m"),
        (timedelta(seconds=61), "61s"),
    ],
)
def test_a_span_is_named_by_one_unit(span: timedelta, name: str) -> None:
    assert span_name(span) == name
    assert chosen(name, [span]) == span


@pytest.mark.parametrize("name", ["", "0h", "59s", "25h", "1w", "1h30m", "-1h", "１h", "9999999d"])
def test_a_duration_beyond_the_longest_is_none(name: str) -> None:
    assert chosen(name, DURATIONS) is None
    assert chosen("30m", DURATIONS) == timedelta(minutes=30)
