"""A mix of searches whose answers come from no cache, over stores of several sizes.

https://hl7.org/fhir/R4/search.html

The rate is that of 16 connections, the median of rounds of other searches, after one that does not count.
The median time is that of one connection: of two, both may lead to the same worker, and whether they do is
luck; of 16 on two cores, a request mostly waits for the others. The growth is that of the median time, from
the smallest store to the largest, which are asked in turns.
"""

from collections.abc import Iterator
from itertools import islice
from statistics import median

from bench.bench import SIZES, Bench, paths
from bench.databases import BOTH
from bench.declaration import Figures, Goal, Row
from bench.processes import Server
from bench.queries import SHAPES, searches
from bench.wrk import Asked, Measured, wrk

_PAST_THE_CACHE = {"Cache-Control": "no-cache"}
_MOST = 20_000  # of a round


def measure(bench: Bench) -> Figures:
    figures: dict[str, float] = {}
    for size in bench.sizes:
        with bench.server(size) as server:
            mix = paths(server, searches(size))
            _asked(server, mix, bench.warm, connections=16)
            rounds = [_asked(server, mix, bench.seconds, connections=16) for _ in range(bench.rounds)]
            figures["rate"] = median(one.rate for one in rounds)
            figures["p50"] = figures[_p50_at(size)] = _asked(server, mix, bench.seconds).p50
            for shape in SHAPES:
                figures[shape] = _asked(server, paths(server, searches(size, shape)), 1).p50
    if len(bench.sizes) > 1:
        figures["growth"] = _growth(bench)
    return figures


def _growth(bench: Bench) -> float:
    """From the smallest store to the largest; in turns, for a machine is not as fast at all times."""
    ratios = []
    with bench.server(bench.sizes[0]) as small, bench.server(bench.sizes[-1]) as large:
        of_small, of_large = paths(small, searches(bench.sizes[0])), paths(large, searches(bench.sizes[-1]))
        for _ in range(bench.rounds + 1):
            before = _asked(small, of_small, bench.seconds).p50
            ratios.append(_asked(large, of_large, bench.seconds).p50 / before)
    return median(ratios[1:])  # the first does not count


def _p50_at(size: int) -> str:
    return f"at {size:,}"


def _asked(server: Server, upcoming: Iterator[Asked], seconds: int, *, connections: int = 1) -> Measured:
    found = islice(upcoming, _MOST)
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
