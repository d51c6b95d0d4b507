"""The wall: whatever reaches the log, no secret passes."""

from __future__ import annotations

import errno
import io
import json
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from adapter.core.people import MASKS
from adapter.logs import (
    _PATTERNS,
    MANY_SECRETS,
    Redaction,
    _as_json,
    _dated,
    configure,
    redaction,
)
from adapter.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN = "0123456789abcdef" * 4
SIGN = "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"


@pytest.fixture
def _root() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers, root.level
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"/robot/send?access_token={TOKEN}&sign={SIGN}", "/robot/send?access_token=***&sign=***"),
        (f'{{"access_token": "{TOKEN}"}}', '{"access_token": "***"}'),
        (f"webhook%3Faccess_token%3D{TOKEN}", "webhook%3Faccess_token%3D***"),
        (f"{{'sign': '{SIGN}'}}", "{'sign': '***'}"),
        (f'"{{\\"access_token\\": \\"{TOKEN}\\"}}"', '"{\\"access_token\\": \\"***\\"}"'),
        (f"access_token: {TOKEN}", "access_token: ***"),
        ("access_token=short&sign=down", "access_token=***&sign=***"),
        ("access_token: the variable is not set", "access_token: the variable is not set"),
        ("`ops: {access_token: …}`", "`ops: {access_token: …}`"),
        ('{"description": "sign: down"}', '{"description": "sign: down"}'),
        ("secret SEC0123456789abcdef0123 end", "secret *** end"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer ***"),
        ("call @13800000001 now", "call @138****0001 now"),
        ("call +852-12345678", "call +852-123****78"),
        ("fingerprint 1380000000123456", "fingerprint 1380000000123456"),
        ("1.13800000001", "1.13800000001"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, clean: str) -> None:
    assert Redaction()(text) == clean


MANY = Redaction()
MANY.know(Secret(f"canary{number:06}") for number in range(MANY_SECRETS + 1))

PIECES = (
    *("access_token", "ACCESS_TOKEN", "acceſſ_toKen", "sign", "Sign", "=", "%3D", ": ", '"', "\\"),
    *("SEC", "sec", "0123456789abcdef", "authorization: ", "Authorization: ", "Bearer ", "basic "),
    *("13800000001", "+852-12345678", " ", "&"),
)


@given(st.lists(st.sampled_from(PIECES) | st.characters(), max_size=10).map("".join))
def test_no_pattern_is_left_out_that_would_find_something(text: str) -> None:
    every = [(pattern, shown) for _, pattern, shown in _PATTERNS] + list(MASKS)
    clean = text
    for pattern, shown in every:
        clean = pattern.sub(shown, clean)
    assert Redaction()(text) == clean


@given(st.text(alphabet="1380.a \u0661\u0663", max_size=30))
def test_a_mobile_number_is_one_wherever_it_stands(text: str) -> None:
    plainly = re.compile(r"(?<![0-9A-Za-z.])(1[3-9]\d)\d{4}(\d{4})(?![0-9A-Za-z.])")
    pattern, shown = MASKS[0]
    assert pattern.sub(shown, text) == plainly.sub(shown, text)


def test_known_secrets_are_hidden_wherever_they_stand() -> None:
    wall = Redaction()
    wall.know([Secret("hunter2-canary"), Secret("abc")])
    assert wall("x=hunter2-canary! abcdef") == "x=***! abcdef"


@given(st.text(max_size=3), st.integers(0, MANY_SECRETS), st.text(max_size=3))
def test_of_many_secrets_each_is_hidden_wherever_it_stands(
    before: str, which: int, after: str
) -> None:
    line = f"{before}canary{which:06}{after}"
    assert MANY(line) == Redaction()(f"{before}***{after}")


@given(st.text())
def test_many_secrets_change_nothing_in_other_lines(line: str) -> None:
    assert MANY(line) == Redaction()(line)


def test_known_secrets_are_hidden_in_every_notation() -> None:
    wall = Redaction()
    wall.know([Secret('pa"ss/wörd+')])
    assert wall('"pa\\"ss/wörd+" pa%22ss%2Fw%C3%B6rd%2B') == '"***" ***'


def fail() -> None:
    raise ValueError(f"https://x/?access_token={TOKEN} hunter2-canary")


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.usefixtures("_root")
def test_no_secret_passes_in_fields_tracebacks_or_library_lines(
    log_format: str, capsys: pytest.CaptureFixture[str]
) -> None:
    redaction.know([Secret("hunter2-canary")])
    configure("json" if log_format == "json" else "console", "debug")
    structlog.get_logger("ours").info("event", url=f"x?access_token={TOKEN}", who="13800000001")
    logging.getLogger("library").warning("retrying %s", f"/robot/send?access_token={TOKEN}")
    logging.getLogger("urllib3.connectionpool").warning("a line that must not come")
    try:
        fail()
    except ValueError:
        structlog.get_logger("ours").exception("failed")
        logging.getLogger("library").exception("failed")
    written = capsys.readouterr().err
    assert written.count("access_token=***") >= 4
    assert "138****0001" in written
    assert "must not come" not in written
    for secret in (TOKEN, "hunter2-canary", "13800000001"):
        assert secret not in written


@pytest.mark.usefixtures("_root")
def test_each_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json", "info")
    structlog.get_logger("ours").info("webhook accepted", alerts=3, receiver="钉钉")
    logging.getLogger("library").error("二\nlines")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["event"], first["alerts"], first["receiver"]) == ("webhook accepted", 3, "钉钉")
    assert (first["level"], first["logger"]) == ("info", "ours")
    assert second["event"] == "二\nlines"


PLAIN = st.none() | st.booleans() | st.integers() | st.text()
ANY = PLAIN | st.floats() | st.datetimes() | st.binary() | st.lists(st.datetimes() | st.text())
HALF = "\ud83d"


@given(st.dictionaries(st.text(), PLAIN | st.lists(PLAIN) | ANY))
@example({"half": HALF, "halves": [HALF]})
@example({"huge": 10**40, "secret": Secret("hunter2-canary")})
def test_a_line_is_what_json_makes_of_it(fields: dict[str, object]) -> None:
    plainly = json.dumps(fields, ensure_ascii=False, default=str)
    assert _as_json(None, "info", dict(fields)) == plainly


INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(INSTANTS)
def test_a_line_says_when_in_utc(at: datetime) -> None:
    line = _dated(None, "info", {"timestamp": at.timestamp()})
    told = datetime.fromisoformat(line["timestamp"])
    assert line["timestamp"].endswith("Z")
    assert abs(told - at) < timedelta(microseconds=2)  # a float of seconds has no finer


class Full(io.StringIO):
    """Take nothing, as a disk that is full."""

    def write(self, _text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.usefixtures("_root")
def test_a_log_that_cannot_be_written_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", Full())
    configure("json", "info")
    structlog.get_logger("adapter").info("webhook accepted")
