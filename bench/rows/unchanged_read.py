"""A read by a client that has the resource: 304, against nginx's 304.

https://hl7.org/fhir/R4/http.html#cread
"""

from bench.bench import Bench
from bench.declaration import Figures, Goal, Row
from bench.queries import read_paths
from bench.rows.repeated_read import BESIDE_NGINX


def measure(bench: Bench) -> Figures:
    return bench.beside_nginx(next(read_paths(bench.sizes[0], bench.types)), unchanged=True)


ROW = Row(
    2,
    "conditional read → 304",
    (Goal("ratio", "of nginx", at_least=0.55), *BESIDE_NGINX),
    measure,
    for_peers=True,
)
