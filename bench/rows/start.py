"""From the start of the command to ready, and what a worker holds after searches and reads.

https://docs.kernel.org/filesystems/proc.html
"""

from itertools import chain, islice

from bench.bench import Bench, paths
from bench.declaration import Figures, Goal, Row
from bench.processes import children, proportional_memory
from bench.queries import read_paths, searches
from bench.wrk import wrk


def measure(bench: Bench) -> Figures:
    size = bench.sizes[-1]
    with bench.server(size) as server:
        assert server.process is not None
        found = chain(islice(read_paths(size), 5_000), islice(searches(size), 20_000))
        wrk(server.base, paths(server, found), seconds=bench.seconds)
        workers = children(server.process.pid)
        return {
            "ready": server.ready_after,
            "memory": max(proportional_memory(pid) for pid in workers),
            "own": max(proportional_memory(pid, "Pss_Anon") for pid in workers),
            "resources": size,
        }


ROW = Row(
    12,
    "start to ready; memory of a worker after reads and searches",
    (
        Goal("ready", "s", at_most=1.5),
        Goal("memory", "MB", at_most=150),
        Goal("own", "MB of it without mapped files"),
        Goal("resources", "in the store"),
    ),
    measure,
)
