"""Bulk load of the largest store, from the start of the command to its end, index and all.

https://hl7.org/fhir/R4/nd-json.html

The store that the other rows ask is the one whose load is told here: nothing is loaded twice. `--trusted` is
timed by a load of its own, after the `--check` that it asks for, whose time does not count.
"""

from bench.bench import Bench
from bench.databases import BOTH, SQLITE
from bench.declaration import Figures, Goal, Row


def measure(bench: Bench) -> Figures:
    size = bench.sizes[-1]
    gated = bench.stores.load(bench.database, size)
    figures = {"rate": gated.rate, "memory": gated.memory, "took": gated.seconds, "resources": size}
    if bench.database == SQLITE:
        trusted = bench.stores.trusted_load(size)
        figures |= {"--trusted": trusted.rate, "its memory": trusted.memory}
    return figures


ROW = Row(
    8,
    "bulk load, with the gate and --trusted",
    (
        Goal("rate", "/s", at_least=1_500),
        Goal("memory", "MB", at_most=500),
        Goal("--trusted", "/s", at_least=4_000),
        Goal("its memory", "MB"),
        Goal("took", "s"),
        Goal("resources", "loaded"),
    ),
    measure,
    databases=BOTH,
    published="Blaze 10,000-24,000/s on 16-128 cores",
)
