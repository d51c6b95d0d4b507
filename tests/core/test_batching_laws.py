"""Whatever comes when: nothing lost, doubled or overtaken, high first, never over the rate."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.batch import Form, Limits
from adapter.core.batching import PLANNED
from adapter.core.folding import queue_of
from adapter.core.priority import Priority
from adapter.core.quota import Rate
from support.alerts import make_alert, make_delivery
from support.backlog import Backlog, Place, Told, states_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from adapter.core.alerts import Alert
    from adapter.core.batch import Waiting
    from adapter.core.delivery import Delivery

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HIGH, NORMAL = Priority.HIGH, Priority.NORMAL
Identity = tuple[str, str]


def an_alert(number: int, *, over: bool, wordy: bool) -> Alert:
    alert = make_alert(f"A{number}", status="resolved" if over else "firing")
    notes = {"summary": "严" * 130, "description": "x" * 1_000} if wordy else {}
    labels = {**alert.labels, "pod": "y" * 160 * wordy}
    return msgspec.structs.replace(
        alert, labels=labels, annotations=notes, fingerprint=f"{number:016x}"
    )


@st.composite
def deliveries(draw: st.DrawFn, *, mixed: bool) -> Delivery:
    """Draw a part of a group; if `mixed`, its alerts may also be another group's or priority's."""
    high, group = draw(st.booleans()), draw(st.integers(0, 7))
    first = 0 if mixed else 100 * group + 50 * high
    numbers = draw(st.lists(st.integers(first, first + 30), min_size=1, unique=True))
    wordy = draw(st.booleans())
    return make_delivery(
        *(an_alert(number, over=draw(st.booleans()), wordy=wordy) for number in numbers),
        key=str(group or ""),
        template=draw(st.sampled_from(["default", "default", "other"])),
        priority=HIGH if high else NORMAL,
    )


@st.composite
def storms(draw: st.DrawFn) -> list[Delivery]:
    """Draw many groups of one alert each."""
    size, first = draw(st.sampled_from([14, 40, 120])), 1_000 * draw(st.integers(1, 3))
    wordy, priority = draw(st.booleans()), draw(st.sampled_from([NORMAL, NORMAL, HIGH]))
    first += 500 * (priority is HIGH)
    return [
        make_delivery(an_alert(n, over=False, wordy=wordy), key=str(n), priority=priority)
        for n in range(first, first + size)
    ]


@st.composite
def worlds(draw: st.DrawFn) -> Backlog:
    """Draw a robot, let deliveries come at any times, and send all that they bring."""
    mixed = draw(st.booleans())
    rate = Rate(draw(st.sampled_from([1, 2, 4, 20])))
    backlog = Backlog(
        rate=rate,
        limits=Limits(
            digest_after=draw(st.sampled_from([timedelta(0), rate.per / 2, rate.per])),
            max_age=draw(st.sampled_from([rate.per, timedelta(hours=6)])),
        ),
        head_alerts=2_000 if mixed else draw(st.sampled_from([1, 20, 2_000])),
    )
    gaps = st.sampled_from([0, 0, 0, 0.2, 1, 5])
    some = st.lists(deliveries(mixed=mixed), min_size=1, max_size=4) | storms()
    for arriving in draw(st.lists(some, max_size=6)):
        backlog.run(backlog.now + draw(gaps) * rate.slot)
        backlog.post(*arriving)
    steps = 0
    while backlog.step():
        steps += 1
        assert steps < 1_000, "it does not end"
    return backlog


def identities(waiting: Waiting) -> Iterator[tuple[Place, Identity]]:
    group = waiting.delivery.group
    for index in waiting.left:
        yield (waiting.id, index), (group.source, group.alerts[index].fingerprint)


def lane(told: Told) -> list[Waiting]:
    """Return what waited of the priority that a message told first."""
    return [waiting for waiting in told.before if waiting.priority is told.batch.priority]


def messages(waiting: list[Waiting], told: Told, form: Form) -> int:
    """Return how many messages these take, by the sums that were known."""
    priorities = {w.priority for w in waiting}
    sizes = Counter[str]()
    for count in told.batch.totals.counts:
        if count.priority in priorities:
            sizes[count.template] += count.full_bytes if form is Form.FULL else count.line_bytes
    return sum(-(-size // PLANNED) for size in sizes.values())


@given(worlds())
def test_every_state_is_told_once_in_one_form_or_covered_by_a_newer_one(backlog: Backlog) -> None:
    told = Counter(place for message in backlog.history for place in message.places)
    posted = [place for w in backlog.posted.values() for place, _ in identities(w)]
    assert told == Counter(posted)
    for message in backlog.history:
        for entry in message.entries:
            newest = (entry.delivery_id, entry.index)
            assert all(place < newest for place in entry.covers)
            alert = backlog.posted[entry.delivery_id].delivery.group.alerts[entry.index]
            assert alert is entry.alert


@given(worlds())
def test_no_state_of_an_alert_overtakes_another(backlog: Backlog) -> None:
    of = {p: identity for w in backlog.posted.values() for p, identity in identities(w)}
    last: dict[Identity, Place] = {}
    for message in backlog.history:
        for place in sorted(message.places):
            assert last.get(of[place], (0, 0)) < place
            last[of[place]] = place
    assert last == {identity: max(p for p in of if of[p] == identity) for identity in of.values()}


@given(worlds())
def test_high_priority_is_told_first_and_never_as_a_number(backlog: Backlog) -> None:
    for message in backlog.history:
        high = {p for w in message.before if w.priority is HIGH for p, _ in identities(w)}
        assert message.batch.priority is (HIGH if high else NORMAL)
        assert not (high and message.batch.form is Form.DIGEST)
        if any(high.isdisjoint(states_of(entry)) for entry in message.entries):
            assert high <= set(message.places), "normal was told while high still waits"


@given(
    st.sampled_from([20, 60, 400]),
    st.lists(st.tuples(st.integers(0, 40_000), st.integers(1, 12)), max_size=6),
)
def test_high_priority_is_told_within_five_seconds_at_any_moment_of_a_storm(
    size: int, posts: list[tuple[int, int]]
) -> None:
    """Twenty a minute; `posts` are milliseconds since the one before, and groups at once."""
    backlog, number = Backlog(), 0
    backlog.post(
        *(
            make_delivery(an_alert(n, over=False, wordy=False), key=str(n))
            for n in range(10_000, 10_000 + size)
        )
    )
    for gap, count in posts:
        backlog.run(backlog.now + timedelta(milliseconds=gap))
        for _ in range(count):
            number += 1
            alert = an_alert(number, over=False, wordy=True)
            look = ("default", "other")[number % 2]
            high = make_delivery(alert, key=f"high {number}", template=look, priority=HIGH)
            backlog.post(high)
    backlog.run()
    told = {
        entry.delivery_id: message.at - entry.received_at
        for message in backlog.history
        for entry in message.entries
        if entry.delivery.priority is HIGH
    }
    assert len(told) == number
    assert all(waited <= 5 * SECOND for waited in told.values())


@given(worlds())
def test_what_has_waited_longest_of_its_lane_is_told_next(backlog: Backlog) -> None:
    for message in backlog.history:
        assert min(p for w in lane(message) for p, _ in identities(w)) in message.places


@given(worlds())
def test_never_more_than_the_rate(backlog: Backlog) -> None:
    times, rate = [message.at for message in backlog.history], backlog.rate
    for index, at in enumerate(times):
        assert sum(1 for time in times[index:] if time - at < rate.per) <= rate.messages


@given(worlds())
def test_a_message_has_one_look_unless_all_is_high_and_alone_one_group(backlog: Backlog) -> None:
    for message in backlog.history:
        looks = {entry.delivery.settings for entry in message.entries}
        high = {p for w in message.before if w.priority is HIGH for p, _ in identities(w)}
        all_high = not any(high.isdisjoint(states_of(entry)) for entry in message.entries)
        assert all_high or len(looks) <= 1
        if message.batch.alone:
            told = [entry.delivery for entry in message.batch.entries]
            assert len({delivery.group.group_key for delivery in told}) == 1
            assert told[0].group.group_key or len(set(map(id, told))) == 1


@given(worlds())
def test_alone_only_while_there_is_a_slot_for_each_group(backlog: Backlog) -> None:
    for message in backlog.history:
        if message.batch.alone:
            groups = {
                queued.stream
                for queued in queue_of(message.before)
                if queued.priority is message.batch.priority
            }
            assert len(groups) <= message.quota.slots(message.at, backlog.rate.per / 2)


@given(worlds())
def test_a_digest_only_if_lines_take_too_long_or_something_is_too_old(backlog: Backlog) -> None:
    for message in backlog.history:
        if message.batch.form is Form.DIGEST:
            patient = message.quota.slots(message.at, backlog.limits.digest_after)
            oldest_at = min(w.received_at for w in lane(message))
            too_old = message.at - oldest_at > backlog.limits.max_age
            assert too_old or messages(lane(message), message, Form.LINE) > patient


@given(worlds())
def test_each_form_is_the_fullest_that_there_is_room_for(backlog: Backlog) -> None:
    for message in backlog.history:
        waiting, last = lane(message), message.batch.totals.last
        oldest_at = min(w.received_at for w in waiting)
        goes_on = last is not None and not last.alone and last.planned_at >= oldest_at
        if message.batch.form is Form.LINE and not goes_on:
            slots = message.quota.slots(message.at, backlog.rate.per / 2)
            assert messages(waiting, message, Form.FULL) > slots


@given(worlds())
def test_a_storm_does_not_change_back_to_a_fuller_form_that_takes_longer(backlog: Backlog) -> None:
    for before, after in zip(backlog.history, backlog.history[1:], strict=False):
        oldest_at = min(w.received_at for w in lane(after))
        if before.batch.alone or oldest_at > before.at:
            continue
        assert not after.batch.alone
        if before.batch.form is Form.LINE and after.batch.form is Form.FULL:
            assert messages(lane(after), after, Form.FULL) == 1


@given(worlds())
def test_every_message_counts_its_parts(backlog: Backlog) -> None:
    for message in backlog.history:
        parts = message.batch.parts
        if message.batch.form is Form.DIGEST:
            assert parts == 1
        elif not message.batch.alone:
            assert parts == messages(lane(message), message, message.batch.form)
