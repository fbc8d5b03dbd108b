"""Measures the rows one after another; prints the table, writes bench/results and docs/performance.md.

https://github.com/wg/wrk

    make bench                                   SQLite at 10,000 and 100,000 resources
    make bench BENCH="--largest"                 and at 1,000,000, whose load takes about 12 minutes, once
    make bench BENCH="--rows 1,3 --seconds 10"   some rows; nothing is written
    make bench PEER=http://host/fhir             another FHIR server: what can be asked of any
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any

from bench.bench import SENT_TO_A_PEER, Bench, fill
from bench.corpus import SEED, resources
from bench.declaration import Row
from bench.queries import SHAPES
from bench.report import RESULTS, Found, as_json, redraw, table
from bench.requirements import install
from bench.rows import ROWS

_SIZES = (10_000, 100_000)
_LARGEST = 1_000_000


def main() -> None:
    arguments = _arguments()
    install()
    sizes = (SENT_TO_A_PEER,) if arguments.peer else _SIZES + (_LARGEST,) * arguments.largest
    bench = Bench(sizes, arguments.seconds, arguments.rounds, arguments.peer.rstrip("/"))
    chosen = [row for row in ROWS if row.number in arguments.rows and (row.for_peers or not bench.peer)]
    if bench.peer:
        _fill(bench.peer)
    before = os.getloadavg()[0]
    found = [_measured(row, bench) for row in chosen]
    run = _run(bench, before)
    print(table(found))
    print("; ".join(f"{name} {value}" for name, value in run.items()))
    if arguments.rows == _every_row():
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{_name(bench)}.json").write_text(as_json(found, run))
        if not bench.peer:
            redraw(found, run)
    sys.exit(any(one.failure for one in found))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peer", default="", help="the FHIR base URL of another server")
    parser.add_argument("--largest", action="store_true", help="measure at 1,000,000 resources too")
    parser.add_argument("--seconds", type=int, default=5, help="how long each measurement takes")
    parser.add_argument("--rounds", type=int, default=3, help="how often it is taken beside nginx")
    parser.add_argument("--rows", type=_numbers, default=_every_row(), help="only these, such as 1,3")
    return parser.parse_args()


def _fill(peer: str) -> None:
    try:
        fill(peer)
    except (OSError, RuntimeError) as error:
        sys.exit(f"The corpus cannot be sent to {peer}: {error}")


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(one) for one in text.split(","))


def _every_row() -> frozenset[int]:
    return frozenset(row.number for row in ROWS)


def _measured(row: Row, bench: Bench) -> Found:
    print(f"{row.number:2}  {row.name} ...", file=sys.stderr, flush=True)
    try:
        return Found(row, row.measure(bench))
    except Exception as error:  # one row that cannot be measured leaves the others
        return Found(row, {}, f"{type(error).__name__}: {error}".splitlines()[0])


def _run(bench: Bench, load_before: float) -> dict[str, Any]:
    """What somebody needs to know who repeats the run."""
    sizes = [len(line) for line in _bodies(1_000)]
    return {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "server": bench.peer or "this service, SQLite",
        "resources": ", ".join(f"{size:,}" for size in bench.sizes),
        "corpus seed": SEED,
        "body bytes": f"median {median(sizes):,.0f}, 95th percentile {quantiles(sizes, n=20)[-1]:,.0f}",
        "mix of row 5": ", ".join(f"{name} {weight} %" for name, (weight, _) in SHAPES.items()),
        "cores": len(os.sched_getaffinity(0)),
        "load of the machine": f"{load_before:.1f} before, {os.getloadavg()[0]:.1f} after",
        "Python": platform.python_version(),
    }


def _bodies(count: int) -> list[bytes]:
    return [json.dumps(one, separators=(",", ":")).encode() for one in resources(count)]


def _name(bench: Bench) -> str:
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"{day}-peer" if bench.peer else day


if __name__ == "__main__":
    main()
