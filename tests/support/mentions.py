"""People, and whom messages ring, as tests of mentions need them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from adapter.core.directory import Directory
from adapter.core.mentions import MentionRule
from adapter.core.message import body
from adapter.core.oncall import Layer, Schedule
from adapter.core.people import Person
from adapter.core.rotation import Rotation
from adapter.core.spans import Span
from adapter.simulator.mentions import notified, resolve
from adapter.simulator.settings import Member
from support.rendering import NOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from adapter.core.delivery import Delivery
    from adapter.core.message import Message
    from adapter.simulator.mentions import Mention

NINE = datetime(2026, 11, 1, 9)  # noqa: DTZ001  # a time on the wall
AWAY = (Span(NOW - timedelta(days=1), NOW + timedelta(days=1)),)
PEOPLE = {
    person.key: person
    for person in (
        Person(key="zhang", name="张三", mobile="13800000001"),
        Person(key="lee", name="lee", mobile="+852-12345678"),
        Person(key="wang", name="王五", user_id="wang_wu.01"),
        Person(key="gone", name="离开", mobile="13800000009", away=AWAY),
        Person(key="sly", name="@all [x](http://evil) @13900000000", mobile="13800000002"),
    )
}
SCHEDULES = {
    "sre": Schedule(
        zone=UTC,
        layers=(Layer(rotation=Rotation(NINE, timedelta(weeks=1)), people=("zhang",)),),
    ),
    "gap": Schedule(zone=UTC),
}
DIRECTORY = Directory(PEOPLE, SCHEDULES)
BYSTANDERS = (Member(name="nosy", mobile="13900000000"), Member(name="cat", user_id="cat"))
MEMBERS = (
    *(Member(name=key, mobile=each.mobile, user_id=each.user_id) for key, each in PEOPLE.items()),
    *BYSTANDERS,
)


def rule(
    *targets: str, otherwise: Iterable[str] = (), on: Iterable[str] = ("firing",)
) -> MentionRule:
    """Return a rule about all alerts of a delivery."""
    return MentionRule(targets=targets, otherwise=tuple(otherwise), on=tuple(on))


def ringing(delivery: Delivery, *rules: MentionRule) -> Delivery:
    """Return a delivery that rings whom these rules name."""
    return msgspec.structs.replace(delivery, mentions=rules)


def mentions_in(
    sent: Mapping[str, Any], members: Iterable[Member] = MEMBERS
) -> tuple[Mention, ...]:
    """Return what the simulator makes of every mention of a body."""
    text = sent.get("markdown", sent.get("actionCard", {}))["text"]
    return resolve(sent, text, tuple(members))


def rung_by(sent: Mapping[str, Any], members: Iterable[Member] = MEMBERS) -> tuple[str, ...]:
    """Return who of the group is notified by a body."""
    every = tuple(members)
    return notified(mentions_in(sent, every), every)


def as_sent(message: Message) -> dict[str, Any]:
    """Return a message as DingTalk gets it."""
    decoded: dict[str, Any] = json.loads(body(message, "f" * 36))
    return decoded
