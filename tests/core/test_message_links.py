"""Links of messages: only who knows the secret makes one, and each opens one thing for a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.core.message_links import Kind, Link, Linker
from adapter.secret import Secret
from support.rendering import LINKER, NOW

OTHER = Linker(LINKER.base, Secret("another secret, 2"), LINKER.acts_for, LINKER.tells_for)


def parts(url: str) -> list[str]:
    path = urlsplit(url).path
    assert path.startswith("/m/")
    return path.removeprefix("/m/").split("/")


def read(url: str, linker: Linker = LINKER) -> Link | None:
    return linker.read(*parts(url))


def test_a_link_says_what_it_opens_and_until_when() -> None:
    why = read(LINKER.why(17, NOW))
    assert why == Link(Kind.WHY, "17", int((NOW + timedelta(days=30)).timestamp()))
    act = read(LINKER.act(17, "b0fca7cb17b6f3dd", NOW))
    assert act is not None
    assert (act.kind, act.delivery, act.fingerprint) == (Kind.ACT, 17, "b0fca7cb17b6f3dd")
    assert (act.expired(NOW), act.expired(NOW + timedelta(hours=24))) == (False, True)
    group = read(LINKER.act(17, "", NOW))
    assert group is not None
    assert (group.delivery, group.fingerprint) == (17, "")
    message = read(LINKER.message("a3f0-9", NOW))
    assert message is not None
    assert (message.kind, message.subject, message.delivery) == (Kind.MESSAGE, "a3f0-9", 0)


def test_a_link_is_short_and_needs_no_escapes() -> None:
    url = LINKER.act(10**9, "b0fca7cb17b6f3dd", NOW)
    assert len(url) - len(LINKER.base) <= 70
    assert re.fullmatch(r"https://alerts\.example\.com[\w/.-]+", url)


def test_a_name_that_is_no_fingerprint_makes_no_link() -> None:
    for name in ("../x", "a b", "严", "a" * 65, "a?b"):
        assert LINKER.act(17, name, NOW) == ""


def test_a_link_for_ever_ends_in_the_last_year_there_is() -> None:
    late = datetime(9999, 1, 1, tzinfo=UTC)
    link = read(Linker("http://a", LINKER.secret, timedelta(0), timedelta(hours=1)).why(1, late))
    assert link is not None
    assert not link.expired(late)


@pytest.mark.parametrize("place", range(4))
def test_a_change_of_any_part_forges_it(place: int) -> None:
    for url in (LINKER.why(17, NOW), LINKER.act(17, "ab", NOW), LINKER.message("17", NOW)):
        changed = parts(url)
        for other in ("why", "act", "message", "18", "1", "", changed[place] + "0", "é"):
            if other != changed[place]:
                forged = [*changed[:place], other, *changed[place + 1 :]]
                assert LINKER.read(*forged) is None, forged


def test_another_secret_makes_other_links() -> None:
    assert read(OTHER.why(17, NOW)) is None
    assert read(OTHER.why(17, NOW), OTHER) is not None


def test_the_token_of_a_form_belongs_to_its_link() -> None:
    one, other = Link(Kind.ACT, "1", 5), Link(Kind.ACT, "1", 6)
    token = LINKER.form_token(one)
    assert LINKER.is_form_token(one, token)
    assert not LINKER.is_form_token(other, token)
    assert not LINKER.is_form_token(one, "")
    assert token != parts(LINKER.url(one))[3], "the link itself does not fill a form in"


@given(st.lists(st.text(max_size=20), min_size=4, max_size=4))
def test_nothing_that_is_made_up_is_a_link(made_up: list[str]) -> None:
    assert LINKER.read(*made_up) is None


def test_a_link_leads_on_to_others_that_end_no_later() -> None:
    link = Link(Kind.WHY, "17", int(NOW.timestamp()) + 100)
    soon, late = NOW + timedelta(seconds=50), NOW + timedelta(days=9)
    assert link.act("ab", soon) == Link(Kind.ACT, "17.ab", int(soon.timestamp()))
    assert link.act("", late) == Link(Kind.ACT, "17", link.until)
    assert link.act("a b", late) is None
    assert link.why(18) == Link(Kind.WHY, "18", link.until)
    assert LINKER.relative(link) == "../../../" + LINKER.signed_path(link).removeprefix("/m/")
