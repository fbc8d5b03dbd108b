"""Processes that serve: gunicorn starts them, and replaces one that ends or whose loop stands still.

https://docs.gunicorn.org/en/stable/custom.html
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from functools import partial
from typing import Any

import uvloop
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from fhir_service.delivery.server.connection import Connection, Shared
from fhir_service.delivery.server.listening import Listener, Shares
from fhir_service.delivery.server.memory import folder_in_memory
from fhir_service.delivery.server.request import environ_of_server
from fhir_service.delivery.server.slots import Slots, note_failure
from fhir_service.delivery.wsgi import Application, Environ, Given

# A worker that does not stop when asked is killed, so that Ctrl-C always ends the service.
_PATIENCE = 10
# One whose thread of connections has not come round for so long is replaced.
_MOST_SILENCE = 60
_BACKLOG = 2_048

_log = logging.getLogger(__name__)


def _note(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    note_failure(context["message"], context.get("exception") or RuntimeError())


@dataclass(frozen=True, kw_only=True)
class Served:
    """What a worker serves.

    :param look: what a request without a body asks `kept` for; follows from its head and the client's address
    :param kept: what is answered without the application and without waiting
    :param count: called for each such answer, by one thread
    :param most_body: bytes; of a larger body the application gets nothing, or a piece too much
    """

    application: Application
    look: Callable[[Environ], Any] = lambda _environ: None
    kept: Callable[[Any], Given | None] = lambda _look: None
    count: Callable[[], None] = lambda: None
    most_body: int = 1_000_000


class Server(BaseApplication):  # type: ignore[misc]
    """
    :param load: called in each worker
    :param workers: processes
    :param slots: requests that a worker has at work at once
    :param ready: called once the address is listened on
    """

    def __init__(
        self,
        load: Callable[[], Served],
        host: str,
        port: int,
        *,
        workers: int,
        slots: int,
        ready: Callable[[], object] = lambda: None,
    ) -> None:
        bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.load = load
        shares = Shares()
        self._settings = {
            "bind": bind,
            "workers": workers,
            "threads": slots,
            "worker_class": HttpWorker,
            "worker_tmp_dir": folder_in_memory(),  # a file there is touched to tell that all is well
            "backlog": _BACKLOG,
            "timeout": _MOST_SILENCE,
            "graceful_timeout": _PATIENCE,
            "loglevel": "warning",
            "control_socket_disable": True,
            "when_ready": lambda _arbiter: ready(),
            "pre_fork": lambda _arbiter, worker: worker.share(shares),
            "child_exit": lambda _arbiter, worker: shares.leave(worker.place),
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)


class HttpWorker(Worker):  # type: ignore[misc]
    """A process with a loop for all its connections."""

    wsgi: Any
    """What `Server.load` gave."""
    shares: Shares
    place: int

    def share(self, shares: Shares) -> None:
        """Called by the parent."""
        self.shares, self.place = shares, shares.take_place()

    def init_signals(self) -> None:
        # A fork has the parent's handlers, which would swallow a stop until the loop has its own.
        for one in self.SIGNALS:
            signal.signal(one, signal.SIG_DFL)
        # Ctrl-C and the like reach the parent too, which stops its workers if need be.
        for one in (signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(one, signal.SIG_IGN)

    def init_process(self) -> None:
        """Ends the process: what surrounds the parent's call is the parent's to end."""
        status = Arbiter.WORKER_BOOT_ERROR
        try:
            super().init_process()
            status = 0
        except Exception:
            _log.exception("The worker failed.")
            status = 1 if self.booted else status
        finally:
            os._exit(status)

    def run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve(self.wsgi))

    async def _serve(self, served: Served) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        loop.set_exception_handler(_note)
        for one in (signal.SIGTERM, signal.SIGQUIT):
            loop.add_signal_handler(one, stop.set)
        name, port, *_ = self.sockets[0].getsockname()
        shared = Shared(
            application=served.application,
            look=served.look,
            kept=served.kept,
            count=served.count,
            put=Slots(self.cfg.threads).put,
            call=loop.call_soon_threadsafe,
            left=partial(self.shares.add, self.place, -1),
            environ=environ_of_server(name, port),
            most_body=served.most_body,
        )
        self._look(shared, stop)
        ticking = asyncio.create_task(self._look_often(shared, stop))
        listeners = [
            Listener(loop, one.sock, self.shares, self.place, lambda: Connection(shared))
            for one in self.sockets
        ]
        await stop.wait()
        for listener in listeners:
            listener.close()
        shared.is_stopping = True
        # After a reload nobody would kill it, nor without a parent.
        last = loop.time() + _PATIENCE - 1
        while shared.connections and loop.time() < last:
            for connection in list(shared.connections):
                connection.leave()
            await asyncio.sleep(0.02)
        ticking.cancel()

    async def _look_often(self, shared: Shared, stop: asyncio.Event) -> None:
        while True:
            await asyncio.sleep(1)
            self._look(shared, stop)

    def _look(self, shared: Shared, stop: asyncio.Event) -> None:
        """Tell the parent that all is well, and look at the clock for all connections."""
        self.notify()
        if os.getppid() != self.ppid:  # it was killed, and nobody would end this process
            stop.set()
        shared.now = time.monotonic()
        shared.end_of_head = f"Date: {formatdate(usegmt=True)}\r\n\r\n".encode()
        for connection in list(shared.connections):
            if connection.deadline < shared.now:
                connection.expire()
