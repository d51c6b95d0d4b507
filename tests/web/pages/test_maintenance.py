"""Planned maintenance: counted, made once at each place, and each place's trouble told apart."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from adapter.config.settings import SourceSettings
from adapter.core.trouble import AlertmanagerError, Trouble
from support.fake_alertmanager import FakeAlertmanager
from support.settings import make_settings
from support.shop import Shop
from web.pages.paging import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from werkzeug.test import TestResponse

EN = {"Accept-Language": "en"}


class Two(Shop):
    """A shop with two Alertmanagers."""

    def __init__(self, folder: Path) -> None:
        sources = tuple(SourceSettings(name=name, url="http://am") for name in ("bj", "sh"))
        nowhere = SourceSettings(name="gz")
        super().__init__(folder, make_settings(sources=(*sources, nowhere)))
        self.sh = FakeAlertmanager()

    def alertmanager(self, source: SourceSettings) -> FakeAlertmanager:
        return {"bj": self.bj, "sh": self.sh}[source.name]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Two]:
    opened = Two(tmp_path)
    yield opened
    opened.history.close()
    opened.store.close()


def form_of(two: Two) -> dict[str, str]:
    text = two.client.get("/maintenance").text
    found = re.findall(r'<input type="[a-z-]+" name="(\w+)" value="([^"]*)"', text)
    return dict(found)


def post(two: Two, **given: str) -> TestResponse:
    filled = {
        **form_of(two),
        "matchers": 'cluster="bj", node=~"a-.*"',
        "at_bj": "on",
        "at_sh": "on",
        "do": "silence",
        **given,
    }
    return two.client.post("/maintenance", data=filled, headers=EN)


def test_the_form_offers_the_places_that_can_silence(two: Two) -> None:
    text = text_of(two.client, "/maintenance")
    assert "bj" in text
    assert "sh" in text
    assert "gz" not in text
    fields = form_of(two)
    assert (fields["since"], fields["until"]) == ("2026-11-24T04:00", "2026-11-24T06:00")


def test_to_count_makes_nothing(two: Two) -> None:
    two.sh.fault = AlertmanagerError(Trouble.UNREACHABLE)
    response = post(two, do="count")
    assert response.status_code == 200
    assert "would mute 2 now" in response.text
    assert "could not be reached" in response.text
    assert two.bj.counted == [('cluster="bj"', 'node=~"a-.*"')]
    assert two.bj.silences == []


def test_it_is_made_at_each_place_once(two: Two) -> None:
    fields = form_of(two)
    first = post(two, **fields, comment="replace disks")
    assert first.text.count("silenced, ID s1") == 2
    for place in (two.bj, two.sh):
        [silence] = place.silences
        assert silence.ends_at - silence.starts_at == timedelta(hours=2)
        assert silence.created_by == two.history.acts(9)[0].who
        assert silence.comment == f"replace disks [dingtalk {fields['once']}]"
    again = post(two, **fields)
    assert again.text.count("made by ") == 2
    assert (len(two.bj.silences), len(two.sh.silences)) == (1, 1)
    assert sorted(act.source for act in two.history.acts(9)) == ["bj", "sh"]


def test_one_place_that_fails_is_told_and_can_be_tried_again(two: Two) -> None:
    fields = form_of(two)
    two.sh.fault, two.sh.late = AlertmanagerError(Trouble.UNSURE), True
    response = post(two, **fields)
    assert "silenced, ID s1" in response.text
    assert "did not answer" in response.text
    two.sh.fault = None
    again = post(two, **fields)
    assert again.text.count("ID s1") == 2
    assert (len(two.bj.silences), len(two.sh.silences)) == (1, 1)


def test_while_it_is_being_made_it_is_not_made_again(two: Two) -> None:
    fields = form_of(two)
    answers: list[str] = []
    two.bj.meanwhile = lambda: answers.append(post(two, **fields).text)
    post(two, **fields)
    assert "Being done just now" in answers[0]
    assert len(two.bj.silences) == 1


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"matchers": ""}, "not understood"),
        ({"matchers": "a=~("}, "not understood"),
        ({"matchers": 'a=~".*"'}, "match everything"),
        ({"matchers": "", "do": "count"}, "not understood"),
        ({"until": "2026-11-24T03:00"}, "has to follow"),
        ({"until": "2026-12-25T06:00"}, "has to follow"),
        ({"since": "soon"}, "has to follow"),
        ({"once": "x"}, "has to follow"),
    ],
)
def test_what_cannot_be_is_told(two: Two, given: dict[str, str], wrong: str) -> None:
    response = post(two, **given)
    assert response.status_code == 400
    assert wrong in response.text
    assert two.bj.silences == []


def test_only_what_is_chosen_is_silenced(two: Two) -> None:
    fields = {**form_of(two), "matchers": "a=b", "do": "silence"}
    none = two.client.post("/maintenance", data=fields, headers=EN)
    assert none.status_code == 400
    assert "at least one" in none.text
    two.client.post("/maintenance", data={**fields, "at_sh": "on", "at_gz": "on"}, headers=EN)
    assert (len(two.bj.silences), len(two.sh.silences)) == (0, 1)


def test_a_form_of_another_site_is_refused(two: Two) -> None:
    fields = {**form_of(two), "matchers": "a=b", "at_bj": "on"}
    theirs = {**EN, "Origin": "https://evil.example"}
    assert two.client.post("/maintenance", data=fields, headers=theirs).status_code == 403
    assert post(two, form_token="made-up").status_code == 403
    assert two.bj.silences == []


def test_without_any_place_it_says_what_to_configure(two: Two) -> None:
    two.settings = replace(two.settings, sources={})
    assert "nowhere to make a silence" in text_of(two.client, "/maintenance")
