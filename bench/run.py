"""Measures the rows one after another; prints the table, writes bench/results and docs/performance.md.

https://github.com/wg/wrk

    make bench                                   at 10,000 and 100,000 resources, on SQLite and PostgreSQL
    make bench BENCH=--largest                   and at 1,000,000, whose loads take about half an hour, once
    make bench BENCH="--largest SQLite"          only SQLite at 1,000,000
    make bench BENCH=--smoke                     does every row work? at 1,000 resources; nothing is written
    make bench BENCH="--rows 1,3 --seconds 10"   some rows; nothing is written
    make bench BENCH="--rows 5 --on PostgreSQL"  on one of the databases; nothing is written
    make bench PEER=http://host/fhir             another FHIR server: what can be asked of any
    make bench PEER=fhirstarter                  fhirstarter from PyPI, which is installed and started for it

A peer gets 1,000 resources of the corpus by PUT, and is written to. What a full run finds is written.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime

from bench.about import about
from bench.bench import SENT_TO_A_PEER, SIZES, Bench, fill
from bench.databases import BOTH, POSTGRESQL, SQLITE
from bench.declaration import Row
from bench.found import Found
from bench.peer_fhirstarter import NAME, fhirstarter
from bench.report import RESULTS, as_json, redraw, table
from bench.requirements import install
from bench.rows import ROWS
from bench.scheduling import shared_by_process
from bench.stores import Stores
from bench.wrk import Failed

_TINY, _SMALL, _MIDDLE, _LARGEST = SIZES


def main() -> None:
    arguments = _arguments()
    install(with_postgresql=not arguments.peer and POSTGRESQL in arguments.on)
    with contextlib.ExitStack() as opened:
        opened.enter_context(shared_by_process())
        if arguments.peer == "fhirstarter":
            arguments.peer = opened.enter_context(fhirstarter())
        stores = opened.enter_context(Stores())
        if arguments.fresh:
            stores.forget()
        peer = arguments.peer.rstrip("/")
        bench = Bench(
            _sizes(arguments, SQLITE),
            stores,
            database="",
            seconds=arguments.seconds,
            rounds=arguments.rounds,
            peer=peer,
            warm=arguments.warm,
        )
        if bench.peer:
            _fill(bench.peer)
        _measure(bench, arguments)


def _measure(bench: Bench, arguments: argparse.Namespace) -> None:
    before = os.getloadavg()[0]
    # One database after the other: the largest stores of both are not in memory together.
    found = [
        _measured(row, replace(bench, database=database, sizes=_sizes(arguments, database)))
        for database in ([""] if bench.peer else BOTH)
        for row in ROWS
        if row.number in arguments.rows and _applies(row, database, arguments)
    ]
    found.sort(key=lambda one: one.row.number)
    server = NAME if arguments.name == "fhirstarter" else bench.peer or "this service"
    run = about(bench, before, server, _told_sizes(arguments))
    print(table(found))
    print("\n".join(f"{name}: {value}" for name, value in run.items()))
    is_whole = arguments.rows == _every_row() and set(arguments.on) == set(BOTH)
    if is_whole and not arguments.smoke:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / f"{_name(bench, arguments)}.json").write_text(as_json(found, run))
        if not bench.peer:
            redraw(found, run)
    sys.exit(any(one.failure for one in found))


def _applies(row: Row, database: str, arguments: argparse.Namespace) -> bool:
    return row.for_peers if arguments.peer else database in row.databases and database in arguments.on


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--peer", default="", help="the FHIR base URL of another server, or fhirstarter")
    parser.add_argument(
        "--largest",
        nargs="*",
        choices=BOTH,
        help="measure at 1,000,000 too, on both or only on this database",
    )
    parser.add_argument("--smoke", action="store_true", help="at 1,000 resources, a second each")
    parser.add_argument("--fresh", action="store_true", help="make all databases anew: loads are timed again")
    parser.add_argument("--seconds", type=int, default=5, help="how long each measurement takes")
    parser.add_argument("--rounds", type=int, default=3, help="how often it is taken beside nginx")
    parser.add_argument("--warm", type=int, default=10, help="seconds before them that do not count")
    parser.add_argument("--rows", type=_numbers, default=_every_row(), help="only these, such as 1,3")
    parser.add_argument("--on", nargs="+", choices=BOTH, default=BOTH, help="only on this database")
    arguments = parser.parse_args()
    arguments.name = arguments.peer if arguments.peer == "fhirstarter" else "peer"
    arguments.largest = BOTH if arguments.largest == [] else arguments.largest or ()
    if arguments.smoke:
        arguments.seconds = arguments.rounds = arguments.warm = 1
    return arguments


def _sizes(arguments: argparse.Namespace, database: str) -> tuple[int, ...]:
    if arguments.peer:
        return (SENT_TO_A_PEER,)
    return (_TINY,) if arguments.smoke else (_SMALL, _MIDDLE) + (_LARGEST,) * (database in arguments.largest)


def _told_sizes(arguments: argparse.Namespace) -> str:
    names = ["sent"] if arguments.peer else arguments.on
    sizes = {name: ", ".join(f"{size:,}" for size in _sizes(arguments, name)) for name in names}
    return "; ".join(f"{name} {told}" for name, told in sizes.items())


def _fill(peer: str) -> None:
    try:
        fill(peer)
    except (OSError, RuntimeError, ValueError) as error:
        sys.exit(f"The corpus cannot be sent to {peer}: {error}")


def _numbers(text: str) -> frozenset[int]:
    return frozenset(int(one) for one in text.split(","))


def _every_row() -> frozenset[int]:
    return frozenset(row.number for row in ROWS)


def _measured(row: Row, bench: Bench) -> Found:
    print(f"{row.number:2}  {row.name}, {bench.database or bench.peer} ...", file=sys.stderr, flush=True)
    try:
        found = Found(row, row.measure(bench), bench.database)
    except Exception as error:  # one row that cannot be measured leaves the others
        found = Found(row, {}, bench.database, _reason(error))
    print(f"    {found.told()}", file=sys.stderr, flush=True)
    return found


def _reason(error: Exception) -> str:
    kind = "" if isinstance(error, (RuntimeError, Failed)) else f"{type(error).__name__}: "
    return f"{kind}{error}".strip().splitlines()[0]


def _name(bench: Bench, arguments: argparse.Namespace) -> str:
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    return f"{day}-{arguments.name}" if bench.peer else day


if __name__ == "__main__":
    main()
