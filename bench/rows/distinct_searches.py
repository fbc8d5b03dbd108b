"""A mix of searches whose answers come from no cache, over stores of several sizes.

https://hl7.org/fhir/R4/search.html

The rate is that of 16 connections. The median time is that of one: of two, both may lead to the same worker,
and whether they do is luck; of 16 on two cores, a request mostly waits for the others.
"""

from itertools import islice

from bench.bench import SIZES, Bench, paths
from bench.databases import BOTH
from bench.declaration import Figures, Goal, Row
from bench.processes import Server
from bench.queries import SHAPES, searches
from bench.wrk import Measured, wrk

_PAST_THE_CACHE = {"Cache-Control": "no-cache"}
_MOST = 40_000


def measure(bench: Bench) -> Figures:
    figures: dict[str, float] = {}
    for size in bench.sizes:
        with bench.server(size) as server:
            figures["rate"] = _asked(server, size, bench.seconds, connections=16).rate
            figures["p50"] = figures[_p50_at(size)] = _asked(server, size, bench.seconds).p50
            figures |= {shape: _asked(server, size, 1, shape).p50 for shape in SHAPES}
    if len(bench.sizes) > 1:
        figures["growth"] = figures["p50"] / figures[_p50_at(bench.sizes[0])]
    return figures


def _p50_at(size: int) -> str:
    return f"at {size:,}"


def _asked(server: Server, size: int, seconds: int, *shapes: str, connections: int = 1) -> Measured:
    found = paths(server, islice(searches(size, *shapes), _MOST))
    return wrk(server.base, found, _PAST_THE_CACHE, seconds=seconds, connections=connections)


ROW = Row(
    5,
    "distinct searches, no answer cached",
    (
        Goal("rate", "/s", at_least=2_000),
        Goal("p50", "ms", at_most=2),
        Goal("growth", "× the p50 at 10,000", at_most=1.5),
        *(Goal(_p50_at(size), "ms") for size in SIZES),
        *(Goal(shape, "ms") for shape in SHAPES),
    ),
    measure,
    for_peers=True,
    databases=BOTH,
)
