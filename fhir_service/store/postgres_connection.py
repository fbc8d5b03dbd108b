"""A connection that sends statements to PostgreSQL without psycopg's cursors, several on one way and back.

https://www.postgresql.org/docs/15/libpq-pipeline-mode.html

    rows    one statement, whose answer is waited for
    later   needs no answer: it waits for the next statement that does, and goes before it
    ask     goes at once, behind what waits; the first that fails stops all behind it

A way costs both sides more than most statements take: one process sleeps, and the other one wakes up. A
cursor of psycopg's costs as much again: it looks at the statement, at its values and at what it gives, and
gives up the interpreter lock at each step. So each statement is prepared on the way on which it is first
sent, with PostgreSQL's own placeholders, and one that is read by is a single call of libpq from then on,
which gives up the lock once. Rows come in binary, for as text a body would be its hexadecimal digits, twice
as many bytes; psycopg still makes Python's values of them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from select import POLLIN, POLLOUT, poll
from typing import Any, TypeAlias

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.postgres import types as known
from psycopg.pq import ConnStatus, ExecStatus, Format, TransactionStatus

from fhir_service.store.database import Rows, Statement
from fhir_service.store.postgres_arrays import array

# How many statements stay prepared on a connection. A search is one of few texts, whatever it asks for.
_MOST = 100

# As plain numbers: to compare members of an enumeration costs more than to send a statement.
_DONE = frozenset(map(int, (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)))
_END = int(ExecStatus.PIPELINE_SYNC)
_BINARY = int(Format.BINARY)

# What is prepared gives other columns than before, since tables have changed, or is not known to the server
# any more: https://www.postgresql.org/docs/15/errcodes-appendix.html
_OUTDATED = ("0A000", "26000")

# With these a server ends the connection: https://www.postgresql.org/docs/15/runtime-config-logging.html
_LAST_WORDS = ("FATAL", "PANIC")

# Of all other values the server tells the type by what they are compared with. A number is a long one,
# whatever its column is: one that does not fit there is in no row, and no mistake.
_TYPES = {int: known["int8"].oid, float: known["float8"].oid, bool: known["bool"].oid}

_Prepared: TypeAlias = tuple[str, tuple[type, ...]]
"""A statement and the Python types of its values."""


class Pipelined:
    """Of a connection of psycopg's."""

    def __init__(self, plain: psycopg.Connection[tuple[Any, ...]]) -> None:
        plain.prepare_threshold = None  # else it makes the server forget all that is prepared, now and then
        self._plain = plain
        self._server: Any = plain.pgconn
        self._ready = poll()
        self._ready.register(plain.fileno(), POLLIN)
        self._reading = Transformer(plain)
        self._waiting: list[Statement] = []
        self._names: OrderedDict[_Prepared, bytes] = OrderedDict()
        """of what is prepared, with what was used last at the end"""
        self._given = 0
        """how many names there were, of which none is given again"""
        self._dropped: list[bytes] = []
        """names that the server may forget"""

    def __enter__(self) -> Pipelined:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        return self._plain.closed

    def close(self) -> None:
        self._plain.close()

    def execute(self, text: str, values: Sequence[Any] = ()) -> psycopg.Cursor[tuple[Any, ...]]:
        """By psycopg: several statements that are done once."""
        return self.cursor().execute(text, values or None)

    def cursor(self) -> psycopg.Cursor[tuple[Any, ...]]:
        self.ask()
        return self._plain.cursor()

    def rows(self, text: str, values: Sequence[Any] = ()) -> Rows:
        """What a statement finds, if it is one that finds anything."""
        prepared = (text, tuple(map(type, values)))
        name = None if self._waiting else self._names.get(prepared)
        if name is None:
            return self.ask((text, values))[0]
        self._names.move_to_end(prepared)
        result = self._server.exec_prepared(name, _sent(values), None, _BINARY)
        if result.status in _DONE:
            return self._rows(result)
        failure = self._failure(result)
        if failure.sqlstate in _OUTDATED and self._is_idle():
            return self.ask((text, values))[0]  # under another name
        raise failure

    def _is_idle(self) -> bool:
        """Whether no transaction is open: then one way is a whole one, which may be gone once more."""
        return bool(self._server.transaction_status == TransactionStatus.IDLE)

    def later(self, statement: str, *values: Any) -> None:
        self._waiting.append((statement, values))

    def forget(self) -> None:
        """What waits is not sent any more."""
        self._waiting.clear()

    def ask(self, *statements: Statement) -> list[Rows]:
        """The rows that each of these gives; a failure is that of the first statement that failed."""
        sent, self._waiting = [*self._waiting, *statements], []
        if not sent:
            return []
        is_whole = self._is_idle()
        try:
            results = self._exchanged(sent)
        except psycopg.Error as failure:
            if not (is_whole and failure.sqlstate in _OUTDATED and self._is_idle()):
                raise
            results = self._exchanged(sent)
        return [self._rows(one) for one in results[len(results) - len(statements) :]]

    def _exchanged(self, sent: Sequence[Statement]) -> list[Any]:
        asked = [(text, tuple(map(type, values))) for text, values in sent]
        new = {one: self._new_name() for one in asked if one not in self._names}
        server = self._server
        server.enter_pipeline_mode()
        for name in self._dropped:
            server.send_close_prepared(name)
        for (text, kinds), name in new.items():
            server.send_prepare(name, text.encode(), [_TYPES.get(kind, 0) for kind in kinds])
        for one, (_, values) in zip(asked, sent, strict=True):
            name = self._names.get(one) or new[one]
            server.send_query_prepared(name, _sent(values), None, _BINARY)
        server.pipeline_sync()
        results = self._received()[len(self._dropped) :]
        server.exit_pipeline_mode()
        self._dropped = []
        for one, result in zip([*new, *asked], results, strict=True):
            if result.status not in _DONE:
                raise self._failure(result)
            if one in new:
                self._names[one] = new[one]
            self._names.move_to_end(one)
        while len(self._names) > _MOST:
            self._dropped.append(self._names.popitem(last=False)[1])
        return results[len(new) :]

    def _new_name(self) -> bytes:
        self._given += 1
        return b"own_%d" % self._given

    def _failure(self, result: Any) -> psycopg.Error:
        failure = error_from_result(result, encoding=self._plain.info.encoding)
        if failure.sqlstate in _OUTDATED:
            self._dropped += self._names.values()
            self._names.clear()
        if failure.sqlstate is None or failure.diag.severity_nonlocalized in _LAST_WORDS:
            # libpq itself tells of a connection that is lost, or the server of one that it ends: some of what
            # it then does is seen only by the next statement.
            self._plain.close()
        return psycopg.OperationalError(str(failure)) if failure.sqlstate is None else failure

    def _received(self) -> list[Any]:
        """The result of each statement. Other threads go on while the server works."""
        server, ready = self._server, self._ready
        results: list[Any] = []
        while server.flush():
            # It may have to get rid of answers before it takes more.
            ready.modify(server.socket, POLLIN | POLLOUT)
            if ready.poll()[0][1] & POLLIN:
                server.consume_input()
            ready.modify(server.socket, POLLIN)
        while True:
            while server.is_busy():
                ready.poll()
                server.consume_input()
            result = server.get_result()
            if result is None:  # the end of one statement's results
                if server.status == ConnStatus.BAD:
                    raise psycopg.OperationalError("the connection is lost")
            elif result.status == _END:
                return results
            else:
                results.append(result)

    def _rows(self, result: Any) -> Rows:
        if not result.ntuples:
            return []
        self._reading.set_pgresult(result)
        rows: Rows = self._reading.load_rows(0, result.ntuples, tuple)
        self._reading.set_pgresult(None)  # which would stay until the next one comes
        return rows


def _sent(values: Sequence[Any]) -> list[bytes | None]:
    return [*map(_value, values)]


def _value(value: Any) -> bytes | None:
    if value is None:
        return None
    return (array(value) if isinstance(value, list) else str(value)).encode()
