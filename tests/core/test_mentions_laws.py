"""Whatever alerts hold: exactly those are rung who are meant, as the simulator reads the message.

Who is meant is found here anew, slowly, from the words of the rules.
"""

from __future__ import annotations

import json
import os
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.core.alerts import Alert, AlertGroup, Status
from adapter.core.batch import Batch, Form
from adapter.core.delivery import Delivery, RenderSettings
from adapter.core.mentions import MentionRule, announcement, occasion_of, wanted_by
from adapter.core.message import BODY_LIMIT, body
from adapter.core.who import OnDuty
from support.batches import a_batch, entries_of
from support.mentions import DIRECTORY, MEMBERS, PEOPLE, mentions_in, rung_by
from support.rendering import NOW, renderer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapter.core.batch import Entry

EXAMPLES = 1_000 if os.environ.get("VERIFY") else 50
HOSTILE = [
    *("@all", "@所有人", "@13900000000", "@13800000001", "@+852-12345678", "@cat", " @cat "),
    *("@wang_wu.01", "\n@13900000000\n", "&#64;13900000000", "@\u200b13900000000", "all"),
    *("13900000000", "mobile:13900000000", "[@13900000000](http://x)", "**@cat**", "``@cat``", ""),
]
VALUES = st.sampled_from([*HOSTILE, *PEOPLE, "sre", "gap"]) | st.text(max_size=9)
TARGETS = st.sampled_from(
    [
        *PEOPLE,
        *("nobody", "schedule:sre", "schedule:gap", "schedule:label:team", "label:owner"),
        *("label:team", "mobile:13800000001", "mobile:13800000002", "user:wang_wu.01"),
    ]
)
SINGLE = st.lists(TARGETS, max_size=3).map(tuple)
ANYBODY = SINGLE | st.just(("all",)) | st.just(("zhang", "all"))
ON = st.lists(st.sampled_from(["firing", "repeat", "resolved"]), unique=True).map(tuple)
ALERTS = st.builds(
    Alert,
    labels=st.fixed_dictionaries(
        {"alertname": VALUES, "owner": VALUES, "team": VALUES, "pod": VALUES}
    ),
    annotations=st.dictionaries(st.sampled_from(["summary", "description"]), VALUES),
    status=st.sampled_from(Status),
    starts_at=st.just(NOW - timedelta(minutes=3)),
    ends_at=st.just(NOW),
    fingerprint=st.uuids().map(str),
)
BROKEN = '{% extends "default.j2" %}{% block line %}{{ 1 / 0 }}{% endblock %}'
OWN = '{% extends "default.j2" %}{% block footer %}{{ mentions | join(" ") }}{% endblock %}'
RENDERER = renderer(broken=BROKEN, own=OWN)
LOOK = st.builds(
    RenderSettings,
    template=st.sampled_from(["default", "default", "broken", "own"]),
    language=st.sampled_from(["zh", "en"]),
)


@st.composite
def deliveries(draw: st.DrawFn, look: RenderSettings, number: int) -> Delivery:
    alerts = draw(st.lists(ALERTS, min_size=1, max_size=4))
    some = st.none() | st.sets(st.integers(0, 3)).map(lambda found: tuple(sorted(found)))
    rules = st.builds(MentionRule, targets=ANYBODY, otherwise=ANYBODY, on=ON, alerts=some)
    group = AlertGroup(alerts=tuple(alerts), group_key=str(number), receiver="r")
    mentions = tuple(draw(st.lists(rules, max_size=2)))
    return Delivery(robot="ops", group=group, settings=look, mentions=mentions)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    look, alone = draw(LOOK), draw(st.booleans())
    count = 1 if alone else draw(st.integers(1, 4))
    entries = entries_of([draw(deliveries(look, number)) for number in range(count)])
    batch = a_batch(draw(st.sampled_from(Form)), entries, alone=alone)
    minimal = batch.form is Form.FULL and draw(st.booleans())
    return msgspec.structs.replace(batch, minimal=minimal)


def person(key: str) -> set[str]:
    return {key} if key in PEOPLE and key != "gone" else set()


def meant(targets: Iterable[str], labels: dict[str, str]) -> set[str]:
    """Return the keys of the people, or "all"."""
    found: set[str] = set()
    for target in targets:
        kind, _, name = target.rpartition(":")
        if kind == "mobile":
            found |= {key for key, each in PEOPLE.items() if each.mobile == name}
        elif kind == "user":
            found |= {key for key, each in PEOPLE.items() if each.user_id == name}
        elif kind == "schedule":
            found |= {"zhang"} if name == "sre" else set()
        elif kind == "schedule:label":
            found |= {"zhang"} if labels.get(name) == "sre" else set()
        elif kind == "label":
            found |= person(labels.get(name, ""))
        else:
            found |= {"all"} if name == "all" else person(name)
    return found


def meant_by(entries: Iterable[Entry], announced: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for entry in entries:
        known = announcement("", entry.alert) in announced
        fires = entry.alert.status is Status.FIRING
        occasion = ("repeat" if known else "firing") if fires else "resolved" if known else ""
        for rule in entry.delivery.mentions:
            if occasion in rule.on and (rule.alerts is None or entry.index in rule.alerts):
                labels = entry.alert.labels
                found |= meant(rule.targets, labels) or meant(rule.otherwise, labels)
    return found


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(batches(), st.data())
def test_exactly_those_are_rung_who_are_meant(batch: Batch, data: st.DataObject) -> None:
    every = [announcement("", entry.alert) for entry in batch.entries]
    announced = frozenset(data.draw(st.sets(st.sampled_from(every))))
    digested = [
        wanted
        for entry in batch.entries
        for wanted in wanted_by(
            entry.delivery.mentions,
            entry.index,
            entry.alert,
            occasion_of("", entry.alert, announced),
        )
    ]
    who = OnDuty(DIRECTORY, NOW, announced, digested=digested)
    rendered = RENDERER.render_batch(batch, now=NOW, who=who)
    assert rendered.told > 0
    sent = body(rendered.message, "f" * 64)
    assert len(sent) <= BODY_LIMIT
    message = json.loads(sent)
    expected = meant_by(batch.entries[: rendered.told], announced)
    members = [member.name for member in MEMBERS]
    rung = members if "all" in expected else [name for name in members if name in expected]
    assert list(rung_by(message)) == rung
    assert rendered.left_out == ()

    found = mentions_in(message)
    assert [mention for mention in found if not mention.rings] == [], "nothing stands there in vain"
    for mention in found:
        if mention.kind != "all":
            mark = rf"@{re.escape(mention.target)}(?![\w.-])"
            assert len(re.findall(mark, message["markdown"]["text"])) == 1
    assert "@" not in message["markdown"]["title"].replace("@\u200b", "")
