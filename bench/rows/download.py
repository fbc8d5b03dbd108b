"""A download of all matches of a search, by pages of 1,000, each found by the `next` link of the one before.

https://hl7.org/fhir/R4/http.html#paging

Two clients for each core download everything, all of them at once: a client can only follow one link after
another, so that one alone leaves cores idle; what one alone gets stands beside it. Each page is asked for
over a connection of its own, so that the pages spread over the workers as those of many clients would. No
page comes from a cache. Memory is that of a worker after the same download has been done once before.
"""

import re
import time
from functools import partial
from os import sched_getaffinity
from urllib.parse import quote, urlsplit

from bench.bench import Bench
from bench.client import Connection, at_once
from bench.databases import BOTH
from bench.declaration import Figures, Goal, Row
from bench.processes import Server, children, proportional_memory
from bench.queries import ON_A_COMMON_CODE

_PAGE = 1_000
# Bundle.link comes before Bundle.entry.
_NEXT = re.compile(rb'"relation"\s*:\s*"next"\s*,\s*"url"\s*:\s*"([^"]+)"')
_HEAD = 8_192


def measure(bench: Bench) -> Figures:
    with bench.server(bench.sizes[-1]) as server:
        clients = 2 * len(sched_getaffinity(0))
        at_once(clients, partial(_download, server.base))
        before = _own_memory(server)
        start = time.monotonic()
        matches = _download(server.base, 0)
        if matches != bench.sizes[-1] // 10:
            raise RuntimeError(f"{matches} of {bench.sizes[-1] // 10} matches came")
        alone = matches / (time.monotonic() - start)
        start = time.monotonic()
        found = sum(at_once(clients, partial(_download, server.base)))
        rate = found / (time.monotonic() - start)
        grown = [after - then for after, then in zip(_own_memory(server), before, strict=True)]
    memory = {"memory grown": max(0.0, *grown)} if grown else {}
    return {"rate": rate, "alone": alone, "matches": matches} | memory


def _download(base: str, _client: int) -> int:
    """How many resources there were."""
    asked, resources, full = f"{base}{ON_A_COMMON_CODE}&_count={_PAGE}", 0, 0
    with Connection(base) as connection:
        while asked:
            answer = connection.ask(b"GET", _path(asked))
            if answer.status != 200:
                raise RuntimeError(f"{asked}: {answer.status} {bytes(answer.body[:200])!r}")
            following = _NEXT.search(answer.body[:_HEAD])
            # Pages before the last are as full as the first: to count in each would take the server's time.
            if not (full and following):
                full = bytes(answer.body).count(b'"resource"')
            resources += full
            connection.renew()
            asked = following[1].decode() if following else ""
    return resources


def _path(url: str) -> bytes:
    parts = urlsplit(url)
    return quote(f"{parts.path}?{parts.query}", safe="/?&=:%;,+").encode()


def _own_memory(server: Server) -> list[float]:
    return (
        [proportional_memory(pid, "Pss_Anon") for pid in children(server.process.pid)]
        if server.process
        else []
    )


ROW = Row(
    7,
    "download by pages of 1,000",
    (
        Goal("rate", "resources/s", at_least=150_000),
        # Flat: not more than the pages that are under way.
        Goal("memory grown", "MB", at_most=25),
        Goal("alone", "resources/s"),
        Goal("matches", "downloaded"),
    ),
    measure,
    for_peers=True,
    databases=BOTH,
    published="Blaze 138,000/s on 24 cores",
)
