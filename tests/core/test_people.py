from __future__ import annotations

from datetime import timedelta

import pytest

from adapter.core.people import Person, mask
from adapter.core.spans import Span
from support.clock import START


@pytest.mark.parametrize(
    ("mobile", "shown"),
    [
        ("13800000001", "138****0001"),
        ("+852-12345678", "+852-12****78"),
        ("+1-123456", "+1-12****56"),
    ],
)
def test_no_number_is_shown_whole(mobile: str, shown: str) -> None:
    assert mask(mobile) == shown
    assert Person(key="zhang", name="张三", mobile=mobile).masked == shown


def test_a_user_id_is_no_secret() -> None:
    assert Person(key="zhang", name="张三", user_id="manager4220").masked == "manager4220"


def test_leave_ends_just_before_its_end() -> None:
    day = timedelta(days=1)
    person = Person(key="zhang", name="张三", mobile="1", away=(Span(START, START + day),))
    around = (START - timedelta(seconds=1), START, START + day - timedelta(seconds=1), START + day)
    assert [person.is_away(at) for at in around] == [False, True, True, False]
