"""What differs between the databases, as one small contract.

Connections are plain DBAPI connections in autocommit mode; a transaction is opened by `begin`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Engine

from fhir_service.errors import ServiceError

Statement: TypeAlias = tuple[str, Sequence[Any]]
Rows: TypeAlias = list[tuple[Any, ...]]

# A lock that every writer holds shared, and who changes a SearchParameter resource alone: so nobody writes
# index rows by definitions that are no longer the stored ones. Also the property that counts those changes.
DEFINITIONS = "search parameters"

CONTENDED = "Another request wrote the same resources at the same time."
"""What the one is told whose write the database refuses for another's."""

# The property of a store whose index is not complete: see filling.py.
FILLING = "index rows aside"


class Database(Protocol):
    """One database, reached by a SQLAlchemy URL."""

    engine: Engine

    TEXT: tuple[str, str]
    """What stands in the full text for the words that are aside in `a.narrative` and `a.content`."""

    FOR_UPDATE: str
    """What makes a SELECT lock its rows until the end of the transaction, where that is not so anyway."""

    FILLS_TEXT_LAST: bool
    """Whether the full text of a first load is better made at the end, with its indexes."""

    TEXT_FILLING: tuple[Sequence[str], Sequence[str]]
    """What sets up a full text that is filled from the start, and what ends that."""

    TOKEN_AGE: float
    """For how many seconds a change token may be used again: 0 where reading one costs next to nothing."""

    def connect(self, *, searches: bool = False) -> Any:
        """A new DBAPI connection in autocommit mode, perhaps for searches; the caller owns and closes it."""

    def rows(self, connection: Any, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """What a statement, written with `?`, finds, if it is one that finds anything.

        Each TextMatch among the values is a query of this database's full text search.
        """

    def begin(self, connection: Any, statement: Statement) -> Rows:
        """Open a transaction that may write, with a share in the lock `DEFINITIONS`; what it reads first."""

    def commit(self, connection: Any) -> None:
        """End the transaction, with all that waits to be written."""

    def rollback(self, connection: Any) -> None:
        """Undo the transaction."""

    def ask(self, connection: Any, *statements: Statement) -> list[Rows]:
        """The rows of each of these, which are written once; at once where that is another process."""

    def lock(self, connection: Any, name: str) -> None:
        """Hold the lock of that name among all writers until the end of the transaction."""

    def reserve(self, connection: Any, resources: int, versions: int) -> tuple[list[int], list[int]]:
        """Serial numbers for so many rows of `resource` and `version` that are about to be inserted."""

    def insert(self, connection: Any, rows: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        """Write the rows of each table as `schema.WRITTEN` says; of index rows only those that are new."""

    def delete_rows(self, connection: Any, resources: Sequence[int]) -> None:
        """Delete the index rows of these rows of `resource`, and all rows of what they contain."""

    def append(
        self,
        connection: Any,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        resources: Sequence[int] = (),
    ) -> None:
        """Insert many rows that are known to be new.

        Given numbers that `reserve` gave, the first value of each row is a place among them and stands for
        the number there.
        """

    def secondary_indexes(self, connection: Any, table: str) -> dict[str, str]:
        """The indexes of a table that can be dropped, each with the statement that makes it."""

    def expect_much(self, connection: Any) -> None:
        """Make the current transaction one that may sort whole tables; memory stays bounded."""

    def checkpointing(self) -> AbstractContextManager[None]:
        """While much is written, bring it to where it stays beside the writer, who need not wait for that."""

    def defer_flush(self, connection: Any) -> None:
        """Let the current transaction commit before it is on the disk, for a later one that is.

        After a crash of the machine it may be missing, with all that came after it.
        """

    def tidy(self, connection: Any) -> None:
        """Do what is better done at once, after a very large load."""

    def refusal(self, error: Exception) -> ServiceError | None:
        """What to answer when writers got in each other's way; None for any other error."""

    def change_token(self, connection: Any) -> object:
        """A value that differs after every commit by any other connection."""

    def change_reader(self, connection: Any) -> Callable[[], object] | None:
        """Gives such a value without a question, in any thread, while the connection is open; if anything."""

    def exclusive(self, name: str) -> AbstractContextManager[None]:
        """Hold the lock of that name among all processes that use this database."""

    def is_broken(self, connection: Any) -> bool:
        """Whether the connection can never be used again."""

    def errors(self) -> tuple[type[Exception], ...]:
        """The exceptions that mean: the database did not answer, or refused for now."""
