"""What a row measures with: servers over stores of a size, wrk for a while, nginx beside them.

https://github.com/wg/wrk
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.bare import bare
from bench.client import Connection
from bench.corpus import PATTERN, resources
from bench.databases import SQLITE
from bench.nginx import nginx
from bench.processes import Server, fetch, service
from bench.stores import Stores
from bench.wrk import Asked, Measured, wrk

SENT_TO_A_PEER = 1_000
SIZES = (SENT_TO_A_PEER, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True)
class Bench:
    """`sizes` are those of the stores, the smallest first; `peer` is another server in their place."""

    sizes: tuple[int, ...]
    stores: Stores
    database: str = SQLITE
    seconds: int = 5
    rounds: int = 3
    peer: str = ""
    warm: int = 10
    """Seconds of a first round that does not count, where each request is asked once. A database takes into
    its own memory then what it keeps there: PostgreSQL was at its pace after some 8 s."""

    @contextlib.contextmanager
    def server(self, size: int | None = None, *, writes: bool = False) -> Iterator[Server]:
        """The service over a store of that size, or of the smallest; one that is written to is a copy."""
        if self.peer:
            yield Server(self.peer)
            return
        count = size or self.sizes[0]
        url = self.stores.url(self.database, count)
        opened = self.stores.copy(self.database, count) if writes else contextlib.nullcontext(url)
        with (
            TemporaryDirectory(prefix="bench-") as folder,
            opened as database_url,
            service(database_url, Path(folder, "log"), writes=writes) as one,
        ):
            yield one

    @property
    def types(self) -> frozenset[str]:
        """The types of the corpus that the server has, as a peer says itself."""
        return types_of(self.peer) if self.peer else frozenset(PATTERN)

    def beside_nginx(self, path: str, *, unchanged: bool = False) -> dict[str, float]:
        """The rates of the server and of nginx with its bytes and headers, in turns; the median of each.

        `unchanged` asks both with the ETag that they gave, so that they answer 304. Our own server is held
        against an application besides that only gives the same answer: `bound` is what that reaches of nginx.
        """
        with self.server() as one, ExitStack() as others:
            body, headers = fetch(one.base + path)
            urls = {"rate": one.base + path}
            urls["nginx"] = others.enter_context(nginx(body, headers)) + "/answer"
            if not self.peer:
                same = fetch(one.base + path, _condition(urls["rate"], unchanged))
                urls["bare"] = others.enter_context(bare(304 if unchanged else 200, *same)).base + "/answer"
            rates: dict[str, list[float]] = {name: [] for name in urls}
            for _ in range(self.rounds):
                for name, url in urls.items():
                    asked = _condition(url, unchanged)
                    rates[name].append(wrk(url, None, asked, seconds=self.seconds).rate)
        figures = {name: median(found) for name, found in rates.items()}
        figures |= {"ratio": _ratio(rates["rate"], rates["nginx"]), "bytes": len(body)}
        return figures | ({"bound": _ratio(rates["bare"], rates["nginx"])} if "bare" in rates else {})

    def each_once(self, server: Server, requests: Iterable[Asked], most: int) -> dict[str, float]:
        """The rate and 99th percentile of requests that are asked once each, and the processor time of one.

        Medians of rounds, each of other requests, at most so many, after one that does not count. Our own
        server is held in turns against an application that only works as long: `bound` is the 99th percentile
        of that.
        """
        upcoming, took, alike = iter(requests), list[float](), list[float]()
        measured = list[Measured]()
        with bare(200, b"", {}) if server.process else contextlib.nullcontext() as other:
            wrk(server.base, islice(upcoming, most), seconds=self.warm)
            bridge = self._timed(other, f"{other.base}/answer?0")[1] if other else 0.0
            for _ in range(self.rounds):
                one, seconds = self._timed(server, server.base, islice(upcoming, most))
                measured.append(one)
                if other:
                    took.append(seconds)
                    as_long = f"{other.base}/answer?{max(seconds - bridge, 0):.6f}"
                    alike.append(self._timed(other, as_long)[0].p99)
        figures = {"rate": median(one.rate for one in measured), "p99": median(one.p99 for one in measured)}
        return figures | ({"work": median(took) * 1e6, "bound": median(alike)} if took else {})

    def _timed(
        self, server: Server, url: str, requests: Iterable[Asked] | None = None
    ) -> tuple[Measured, float]:
        before = server.processor_time()
        measured = wrk(url, requests, seconds=self.seconds)
        return measured, (server.processor_time() - before) / measured.answers


def _condition(url: str, unchanged: bool) -> dict[str, str]:
    return {"If-None-Match": _etag(url)} if unchanged else {}


def _ratio(rates: Sequence[float], others: Sequence[float]) -> float:
    return median(mine / its for mine, its in zip(rates, others, strict=True))


def _etag(url: str) -> str:
    found = fetch(url)[1].get("etag")
    if not found:
        raise RuntimeError(f"{url} has no ETag")
    return found


def types_of(base: str) -> frozenset[str]:
    """The types of the corpus that a CapabilityStatement lists."""
    statement = json.loads(fetch(base + "/metadata", {"Accept": "application/fhir+json"})[0])
    return frozenset(PATTERN) & {one["type"] for rest in statement["rest"] for one in rest["resource"]}


def fill(peer: str) -> None:
    """Send the beginning of the corpus to another server, of the types that it has, each by PUT."""
    types = types_of(peer)
    chosen = (one for one in resources(SENT_TO_A_PEER) if one["resourceType"] in types)
    with Connection(peer) as connection:
        for one in chosen:
            path = f"{Server(peer).path}/{one['resourceType']}/{one['id']}"
            answer = connection.ask(b"PUT", path.encode(), json.dumps(one).encode())
            if answer.status not in (200, 201):
                raise RuntimeError(f"PUT {path} was refused: {answer.status} {bytes(answer.body[:500])!r}")


def paths(server: Server, found: Iterator[str]) -> Iterator[Asked]:
    """Paths below the FHIR base as requests to its host."""
    return (Asked(server.path + path) for path in found)
