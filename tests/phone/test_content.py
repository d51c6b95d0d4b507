"""What a robot sends, as what a phone shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from adapter.core.message_json import decode_message
from adapter.phone import content_of
from adapter.simulator.content import read
from simulator.test_content import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Mapping


@pytest.mark.parametrize("name", MESSAGES)
def test_both_readings_of_a_message_agree(name: str) -> None:
    """The simulator reads what arrives, by itself; the adapter has what it sends."""
    sent: Mapping[str, Any] = MESSAGES[name]
    message, _ = decode_message(json.dumps(sent).encode())
    assert content_of(message) == read(sent)
