"""One client's connection: its requests one after another, and their answers.

https://www.rfc-editor.org/rfc/rfc9112 and https://docs.python.org/3/library/asyncio-protocol.html

    reads   until a request is whole; then nothing, while that is at work or its answer under way
    writes  as much as the client takes, then waits for it
    ends    when asked to, when a request cannot be understood, and when nothing happened for too long
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from io import BytesIO
from typing import Any, cast

import httptools

from fhir_service.delivery.server.exchange import Exchange
from fhir_service.delivery.server.head import CLOSE, KEEP_ALIVE, head_of
from fhir_service.delivery.server.heads import Heads
from fhir_service.delivery.server.request import Refused, Request, other_version
from fhir_service.delivery.server.slots import Job
from fhir_service.delivery.wsgi import Application, Environ, Given

MOST_HELD = 128_000_000
"""Bytes of all bodies that a worker holds at once."""

# Seconds within which something must happen.
UNTIL_REQUEST = 75
WHILE_READING = 30
WHILE_WRITING = 60
_AFTER_LAST = 5

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_SMALL = 65_536
# What the parser says to the start line of any other HTTP.
_OF_VERSION = ("Invalid HTTP version", "Pause on PRI/Upgrade")
# Of requests that come together few become objects before the first of them is answered.
_AT_ONCE = 16_384


@dataclass
class Shared:
    """What the connections of a worker share.

    :param look: what a request asks `kept` for, which may be asked again for the same head; or None
    :param kept: the answer that is there already, or None; must not wait
    :param count: called for each of them
    :param put: a job for a slot
    :param call: has a function called in the thread of the connections
    :param left: called for each connection that has ended
    :param environ: what is the same for every request
    :param most_body: bytes of the largest body that is waited for
    """

    application: Application
    look: Callable[[Environ], Any]
    kept: Callable[[Any], Given | None]
    count: Callable[[], None]
    put: Callable[[Job], None]
    call: Callable[..., object]
    left: Callable[[], None]
    environ: Environ
    most_body: int
    heads: Heads = field(default_factory=Heads)
    connections: set[Connection] = field(default_factory=set)
    held: int = 0
    now: float = 0.0
    end_of_head: bytes = b"\r\n"
    is_stopping: bool = False


class Connection(asyncio.Protocol):
    """Called by the event loop, by the parser when that hands over bytes, and by slots through the loop."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._parser = httptools.HttpRequestParser(self)
        self._request = Request({})  # what is being read, or was
        self._is_reading = False
        self._completed = 0
        self._look: Any = None  # of the request that was taken up last, if it was answered at once
        self._waiting: deque[Request] = deque()  # what came with others, and is whole
        self._unread = b""  # what came while a request was at work
        self._exchange: Exchange | None = None
        self._is_resting = False  # the exchange: until the client has taken what there is
        self._is_full = False
        self._is_deaf = False  # whatever comes is not read any more
        self._is_ending = False  # the last answer is on its way
        self._unsent = 0
        self.deadline = math.inf

    # The event loop's calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername") or ("", 0)
        self._environ = self._shared.environ | {"REMOTE_ADDR": peer[0], "REMOTE_PORT": str(peer[1])}
        self._known = self._shared.heads.of(peer[0])
        self._shared.connections.add(self)
        self._expect_within(WHILE_READING)

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        if self._exchange is not None or self._is_full:
            self._unread += data
            self._transport.pause_reading()
            return
        if len(data) > _AT_ONCE:
            for start in range(0, len(data), _AT_ONCE):
                self.data_received(data[start : start + _AT_ONCE])
            return
        if self._is_reading:
            self._read(data)
            return
        look = self._known.find(data)
        given = None if look is None else self._shared.kept(look)
        if given is not None and not self._transport.is_closing():
            self._look = None  # what came before this, in the same bytes, is not all that they ask for
            self._give(given)
            self._go_on()
            return
        before = self._completed
        self._read(data)
        is_whole = not self._is_reading and not self._is_deaf
        if is_whole and self._completed == before + 1 and self._look is not None:
            self._known.remember(data, self._look)

    def _read(self, data: bytes) -> None:
        before, size = self._request, self._request.size
        rest: bytes | None = None
        try:
            self._parser.feed_data(data)
            if self._is_reading and before is self._request and before.size == size:
                before.count_unfinished(len(data))
        except httptools.HttpParserUpgrade as upgrade:
            rest = data[upgrade.args[0] :]
        except httptools.HttpParserError as error:
            self._refuse(_reason_of(error))
        except Refused as refused:
            self._refuse(refused)
        if rest is not None:  # out here, or an error of the parser had the offer as its context
            self._read_on(rest)

    def _read_on(self, data: bytes) -> None:
        """No other protocol is spoken here: what the parser takes for one is the body, or the next request.

        https://www.rfc-editor.org/rfc/rfc9110#section-7.8
        """
        if self._is_reading:
            self._parser = httptools.HttpRequestParser(_Body(self))
            self._parser.feed_data(self._request.head_of_body)
        else:
            self._parser = httptools.HttpRequestParser(self)
        if data:
            self.data_received(data)

    def eof_received(self) -> bool:
        """Who sends no more may still wait for answers."""
        self._is_deaf = True
        return self._make_last()

    def connection_lost(self, _error: Exception | None) -> None:
        self._is_deaf = True
        self._shared.connections.discard(self)
        self._shared.left()
        self._drop_waiting()
        if self._is_reading:
            self._let_go(self._request)
        exchange, self._exchange = self._exchange, None
        if exchange is not None and self._is_resting:
            self._let_go(exchange.request)
            self._shared.put(exchange.end)
        # It refers to this in turn: both would stay until garbage is collected.
        del self._parser

    def pause_writing(self) -> None:
        self._is_full = True
        self._unsent = self._transport.get_write_buffer_size()
        self._expect_within(WHILE_WRITING)

    def resume_writing(self) -> None:
        self._is_full = False
        if self._exchange is None:
            self._rest()
        elif self._is_resting:
            self._is_resting = False
            self.deadline = math.inf
            self._shared.put(self._exchange.go_on)

    # The parser's calls. Of what they raise the parser makes an error of its own, with this as its context.

    def on_message_begin(self) -> None:
        if self._transport.is_closing():
            raise _Enough
        self._request = Request(self._environ.copy())
        self._is_reading = True
        if not self._is_full:
            self._expect_within(WHILE_READING)

    def on_url(self, url: bytes) -> None:
        self._request.add_target(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.add_header(name, value)

    def on_headers_complete(self) -> None:
        request, parser = self._request, self._parser
        request.end_head(parser.get_method(), parser.get_http_version())
        if request.announced > self._shared.most_body:
            self._hand_over()
        elif request.waits_to_send_body and not self._is_busy:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        request = self._request
        request.add_body(body)
        self._shared.held += len(body)
        if request.size > self._shared.most_body:
            self._hand_over()
        if self._shared.held > MOST_HELD:
            raise Refused(
                HTTPStatus.SERVICE_UNAVAILABLE, "Too many bodies are on their way. Try again later."
            )
        self._expect_within(WHILE_READING)

    def on_message_complete(self) -> None:
        request, parser = self._request, self._parser
        request.is_last = not parser.should_keep_alive()
        if parser.should_upgrade() and request.has_body:
            return  # it is still to come
        self._complete()

    def _complete(self) -> None:
        request = self._request
        self._is_reading = False
        self._completed += 1
        if self._is_busy:
            self._waiting.append(request)
        else:
            self._take_up(request)

    def on_body_complete(self) -> None:
        """The body of a request that offered another protocol."""
        self._parser = httptools.HttpRequestParser(self)
        self._complete()

    # What is made of it.

    @property
    def _is_busy(self) -> bool:
        return self._exchange is not None or self._is_full or bool(self._waiting)

    def _hand_over(self) -> None:
        """Ask the application without the rest of a body that is too large, for it knows how to say so."""
        request = self._request
        self._is_deaf = request.is_last = True
        self._is_reading = False
        self._waiting.append(request)
        if self._exchange is None and not self._is_full:
            self._rest()
        raise _Enough

    def _take_up(self, request: Request) -> None:
        shared, environ = self._shared, request.environ
        look = shared.look(environ)
        kept = None if look is None else shared.kept(look)
        self._look = None
        if kept is None:
            environ["wsgi.input"] = body = request.body or BytesIO()
            body.seek(0)
            self._exchange = Exchange(request, shared.application, self, shared.call)
            self.deadline = math.inf
            shared.put(self._exchange.begin)
            return
        if request.is_last:
            self._give(kept, CLOSE)
        elif request.is_old:
            self._give(kept, KEEP_ALIVE)
        else:
            self._look = look
            self._give(kept)
        self._done(request)

    def _give(self, kept: Given, more: bytes = b"") -> None:
        """What is there already, with one more header."""
        self._write(kept.head + more + self._shared.end_of_head, [kept.body])
        self._shared.count()

    def take(self, exchange: Exchange, head: bytes, parts: list[bytes]) -> None:
        if self._transport.is_closing():
            self._let_go(exchange.request)
            if not exchange.is_over:
                self._shared.put(exchange.end)
            return
        if head:
            head += self._shared.end_of_head
            exchange.is_told = True
        self._write(head, parts)
        if exchange.is_over:
            self._exchange = None
            self._done(exchange.request)
            self._rest()
        elif self._is_full:
            self._is_resting = True
        else:
            self._shared.put(exchange.go_on)

    def fail(self, exchange: Exchange) -> None:
        self._exchange = None
        self._let_go(exchange.request)
        if exchange.is_told:
            self._transport.abort()  # so that what came is not taken for the whole
        elif not self._transport.is_closing():
            self._tell(HTTPStatus.INTERNAL_SERVER_ERROR, "Something failed here.")

    def _write(self, head: bytes, parts: list[bytes]) -> None:
        if len(parts) == 1 and len(parts[0]) < _SMALL:
            self._transport.write(head + parts[0])
        else:
            self._transport.writelines([head, *parts])

    def _done(self, request: Request) -> None:
        """The answer is written."""
        self._let_go(request)
        if request.is_last:
            self._end()
        else:
            self._go_on()

    def _go_on(self) -> None:
        if self._shared.is_stopping:
            self._is_deaf = bool(self._unread)  # to close while something comes would lose the answer
            self._end()
        elif not self._is_full:
            self._expect_within(UNTIL_REQUEST)

    def _rest(self) -> None:
        """Nothing is at work: take up what waits, or read on."""
        while (
            self._waiting
            and self._exchange is None
            and not self._is_full
            and not self._transport.is_closing()
        ):
            self._take_up(self._waiting.popleft())
        if self._exchange is not None or self._is_full or self._transport.is_closing():
            return
        if self._is_deaf:
            self._end()
            return
        if self._is_reading:
            self._expect_within(WHILE_READING)
            if self._request.waits_to_send_body:
                self._transport.write(_CONTINUE)
        else:
            self._go_on()
            if self._transport.is_closing():
                return
        data, self._unread = self._unread, b""
        self._transport.resume_reading()
        if data:
            self.data_received(data)

    def _let_go(self, request: Request) -> None:
        self._shared.held -= request.size
        request.size = 0
        request.body = None
        request.environ = {}  # the application's own refers to the body

    def _drop_waiting(self) -> None:
        for request in self._waiting:
            self._let_go(request)
        self._waiting.clear()

    def _make_last(self) -> bool:
        """Let the connection end after the answers that are still to come; whether there are any."""
        if self._waiting:
            self._waiting[-1].is_last = True
        elif self._exchange is not None:
            self._exchange.request.is_last = True
        else:
            return self._is_full
        return True

    def _refuse(self, refused: Refused | None) -> None:
        """What was sent cannot be understood; nor can what follows, for nobody knows where it begins."""
        if refused is None or self._transport.is_closing():
            return
        self._is_deaf = True
        if self._is_reading:
            self._let_go(self._request)
            self._is_reading = False
        if not self._make_last():
            self._tell(refused.status, str(refused))

    def _tell(self, status: HTTPStatus, reason: str) -> None:
        """Answer in place of the application, and end."""
        self._is_deaf = True
        body = f"{reason}\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        self._write(head_of(status, headers) + CLOSE + self._shared.end_of_head, [body])
        self._end()

    def _end(self) -> None:
        self._drop_waiting()
        self._is_ending = True
        self._unsent = self._transport.get_write_buffer_size()
        if not self._is_full:
            self._expect_within(WHILE_WRITING if self._unsent else _AFTER_LAST)
        if not self._is_deaf:
            self._transport.close()
            return
        # To close while something comes would reset the connection, and the client might lose the answer:
        # https://www.rfc-editor.org/rfc/rfc9112#section-9.6-13
        self._transport.write_eof()
        self._transport.resume_reading()

    # The worker's calls.

    def _expect_within(self, seconds: float) -> None:
        self.deadline = self._shared.now + seconds

    def expire(self) -> None:
        """Nothing happened until the deadline."""
        if self._is_full or self._is_ending:
            unsent, self._unsent = self._unsent, self._transport.get_write_buffer_size()
            if self._unsent < unsent:
                self._expect_within(WHILE_WRITING if self._unsent else _AFTER_LAST)
            else:
                self._transport.abort()
        elif self._exchange is not None:
            self.deadline = math.inf  # the client has sent more already, and has to wait
        elif self._is_reading and not self._is_deaf:
            self._refuse(Refused(HTTPStatus.REQUEST_TIMEOUT, "The request did not come in time."))
        else:
            self._transport.abort()

    def leave(self) -> None:
        """The worker stops: whoever waits for no answer is let go."""
        if not self._is_busy and not self._is_reading and not self._is_deaf:
            self._transport.close()


class _Body:
    """What a parser tells, of which only the body counts."""

    def __init__(self, connection: Connection) -> None:
        self.on_body = connection.on_body
        self.on_message_complete = connection.on_body_complete


class _Enough(Exception):
    """No more is read of what the client sends."""


def _reason_of(error: httptools.HttpParserError) -> Refused | None:
    """What is told about what the parser did not take; None where all is told."""
    is_ours = isinstance(error, httptools.HttpParserCallbackError)
    match error.__context__ if is_ours else None:
        case _Enough():
            return None
        case Refused() as refused:
            return refused
        case None if isinstance(error, httptools.HttpParserInvalidURLError):
            return Refused(
                HTTPStatus.BAD_REQUEST, "An address has ASCII alone; what is not is percent-encoded."
            )
        case None if isinstance(error, httptools.HttpParserInvalidMethodError):
            return Refused(HTTPStatus.NOT_IMPLEMENTED, "The request's method is none that is known here.")
        case None if str(error) in _OF_VERSION:
            return other_version()
        case None:
            return Refused(HTTPStatus.BAD_REQUEST, f"The request is not HTTP/1.1: {error}.")
        case other:
            raise other
