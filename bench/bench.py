"""What a row measures with: servers over stores of a size, wrk for a while, nginx beside them.

https://github.com/wg/wrk
"""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.corpus import resources
from bench.nginx import nginx
from bench.processes import Server, fetch, service
from bench.stores import store_of
from bench.wrk import Asked, wrk

SENT_TO_A_PEER = 1_000
_BATCH = 100


@dataclass(frozen=True)
class Bench:
    """`sizes` are those of the stores, the smallest first; `peer` is another server in their place."""

    sizes: tuple[int, ...]
    seconds: int = 5
    rounds: int = 3
    peer: str = ""

    @contextlib.contextmanager
    def server(self, size: int | None = None) -> Iterator[Server]:
        """The service over a store of that size, or of the smallest."""
        if self.peer:
            yield Server(self.peer)
            return
        database = store_of(size or self.sizes[0])
        with TemporaryDirectory(prefix="bench-") as folder, service(database, Path(folder, "log")) as one:
            yield one

    def beside_nginx(self, path: str, *, unchanged: bool = False) -> dict[str, float]:
        """The rates of the server and of nginx with its bytes and headers, in turns; the median of each.

        `unchanged` asks both with the ETag that they gave, so that they answer 304.
        """
        with self.server() as one:
            body, headers = fetch(one.base + path)
            with nginx(body, headers) as other:
                rates: dict[str, list[float]] = {"rate": [], "nginx": []}
                for _ in range(self.rounds):
                    for name, url in (("rate", one.base + path), ("nginx", other + "/answer")):
                        rates[name].append(self._repeated(url, unchanged=unchanged))
        figures = {name: median(found) for name, found in rates.items()}
        ratio = median(mine / its for mine, its in zip(rates["rate"], rates["nginx"], strict=True))
        return figures | {"ratio": ratio, "bytes": len(body)}

    def _repeated(self, url: str, *, unchanged: bool) -> float:
        headers = {"If-None-Match": fetch(url)[1]["etag"]} if unchanged else {}
        return wrk(url, None, headers, seconds=self.seconds).rate


def fill(peer: str) -> None:
    """Send the beginning of the corpus to another server, as batches of updates."""
    found = resources(SENT_TO_A_PEER)
    while some := list(islice(found, _BATCH)):
        entries = [
            {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
            for one in some
        ]
        bundle = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        request = urllib.request.Request(
            peer, json.dumps(bundle).encode(), {"Content-Type": "application/fhir+json"}
        )
        with urllib.request.urlopen(request) as answer:
            _check(json.load(answer))


def _check(answer: Mapping[str, list[Mapping[str, Mapping[str, str]]]]) -> None:
    refused = [one["response"] for one in answer["entry"] if not one["response"]["status"].startswith("20")]
    if refused:
        raise RuntimeError(f"The peer refused {len(refused)} resources of the corpus, such as: {refused[0]}")


def paths(server: Server, found: Iterator[str]) -> Iterator[Asked]:
    """Paths below the FHIR base as requests to its host."""
    prefix = "/" + server.base.split("/", 3)[3]
    return (Asked(prefix + path) for path in found)
