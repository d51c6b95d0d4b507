"""Series stay few and true, whatever DingTalk answers and whatever was configured once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from adapter.core.answer import read_answer
from adapter.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapter.core.delivery import Outcome


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


def test_no_answer_makes_series_without_end() -> None:
    bodies = [f'{{"errcode": {code}}}'.encode() for code in (*range(1, 99), *range(400000, 400999))]
    answers = [read_answer(200, body) for body in bodies]
    answers += [read_answer(status, b"") for status in range(200, 600)]
    assert len(errcodes(answers)) < 32
