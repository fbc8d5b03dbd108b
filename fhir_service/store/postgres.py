"""PostgreSQL: where one machine is outgrown.

https://www.postgresql.org/docs/15/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from hashlib import blake2b
from re import compile as pattern_of
from typing import Any, NamedTuple

from sqlalchemy import URL, Engine, NullPool, create_engine

from fhir_service.errors import Contended, ServiceError, Unavailable
from fhir_service.search.predicates import TextMatch, pattern
from fhir_service.store.database import CONTENDED, DEFINITIONS, Rows, Statement
from fhir_service.store.postgres_arrays import DELETE, array, inserted
from fhir_service.store.sql import NEWEST_VERSION, VOCABULARY, Within

_NUMBERS = " UNION ALL ".join(
    f"SELECT {n} = 2, nextval('{table}_serial_seq') FROM generate_series(1, ${n}::int)"
    for n, table in enumerate(("resource", "version"), 1)
)

# Not `pg_current_wal_lsn`, which a commit that does not wait for the disk may be ahead of.
_POSITION = "SELECT pg_current_wal_insert_lsn()::text"

# Faster than the default, both ways. Only of this connection's writes, and only where the server has it.
_COMPRESS = (
    "SELECT set_config(name, 'lz4', false) FROM pg_settings"
    " WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
)

# Every statement that reads is a walk along an index with seeks for each row (sql.py), and ends when the page
# is full. Where the planner guesses that few rows match, it would rather collect them all from whole tables;
# such plans stay possible, where there is no other. So there is one plan for all values: it is made once.
_WALK = "; ".join((
    *(f"SET enable_{kind} = off" for kind in ("seqscan", "hashagg", "hashjoin", "mergejoin", "material")),
    "SET jit = off",
    "SET plan_cache_mode = force_generic_plan",
))  # fmt: skip
# But of words and pieces of words it must know how common they are. Until the end of the transaction, which
# is the end of the way.
_PLAN_FOR_THESE = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"


class PostgresDatabase:
    FOR_UPDATE = " FOR UPDATE"
    TEXT = (
        "to_tsvector('simple', a.narrative)",
        "to_tsvector('simple', a.narrative || ' ' || a.content)",
    )
    TEXT_FILLING: tuple[Sequence[str], Sequence[str]] = ((), ())
    TOKEN_AGE = 0.1  # seconds; what other instances commit is seen at most so much later
    FILLS_TEXT_LAST = True

    def __init__(self, url: URL, options: Mapping[str, Any] | None = None) -> None:
        """:param options: those of libpq that hold where the URL says nothing else"""
        url = url.set(drivername="postgresql+psycopg")
        self.engine: Engine = create_engine(url, poolclass=NullPool)
        # As SQLAlchemy reads the URL, which may name several hosts: `?host=one:5432&host=two:5432`.
        _, named = self.engine.dialect.create_connect_args(url)
        self._options = {**(options or {}), **named}

    def connect(self, *, searches: bool = False) -> Any:
        import psycopg

        from fhir_service.store.postgres_connection import Pipelined

        connection = Pipelined(psycopg.connect(**self._options, autocommit=True))
        try:
            connection.execute(_WALK if searches else _COMPRESS)
        except BaseException:
            connection.close()
            raise
        return connection

    def rows(self, connection: Any, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        found: Rows = connection.rows(*_sent(connection, text, values))
        return found

    def begin(self, connection: Any, statement: Statement) -> Rows:
        connection.later("BEGIN")
        connection.later("SELECT pg_advisory_xact_lock_shared($1)", _lock_key(DEFINITIONS))
        return self.ask(connection, statement)[0]

    def commit(self, connection: Any) -> None:
        connection.ask(("COMMIT", ()))

    def rollback(self, connection: Any) -> None:
        connection.forget()
        connection.ask(("ROLLBACK", ()))

    def ask(self, connection: Any, *statements: Statement) -> list[Rows]:
        found: list[Rows] = connection.ask(*[_sent(connection, *statement) for statement in statements])
        return found

    def lock(self, connection: Any, name: str) -> None:
        connection.rows("SELECT pg_advisory_xact_lock($1)", (_lock_key(name),))

    def reserve(self, connection: Any, resources: int, versions: int) -> tuple[list[int], list[int]]:
        (numbers,) = connection.ask((_NUMBERS, (resources, versions)))
        return (
            [number for is_version, number in numbers if not is_version],
            [number for is_version, number in numbers if is_version],
        )

    def insert(self, connection: Any, rows: Mapping[str, Sequence[Sequence[Any]]]) -> None:
        if any(rows.values()):
            statement, values = inserted(rows)
            connection.later(statement, *values)

    def delete_rows(self, connection: Any, resources: Sequence[int]) -> None:
        connection.later(DELETE, array(resources))

    def append(
        self,
        connection: Any,
        table: str,
        columns: Sequence[str],
        rows: Sequence[Sequence[Any]],
        resources: Sequence[int] = (),
    ) -> None:
        statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row((resources[row[0]], *row[1:]) if resources else row)

    def secondary_indexes(self, connection: Any, table: str) -> dict[str, str]:
        found = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
            " WHERE indrelid = %s::regclass"
            " AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)",
            (table,),
        )
        return dict(found.fetchall())

    def expect_much(self, connection: Any) -> None:
        connection.execute("SET LOCAL work_mem = '128MB'; SET LOCAL maintenance_work_mem = '128MB'")

    def checkpointing(self) -> AbstractContextManager[None]:
        return nullcontext()  # the server does so by itself

    def defer_flush(self, connection: Any) -> None:
        connection.execute("SET LOCAL synchronous_commit = off")

    def tidy(self, connection: Any) -> None:
        # The planner knows nothing yet of what was loaded, nor that an index alone answers for it.
        connection.execute("VACUUM (ANALYZE)")

    def refusal(self, error: Exception) -> ServiceError | None:
        from psycopg import errors

        # A unique violation is two writers who made the same thing: each saw that it was not there.
        if isinstance(error, (errors.UniqueViolation, errors.DeadlockDetected, errors.SerializationFailure)):
            return Contended(CONTENDED)
        if isinstance(error, errors.Error) and _is_away(error.sqlstate):
            return Unavailable("The database does not take writes now; nothing was written. Try again later.")
        return None

    def change_token(self, connection: Any) -> object:
        return self.standing(connection)[1]

    def standing(self, connection: Any) -> tuple[bool, str]:
        """Whether this is a standby, and its change token.

        There it is how far it has replayed the log. A primary's snapshot means something in one life of one
        server only: after a promotion the same numbers may stand for other transactions.
        """
        ((token, is_standby),) = connection.rows(
            "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text"
            " ELSE pg_current_snapshot()::text || pg_postmaster_start_time() END, pg_is_in_recovery()"
        )
        return is_standby, token

    def position(self, connection: Any) -> int:
        """Where the write-ahead log stands: behind all that is committed."""
        return position_of(connection.rows(_POSITION)[0][0])

    def flushed(self, connection: Any) -> int:
        """Where the write-ahead log stands that is on the disk, which is what standbys get."""
        told = "SELECT (CASE WHEN pg_is_in_recovery() THEN '0/0' ELSE pg_current_wal_flush_lsn() END)::text"
        return position_of(connection.rows(told)[0][0])

    def commit_at(self, connection: Any) -> int:
        """Commit, and tell a position of the log behind it."""
        _, found = connection.ask(("COMMIT", ()), (_POSITION, ()))
        return position_of(found[0][0])

    def change_reader(self, connection: Any) -> Callable[[], object] | None:
        return None

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        with self.connect() as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", (_lock_key(name),))
            yield  # the lock goes with the connection

    def is_broken(self, connection: Any) -> bool:
        return bool(connection.closed)

    def errors(self) -> tuple[type[Exception], ...]:
        import psycopg

        return (psycopg.OperationalError,)


class Numbered(NamedTuple):
    """A statement with PostgreSQL's own placeholders and its ways to newest versions, words and trigrams."""

    text: str
    lists: tuple[tuple[int, int], ...]
    """Between which of the values each array is, that stands for a list of any length: else each length would
    be a statement of its own. A list of one or two stays, of which the planner makes more."""
    has_words: bool


def numbered(text: str) -> Numbered:
    return _numbered_at_once(text) if len(text) > _LONG else _numbered(text)


_LONG = 4_096  # longer ones list many values, and are not remembered: hardly one comes again

# The index of versions leads to the row itself. By the row of the resource it would be two seeks.
_NEWEST_VERSION = (
    "CROSS JOIN LATERAL"
    " (SELECT * FROM version AS w WHERE w.resource = m.resource ORDER BY w.version_id DESC LIMIT 1) AS v"
)
_VOCABULARY = "vocabulary AS v WHERE v.text ILIKE ? ESCAPE '!'"
_LIST = pattern_of(r"(?<!NOT )IN \(\?(?:, \?){2,}\)")


def _numbered_at_once(text: str) -> Numbered:
    marks, lists, end = 0, [], 0
    for found in _LIST.finditer(text):
        first = marks + text.count("?", end, found.start())
        marks, end = first + found[0].count("?"), found.end()
        lists.append((first, marks))
    has_words = VOCABULARY in text or "MATCH ?" in text
    text = text.replace(NEWEST_VERSION, _NEWEST_VERSION).replace(VOCABULARY, _VOCABULARY)
    text = _LIST.sub("= ANY (?)", text)
    first_piece, *pieces = text.replace("MATCH ?", "@@ to_tsquery('simple', ?)").split("?")
    written = first_piece + "".join(f"${n}{piece}" for n, piece in enumerate(pieces, 1))
    return Numbered(written, tuple(lists), has_words)


_numbered = lru_cache(maxsize=1_024)(_numbered_at_once)


def gathered(values: Sequence[Any], lists: Sequence[tuple[int, int]]) -> list[Any]:
    """The values, with an array in place of each list."""
    gathered: list[Any] = []
    end = 0
    for first, behind in lists:
        gathered += [*values[end:first], [*values[first:behind]]]
        end = behind
    return [*gathered, *values[end:]]


def position_of(told: str) -> int:
    """https://www.postgresql.org/docs/15/datatype-pg-lsn.html"""
    high, _, low = told.partition("/")
    return int(high, 16) << 32 | int(low, 16)


def _is_away(sqlstate: str | None) -> bool:
    """Whether there is no server that takes writes: no connection (which has no SQLSTATE), or a standby.

    https://www.postgresql.org/docs/15/errcodes-appendix.html
    """
    return sqlstate is None or sqlstate.startswith(("08", "57P")) or sqlstate == "25006"


def _lock_key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


def _sent(connection: Any, text: str, values: Sequence[Any]) -> Statement:
    statement, lists, has_words = numbered(text)
    if has_words:
        connection.later(_PLAN_FOR_THESE)
        values = [_asked(value) if isinstance(value, (TextMatch, Within)) else value for value in values]
    return statement, gathered(values, lists) if lists else values


def _asked(value: TextMatch | Within) -> str:
    return f"%{pattern(value.text)}%" if isinstance(value, Within) else _match(value)


def _match(text: TextMatch) -> str:
    """https://www.postgresql.org/docs/15/textsearch-controls.html#TEXTSEARCH-PARSING-QUERIES"""
    groups = (" & ".join(f"({' <-> '.join(phrase)})" for phrase in group) for group in text.groups)
    return " | ".join(f"({group})" for group in groups)
