"""Reads of resources that were never read before: nothing of their answers is cached.

https://hl7.org/fhir/R4/http.html#read
"""

from bench.bench import Bench, paths
from bench.databases import BOTH
from bench.declaration import Figures, Goal, Row
from bench.queries import read_paths

_MOST = 200_000  # of a round

EACH_ONCE = (
    Goal("work", "µs of processor time a request"),
    # An application under the same server that only works as long: what no answer in that time can undercut.
    Goal("bound", "ms is the p99 of an application that only works as long"),
)


def measure(bench: Bench) -> Figures:
    size = bench.sizes[-1]
    with bench.server(size) as server:
        asked = paths(server, read_paths(size, bench.types))
        figures = bench.each_once(server, asked, min(_MOST, size // (bench.rounds + 1)))
    return figures | {"resources": size}


ROW = Row(
    4,
    "read of a resource never read before",
    (
        Goal("rate", "/s", at_least=6_000),
        Goal("p99", "ms", at_most=10),
        *EACH_ONCE,
        Goal("resources", "in the store"),
    ),
    measure,
    for_peers=True,
    databases=BOTH,
)
