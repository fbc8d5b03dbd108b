"""How many resources carry the code that a tenth of all carry: `_summary=count`, from no cache.

https://hl7.org/fhir/R4/search.html#count
"""

import json
import time
from statistics import median

from bench.bench import Bench
from bench.databases import BOTH
from bench.declaration import Figures, Goal, Row
from bench.processes import fetch
from bench.queries import ON_A_COMMON_CODE

_ROUNDS = 30


def measure(bench: Bench) -> Figures:
    size = bench.sizes[-1]
    with bench.server(size) as server:
        took = []
        for _ in range(_ROUNDS):
            start = time.perf_counter()
            body, _ = fetch(server.base + ON_A_COMMON_CODE + "&_summary=count", {"Cache-Control": "no-cache"})
            took.append((time.perf_counter() - start) * 1000)
    expected = size // 10
    if json.loads(body).get("total") != expected:
        raise RuntimeError(f"{expected} resources carry the code; answered: {body[:200]!r}")
    return {"median": median(took), "matches": expected}


ROW = Row(
    6,
    "_summary=count on the code of a tenth of all",
    (Goal("median", "ms", at_most=20), Goal("matches", "counted")),
    measure,
    for_peers=True,
    databases=BOTH,
)
