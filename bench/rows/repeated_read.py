"""The same resource again and again, against nginx that serves the same bytes and headers as a file.

https://hl7.org/fhir/R4/http.html#read
"""

from bench.bench import Bench
from bench.declaration import Figures, Goal, Row
from bench.queries import read_paths

BESIDE_NGINX = (
    Goal("rate", "/s"),
    Goal("nginx", "/s"),
    # An application under the same server that only gives these bytes: what a cache in it cannot exceed.
    Goal("bound", "of nginx is what an application reaches that only gives this answer"),
    Goal("bare", "/s"),
)


def measure(bench: Bench) -> Figures:
    return bench.beside_nginx(next(read_paths(bench.sizes[0], bench.types)))


ROW = Row(
    1,
    "repeated read, 16 connections",
    (Goal("ratio", "of nginx", at_least=0.55), *BESIDE_NGINX, Goal("bytes", "B")),
    measure,
    for_peers=True,
)
