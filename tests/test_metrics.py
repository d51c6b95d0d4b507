"""Series stay few and true, whatever DingTalk answers and whatever was configured once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.answer import read_answer
from adapter.core.delivery import Broken, Outcome, Sent
from adapter.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterable


def errcodes(outcomes: Iterable[Outcome]) -> set[str]:
    """Return the errcodes that failures are counted under."""
    metrics = Metrics()
    for outcome in outcomes:
        metrics.failed("ops", outcome)
    [family] = metrics.send_failures.collect()
    return {sample.labels["errcode"] for sample in family.samples}


@pytest.mark.parametrize("code", ["300005", "310000", "130101", "430101", "460101", "90030"])
def test_a_known_code_is_told(code: str) -> None:
    outcome = read_answer(200, f'{{"errcode": {code}, "errmsg": "no"}}'.encode())
    assert errcodes([outcome]) == {code}


def test_an_unknown_code_is_one_of_the_others() -> None:
    answers = [f'{{"errcode": {code}, "errmsg": "no"}}'.encode() for code in (7, 8, "99999999999")]
    assert errcodes(read_answer(200, answer) for answer in answers) == {"other"}


@given(
    statuses=st.lists(st.integers(200, 599), max_size=50),
    codes=st.lists(st.integers(1, 10**9) | st.integers(400200, 400699), max_size=100),
)
def test_an_answer_cannot_make_series_without_end(statuses: list[int], codes: list[int]) -> None:
    answers = [read_answer(status, b"") for status in statuses]
    answers += [read_answer(200, f'{{"errcode": {code}}}'.encode()) for code in codes]
    refused = [outcome for outcome in answers if not isinstance(outcome, Sent)]
    known = errcodes(
        read_answer(200, f'{{"errcode": {code}}}'.encode()) for code in (300005, 90030)
    )
    assert len(errcodes(refused) | known) <= 48


def test_a_robot_that_is_configured_no_more_is_not_broken() -> None:
    metrics = Metrics()
    for robot in "ops", "db":
        metrics.failed(robot, Broken("300005", "token is not exist", "token"))
    metrics.keep_robots({"ops": None, "new": None})
    [family] = metrics.robot_broken.collect()
    assert [sample.labels for sample in family.samples] == [{"robot": "ops", "reason": "token"}]
