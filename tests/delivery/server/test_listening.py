"""How workers share the connections of one socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from fhir_service.delivery.server.listening import Listener, Shares

PATIENCE = 10


@pytest.fixture
def shares() -> Shares:
    return Shares()


def test_who_has_more_than_another_has_the_larger_share(shares: Shares) -> None:
    first, second = shares.take_place(), shares.take_place()
    assert not shares.is_larger(first)
    shares.add(first, 1)
    assert shares.is_larger(first)
    assert not shares.is_larger(second)
    shares.add(second, 1)
    assert not shares.is_larger(first)


def test_a_worker_that_has_ended_has_no_share_and_leaves_its_place_to_the_next(shares: Shares) -> None:
    first, second = shares.take_place(), shares.take_place()
    shares.add(first, 1)
    shares.add(second, 5)
    shares.leave(second)
    assert not shares.is_larger(first), "the other has none, but nobody is there to take more"
    assert shares.take_place() == second
    assert shares.is_larger(first)


class Taken(asyncio.Protocol):
    """A worker's connections."""

    def __init__(self, shares: Shares) -> None:
        self.place = shares.take_place()
        self.number = 0

    def connect(self) -> Taken:
        self.number += 1
        return self


@pytest.fixture
def listened() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def shared_out(listened: socket.socket, shares: Shares, workers: list[Taken], clients: int) -> list[int]:
    """How many of so many clients, who come at once, each worker has, once all are taken."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        listeners = [
            Listener(loop, listened.dup(), shares, worker.place, worker.connect) for worker in workers
        ]
        came = [socket.create_connection(listened.getsockname()) for _ in range(clients)]
        async with asyncio.timeout(PATIENCE):
            while sum(worker.number for worker in workers) < clients:
                await asyncio.sleep(0.001)
        for listener in listeners:
            listener.close()
        for client in came:
            client.close()
        await asyncio.sleep(0.01)

    asyncio.run(run())
    return [worker.number for worker in workers]


def test_who_has_fewer_takes_most_of_those_that_come_at_once(listened: socket.socket, shares: Shares) -> None:
    full, free = Taken(shares), Taken(shares)
    shares.add(full.place, 16)
    found = shared_out(listened, shares, [full, free], clients=16)
    assert found[1] >= 14, found


def test_connections_are_taken_though_another_that_has_fewer_takes_none(
    listened: socket.socket, shares: Shares
) -> None:
    shares.take_place()
    assert shared_out(listened, shares, [Taken(shares)], clients=5) == [5]
