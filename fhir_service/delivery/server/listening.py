"""Workers that listen on one socket, each of which takes its share of the connections.

https://man7.org/linux/man-pages/man2/accept.2.html

The system wakes all of them for a new connection, and the first one takes it. One that took all that there
are would get most of those that come at once, and its clients would wait for each other while another core is
idle. So each takes one at a time, and who has more than another gives that one a moment to be first.
"""

from __future__ import annotations

import asyncio
import logging
import mmap
import socket
from collections.abc import Callable

_MOST_WORKERS = 1_024
_NUMBER_BYTES = 4
_GONE = -1
# Seconds: long enough for another worker that has nothing to do, which a client does not notice.
_MOMENT = 0.001
_UNTIL_SOME_ARE_CLOSED = 0.1

_log = logging.getLogger(__name__)


class Shares:
    """How many connections each worker has, in memory that they share; made before they are."""

    def __init__(self) -> None:
        self._numbers = memoryview(mmap.mmap(-1, _MOST_WORKERS * _NUMBER_BYTES)).cast("i")
        for place in range(_MOST_WORKERS):
            self._numbers[place] = _GONE

    def take_place(self) -> int:
        """For a worker that is about to start; called by one process only."""
        place = next(one for one, number in enumerate(self._numbers) if number == _GONE)
        self._numbers[place] = 0
        return place

    def leave(self, place: int) -> None:
        self._numbers[place] = _GONE

    def add(self, place: int, number: int) -> None:
        self._numbers[place] += number

    def is_larger(self, place: int) -> bool:
        """Whether another worker has fewer."""
        mine = self._numbers[place]
        for number in self._numbers:
            if number == _GONE:
                return False  # places are taken from the first on, so that hardly any is beyond a free one
            if number < mine:
                return True
        return False


class Listener:
    """Takes connections from a socket for as long as it is open.

    :param connect: makes the protocol of a connection
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listened: socket.socket,
        shares: Shares,
        place: int,
        connect: Callable[[], asyncio.Protocol],
    ) -> None:
        self._loop = loop
        self._socket = listened
        self._shares = shares
        self._place = place
        self._connect = connect
        self._waiting: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[object]] = set()
        listened.setblocking(False)
        loop.add_reader(listened, self._ready)

    def close(self) -> None:
        if self._waiting is None:
            self._loop.remove_reader(self._socket)
        else:
            self._waiting.cancel()
        self._socket.close()

    def _ready(self) -> None:
        if self._shares.is_larger(self._place):
            self._rest(_MOMENT)
        else:
            self._take()

    def _rest(self, seconds: float) -> None:
        self._loop.remove_reader(self._socket)
        self._waiting = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._waiting = None
        self._loop.add_reader(self._socket, self._ready)
        self._take()

    def _take(self) -> None:
        try:
            taken, _ = self._socket.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another worker was first, or the client left
        except OSError as error:  # as many files are open as may be
            _log.error("A connection cannot be taken: %s.", error.strerror)
            self._rest(_UNTIL_SOME_ARE_CLOSED)
            return
        self._shares.add(self._place, 1)
        taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._connect, taken))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
