"""Reads of resources that were never read before: nothing is cached but the pages of the file.

https://hl7.org/fhir/R4/http.html#read
"""

from itertools import islice

from bench.bench import Bench, paths
from bench.databases import BOTH
from bench.declaration import Figures, Goal, Row
from bench.queries import read_paths
from bench.wrk import wrk

_MOST = 200_000


def measure(bench: Bench) -> Figures:
    size = bench.sizes[-1]
    with bench.server(size) as server:
        measured = wrk(
            server.base, paths(server, islice(read_paths(size, bench.types), _MOST)), seconds=bench.seconds
        )
    return {"rate": measured.rate, "p99": measured.p99, "resources": size}


ROW = Row(
    4,
    "read of a resource never read before",
    (Goal("rate", "/s", at_least=6_000), Goal("p99", "ms", at_most=10), Goal("resources", "in the store")),
    measure,
    for_peers=True,
    databases=BOTH,
)
