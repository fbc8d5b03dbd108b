"""The same page of a search again and again, against nginx that serves the same bytes and headers.

https://hl7.org/fhir/R4/search.html
"""

from bench.bench import Bench
from bench.declaration import Figures, Goal, Row
from bench.rows.repeated_read import BESIDE_NGINX


def measure(bench: Bench) -> Figures:
    return bench.beside_nginx("/Observation?status=final&_count=20")


ROW = Row(
    3,
    "repeated search page of 20 entries",
    (Goal("ratio", "of nginx", at_least=0.5), *BESIDE_NGINX, Goal("bytes", "B")),
    measure,
    for_peers=True,
)
