"""A connection that sends several statements on one way to PostgreSQL and back.

https://www.postgresql.org/docs/15/libpq-pipeline-mode.html

    later   needs no answer: it waits for the next statement that does, and goes before it
    ask     goes at once, behind what waits; the first that fails stops all behind it

A way costs both sides more than most statements take: one process sleeps, and the other one wakes up. These
statements are written once, so each is prepared when it is first sent, with PostgreSQL's own placeholders.
Every other statement is psycopg's: those that find rows by one cursor (to make one costs as much as a small
statement), in binary, for as text a body would come in hexadecimal digits, twice as many bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from select import POLLIN, POLLOUT, poll
from typing import Any

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus, Format

from fhir_service.store.database import Rows, Statement

_DONE = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
# After these, psycopg lets the server forget all that is prepared on the connection.
_FORGETS = ("DROP", "ALTER")


class Pipelined:
    """Of a connection of psycopg's."""

    def __init__(self, plain: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._plain = plain
        self._waiting: list[Statement] = []
        self._names: dict[str, bytes] = {}
        self._given = 0
        """how many names there were, of which none is given again"""
        self._cursor = psycopg.RawCursor(plain)
        self._cursor.format = Format.BINARY

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
        if text.startswith(_FORGETS):
            self._names.clear()
        return self.cursor().execute(text, values or None)

    def rows(self, text: str, values: Sequence[Any]) -> Rows:
        """What a statement with PostgreSQL's own placeholders finds, if it is one that finds anything."""
        self.ask()
        if text.startswith(_FORGETS):
            self._names.clear()
        found = self._cursor.execute(text, values).pgresult
        return self._cursor.fetchall() if found is not None and found.nfields else []

    def cursor(self) -> psycopg.Cursor[tuple[Any, ...]]:
        self.ask()
        return self._plain.cursor()

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
        results = self._exchanged([*self._prepared(sent)], sent)
        return [self._rows(one) for one in results[len(results) - len(statements) :]]

    def _prepared(self, sent: Sequence[Statement]) -> Iterator[tuple[str, bytes]]:
        """Those that are new to the connection, each with its name."""
        for text in dict.fromkeys(text for text, _ in sent):
            if text not in self._names:
                self._given += 1
                yield text, b"own_%d" % self._given

    def _exchanged(self, new: Sequence[tuple[str, bytes]], sent: Sequence[Statement]) -> list[Any]:
        server = self._plain.pgconn
        server.enter_pipeline_mode()
        for text, name in new:
            server.send_prepare(name, text.encode())
        names = self._names | dict(new)
        for text, values in sent:
            server.send_query_prepared(names[text], [*map(_value, values)], result_format=Format.BINARY)
        server.pipeline_sync()
        results = [*self._received()]
        server.exit_pipeline_mode()
        for (text, name), result in zip(new, results, strict=False):
            if result.status == ExecStatus.COMMAND_OK:
                self._names[text] = name
        for result in results:
            if result.status not in _DONE:
                raise error_from_result(result, encoding=self._plain.info.encoding)
        return results[len(new) :]

    def _received(self) -> Iterator[Any]:
        """The result of each statement. Other threads go on while the server works."""
        server, ready = self._plain.pgconn, poll()
        while server.flush():
            # It may have to get rid of answers before it takes more.
            ready.register(server.socket, POLLIN | POLLOUT)
            if ready.poll()[0][1] & POLLIN:
                server.consume_input()
        ready.register(server.socket, POLLIN)
        while True:
            while server.is_busy():
                ready.poll()
                server.consume_input()
            result = server.get_result()
            if result is None:  # the end of one statement's results
                if server.status == ConnStatus.BAD:
                    raise psycopg.OperationalError("the connection is lost")
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return
            yield result

    def _rows(self, result: Any) -> Rows:
        if not result.ntuples:
            return []
        reading = Transformer(self._plain)
        reading.set_pgresult(result)
        return reading.load_rows(0, result.ntuples, tuple)


def _value(value: Any) -> bytes | None:
    return None if value is None else str(value).encode()
