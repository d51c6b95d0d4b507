"""A message that somebody asks for, from JSON: in exactly DingTalk's own spelling.

What is refused here is never quoted but for the names of fields: a message may hold anything.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from adapter.core.message import Message
from adapter.errors import PayloadError

MSGTYPES: Final = ("text", "link", "markdown", "actionCard", "feedCard")

_BOM: Final = b"\xef\xbb\xbf"
_UUID: Final = "msgUuid"
_message: Final = msgspec.json.Decoder(Message).decode
_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_string: Final[msgspec.json.Decoder[str | None]] = msgspec.json.Decoder(str | None)
_EXPECTED: Final = (
    'expected one DingTalk message, such as {"msgtype": "text", "text": {"content": "…"}}, '
    f"of type {', '.join(MSGTYPES)}, with `at` and `msgUuid` if wanted"
)
_ENUM: Final = re.compile(r"Invalid enum value .*? - at ")


def decode_message(content: bytes) -> tuple[Message, str | None]:
    """Return the message that a JSON object describes, and its `msgUuid`, or raise PayloadError."""
    try:
        members = _members(content.removeprefix(_BOM))
        message_uuid = _uuid(members.pop(_UUID, msgspec.Raw(b"null")))
        return _message(msgspec.json.encode(members)), message_uuid
    except msgspec.ValidationError as error:
        raise PayloadError(f"{_misfit(str(error))}; {_EXPECTED}") from None
    except UnicodeDecodeError:
        raise PayloadError(f"a string of the body is not UTF-8; {_EXPECTED}") from None
    except msgspec.DecodeError as error:
        found = str(error).removeprefix("JSON is malformed: ")
        raise PayloadError(f"the body is not valid JSON: {found}; {_EXPECTED}") from None
    except RecursionError:
        raise PayloadError(f"the body is nested too deeply; {_EXPECTED}") from None


def _uuid(value: msgspec.Raw) -> str | None:
    try:
        return _string.decode(value)
    except msgspec.ValidationError:
        raise PayloadError("`msgUuid` has to be a string") from None


def _misfit(text: str) -> str:
    """Return what is wrong in msgspec's words, but without any value."""
    if text == "Expected `object`, got `array`":
        return "the body is a JSON array; post one message at a time"
    if "`$.msgtype`" in text:
        return "`$.msgtype` is none of DingTalk's message types (which are case-sensitive)"
    if text.startswith("Invalid enum value"):
        return _ENUM.sub('Expected the string "0" or "1", at ', text)
    return text.replace(" - at ", ", at ")
