"""What differs between the databases, as one small contract.

Connections are plain DBAPI connections in autocommit mode; a transaction is opened by `begin`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

from sqlalchemy import Engine


class Database(Protocol):
    """One database, reached by a SQLAlchemy URL."""

    engine: Engine

    def connect(self) -> Any:
        """A new DBAPI connection in autocommit mode; the caller owns and closes it."""

    def statement(self, text: str) -> str:
        """The statement with this database's placeholders, from one with `?`."""

    def begin(self, connection: Any) -> None:
        """Open a transaction that may write."""

    def change_token(self, connection: Any) -> object:
        """A value that differs after every commit by any other connection."""

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Hold the lock of that name among all processes that use this database."""

    def errors(self) -> tuple[type[Exception], ...]:
        """The exceptions that mean: the database did not answer, or refused for now."""


class Rows(Protocol):
    """The part of a DBAPI cursor that is used here."""

    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...
