"""A person who reads the log knows what to do next."""

from __future__ import annotations

import pytest

from adapter.core.advice import advice, remedy
from adapter.core.answer import read_answer
from adapter.core.delivery import Broken, Sent, Unreachable

BROKEN = (300005, 400102, 400106, 400013, 310000, 43004, 999999)


def test_every_way_of_being_broken_has_its_own_next_step() -> None:
    outcomes = [read_answer(200, b'{"errcode":%d,"errmsg":"x"}' % code) for code in BROKEN]
    assert all(isinstance(outcome, Broken) for outcome in outcomes)
    assert len({advice(outcome) for outcome in outcomes}) == len(BROKEN)


@pytest.mark.parametrize("code", [660026, 90030, 430101, 460101, -1])
def test_every_other_refusal_has_one_too(code: int) -> None:
    assert advice(read_answer(200, b'{"errcode":%d,"errmsg":"x"}' % code))


def test_what_nobody_named_yet_is_told_as_unknown() -> None:
    assert advice(Broken("1", "x", "new reason")) == advice(Broken("1", "x", "unknown"))


def test_nothing_is_to_do_when_it_was_sent_and_the_network_mends_itself() -> None:
    assert advice(Sent()) == ""
    assert "by itself" in advice(Unreachable("x", ambiguous=True))


def test_what_a_person_can_do_is_told_in_both_languages() -> None:
    reasons = ("token", "sign", "throttled", "exhausted", "unreachable", "unknown")
    assert len({remedy(reason, language) for reason in reasons for language in ("zh", "en")}) == 12
    assert remedy("new reason", "zh") == remedy("unknown", "zh")
