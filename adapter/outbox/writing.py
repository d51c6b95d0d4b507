"""Writing: what an outbox asks of whoever writes for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

A = TypeVar("A")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Promise(Protocol[T_co]):
    """Stand for what an operation comes to, which may still be on its way."""

    def wait(self) -> T_co:
        """Return it, once it is committed; raises StoreUnavailable. To be called once."""
        ...


def each(connection: Connection, operations: Sequence[Callable[[Connection], T]]) -> list[T]:
    """Carry out operations that have nothing in common."""
    return [operation(connection) for operation in operations]


class Writer(Protocol):
    """Run operations, each wholly or not at all."""

    def run(self, operation: Callable[[Connection], T]) -> T:
        """Return what `operation` returns, once it is committed; raises StoreUnavailable."""
        ...

    def begin(
        self, operation: Callable[[Connection, Sequence[A]], Sequence[T]], argument: A
    ) -> Promise[T]:
        """Promise what `operation` returns for `argument`; it may be carried out for several.

        Whoever begins several operations before waiting for any lets them share a commit.
        """
        ...

    def alive(self) -> bool:
        """Return whether operations are still taken."""
        ...

    def corrupt(self) -> bool:
        """Return whether the database was found to be corrupt."""
        ...

    def judge(self, cause: str) -> None:
        """Learn why something could not be read: it may show that the database is corrupt."""
        ...

    def close(self) -> None:
        """Carry out what was asked for and end."""
        ...
