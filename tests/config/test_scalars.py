from __future__ import annotations

from datetime import timedelta
from typing import Final
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.config.addresses import Address, listen_address
from adapter.config.names import wrong_name
from adapter.config.problems import Mistake, masked, shown
from adapter.config.scalars import boolean, duration, size, timezone
from adapter.config.suggest import closest
from adapter.config.webhook_url import webhook

UNITS: Final = {
    "y": timedelta(days=365),
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}


@given(st.lists(st.integers(0, 40), min_size=7, max_size=7))
def test_a_duration_is_the_sum_of_its_parts(numbers: list[int]) -> None:
    parts = [(number, unit) for number, unit in zip(numbers, UNITS, strict=True) if number]
    text = "".join(f"{number}{unit}" for number, unit in parts)
    total = sum((number * UNITS[unit] for number, unit in parts), timedelta())
    assert duration(text or "0") == total


@pytest.mark.parametrize(
    "text", ["", "5", "5 m", "m5", "1m1h", "1h1h", "1.5h", "-1s", "５s", "200y"]
)
def test_no_duration_is_guessed(text: str) -> None:
    with pytest.raises(Mistake):
        duration(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("4096", 4096), ("1kB", 1000), ("10MiB", 10_485_760), ("2 GiB", 2 * 1024**3)],
)
def test_a_size_counts_bytes(text: str, number: int) -> None:
    assert size(text) == number


@pytest.mark.parametrize("text", ["", "10M", "10mib", "1.5MiB", "-1", "1e3", "9" * 5000])
def test_no_size_is_guessed(text: str) -> None:
    with pytest.raises(Mistake):
        size(text)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0.0.0.0:8060", ("0.0.0.0", 8060)),
        (":1", ("0.0.0.0", 1)),
        ("[::]:65535", ("::", 65535)),
        ("[0:0::1]:80", ("::1", 80)),
        ("adapter.svc:80", ("adapter.svc", 80)),
    ],
)
def test_an_address_has_a_host_and_a_port(text: str, address: tuple[str, int]) -> None:
    assert listen_address(text) == Address(*address)


@pytest.mark.parametrize(
    "text", ["", ":", "8060", "a:", ":0", ":99999", "[127.0.0.1]:80", "1.2.3:80", "a b:80", "[x:1"]
)
def test_no_address_is_guessed(text: str) -> None:
    with pytest.raises(Mistake):
        listen_address(text)


def test_an_address_is_written_as_it_is_read() -> None:
    assert str(Address("::1", 80)) == "[::1]:80"
    assert str(Address("127.0.0.1", 80)) == "127.0.0.1:80"


@pytest.mark.parametrize("text", ["True", "TRUE", "yes", "on", "1", "", "~", "null"])
def test_only_true_and_false_are_booleans(text: str) -> None:
    with pytest.raises(Mistake):
        boolean(text)


@given(st.sampled_from(sorted(available_timezones())))
def test_every_time_zone_is_known_by_its_exact_name(name: str) -> None:
    assert timezone(name) == name
    with pytest.raises(Mistake, match="is no time zone"):
        timezone(f"{name}x")


@pytest.mark.parametrize(
    "name", ["ops", "运维", "a.b-c_d", "x" * 64, "Ärzte", "🔥", "...", "(ops)"]
)
def test_names_may_be_of_any_language(name: str) -> None:
    assert not wrong_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", "a b", "a\u3000b", "a/b", "a?b", "a#b", "a:b", "a%b", 'a"b', "a\\b"),
        *("x" * 65, "label:team", "${X}", "a\nb", "a\u200bb", "A\u0308rzte"),
    ],
)
def test_names_hold_nothing_that_a_url_or_a_metric_takes_amiss(name: str) -> None:
    assert wrong_name(name)


def test_a_webhook_behind_a_proxy_keeps_its_prefix() -> None:
    credential = webhook("http://proxy:8080/dingtalk/robot/send?access_token=a%2Bb&timestamp=1")
    assert credential.access_token.reveal() == "a+b"
    assert credential.api_url == "http://proxy:8080/dingtalk"


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Robots", "robots"),
        ("send-resolved", "send_resolved"),
        ("tmplate", "template"),
        ("x", None),
    ],
)
def test_a_guess_is_close_or_none(word: str, meant: str | None) -> None:
    assert closest(word, ["robots", "template", "send_resolved"]) == meant


def test_a_guess_among_nothing_is_none() -> None:
    assert closest("x", []) is None


@given(st.text())
def test_what_is_shown_is_short_and_stays_in_one_line(text: str) -> None:
    told = shown(text)
    assert told.isprintable()
    assert len(told) <= (62 if text.isprintable() else 620)


def test_what_looks_secret_is_masked_wherever_it_stands() -> None:
    url = "https://me:pass@host/robot/send?access_token=abc&sign=def"
    assert masked(url) == "https://***@host/robot/send?access_token=***&sign=***"
    assert masked(f"a SEC0123abcd, {'0f' * 16}.") == "a ***, ***."
