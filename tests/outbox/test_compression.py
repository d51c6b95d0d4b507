"""Compression: what is stored is read back as it was, or told to be unreadable."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.outbox.compression import MARK, WORTHWHILE, compress, decompress, size_of
from support.alerts import make_alert, make_delivery

SAMPLES = Path(__file__).parents[1] / "samples"
LARGE = msgspec.json.encode(make_delivery(*(make_alert(f"A{index}") for index in range(100))))

json_texts = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
).map(msgspec.json.encode)


@given(json_texts, st.integers(1, 2 * WORTHWHILE))
def test_json_comes_back_as_it_was(text: bytes, times: int) -> None:
    data = b"[" + b",".join([text] * (times // len(text) + 1)) + b"]"
    stored = compress(data)
    assert decompress(stored) == data
    assert size_of(stored) == len(data)
    assert decompress(data) == data, "as it was stored by older versions"


@given(json_texts)
def test_what_is_small_is_stored_as_it_is(text: bytes) -> None:
    if len(text) < WORTHWHILE:
        assert compress(text) == text
    assert not text.startswith(MARK)


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*-200.json")), ids=lambda path: path.stem)
def test_a_group_of_a_real_alertmanager_takes_a_tenth(path: Path) -> None:
    data = path.read_bytes()
    assert len(compress(data)) * 10 < len(data)


@given(st.integers(0), st.binary(min_size=1, max_size=8))
def test_what_was_spoilt_is_told_or_no_json(place: int, noise: bytes) -> None:
    stored = bytearray(compress(LARGE))
    at = place % len(stored)
    stored[at : at + len(noise)] = noise
    try:
        decompress(bytes(stored))
    except msgspec.DecodeError as error:
        assert str(error).startswith("compressed data cannot be read: ")  # noqa: PT017  # or not


@pytest.mark.parametrize("length", [len(MARK), len(MARK) + 1, 20, -1])
def test_what_was_cut_short_cannot_be_read(length: int) -> None:
    with pytest.raises(msgspec.DecodeError, match="compressed data cannot be read"):
        decompress(compress(LARGE)[:length])
