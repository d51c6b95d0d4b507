"""How a month's messages are paced over its days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.monthly import Allowance, is_past_share, month_of, nearly_spent_notices

instants = st.datetimes(datetime(2026, 1, 1), datetime(2036, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone
numbers = st.integers(1, 100_000)


@pytest.mark.parametrize(
    ("day", "spent", "past"),
    [(1, 99, False), (1, 100, True), (15, 1499, False), (15, 1500, True), (30, 2999, False)],
)
def test_each_day_has_an_equal_share(day: int, spent: int, *, past: bool) -> None:
    assert is_past_share(spent, 3000, datetime(2026, 11, day, 4, tzinfo=UTC)) is past


def test_days_and_months_turn_in_china() -> None:
    before = datetime(2026, 11, 30, 15, 59, tzinfo=UTC)
    after = before + timedelta(minutes=1)
    assert (month_of(before), month_of(after)) == ("2026-11", "2026-12")
    assert not is_past_share(200, 3100, before)
    assert is_past_share(200, 3100, after)


@given(instants, numbers, numbers)
def test_what_is_past_today_is_past_with_more_and_never_the_whole_month(
    now: datetime, spent: int, messages: int
) -> None:
    assert is_past_share(messages, messages, now)
    if is_past_share(spent, messages, now):
        assert is_past_share(spent + 1, messages, now)
        assert spent * 31 >= messages


def test_every_robot_of_a_quota_is_told() -> None:
    company = Allowance(name="a*b", messages=100, robots=("ops", "db"))
    first, second = nearly_spent_notices(company, 80)
    assert (first.robot, second.robot, first.text) == ("ops", "db", second.text)
    assert "80 of the 100 messages of quota a\\*b" in first.text
