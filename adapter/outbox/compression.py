"""Compression: what is stored of a large delivery takes a small part of its bytes.

The alerts of a group say nearly the same, over and over. LZ4 takes less time to find that out than
a database takes to write it twice, to its log and to its table.
"""

from __future__ import annotations

from typing import Final

import lz4.frame
import msgspec

WORTHWHILE: Final = 2048
"""Bytes from which on data are compressed: less fits into a page of the database anyway."""

MARK: Final = b"\x04\x22\x4d\x18"
"""How compressed data begin, and nothing that is JSON does."""


def compress(data: bytes) -> bytes:
    """Return JSON as it is stored."""
    if len(data) < WORTHWHILE:
        return data
    compressed: bytes = lz4.frame.compress(data)
    return compressed


def is_compressed(stored: bytes) -> bool:
    """Return whether that is so; a person with a shell may have stored a text, which is not."""
    return stored[: len(MARK)] == MARK


def decompress(stored: bytes) -> bytes:
    """Return JSON that was stored; raises msgspec.DecodeError if it cannot be read."""
    if not is_compressed(stored):
        return stored
    try:
        data: bytes = lz4.frame.decompress(stored)
    except RuntimeError as error:
        raise msgspec.DecodeError(f"compressed data cannot be read: {error}") from None
    return data


def size_of(stored: bytes) -> int:
    """Return how many bytes there were, of what can be decompressed."""
    if not is_compressed(stored):
        return len(stored)
    size: int = lz4.frame.get_frame_info(stored)["content_size"]
    return size
