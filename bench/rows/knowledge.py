"""Infobutton and CDS Hooks in turns, every request another one.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208 and https://cds-hooks.hl7.org/2.0/
"""

from bench.bench import Bench
from bench.declaration import Figures, Goal, Row
from bench.queries import knowledge_requests
from bench.rows.first_read import EACH_ONCE

_MOST = 20_000  # of a round


def measure(bench: Bench) -> Figures:
    with bench.server() as server:
        return bench.each_once(server, knowledge_requests(_MOST * (bench.rounds + 1)), _MOST)


ROW = Row(
    11,
    "Infobutton and CDS Hooks, all distinct",
    (Goal("rate", "/s", at_least=2_000), Goal("p99", "ms", at_most=15), *EACH_ONCE),
    measure,
)
