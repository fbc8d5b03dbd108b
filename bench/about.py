"""What somebody needs to know who repeats a run: the corpus, the machine, the databases.

https://www.postgresql.org/docs/current/runtime-config.html
"""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from datetime import UTC, datetime
from functools import cache
from statistics import median, quantiles
from typing import Any

from sqlalchemy import create_engine, func, inspect, select, table

from bench.bench import Bench
from bench.corpus import SEED, resources
from bench.databases import SETTINGS, SQLITE, version
from bench.queries import SHAPES
from bench.scheduling import shared_by

_SAMPLE = 4_000


def about(bench: Bench, load_before: float, server: str, sizes: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "measured": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "server": server,
        "resources": sizes,
        "corpus seed": SEED,
        "body bytes": _body_bytes(),
        "code frequencies": _code_frequencies(),
        "mix of row 5": ", ".join(f"{name} {weight} %" for name, (weight, _) in SHAPES.items()),
        "cores": f"{len(os.sched_getaffinity(0))}, shared by {shared_by()}",
        "load of the machine": f"{load_before:.1f} before, {os.getloadavg()[0]:.1f} after",
        "Python": platform.python_version(),
    }
    if not bench.peer:
        told["index rows a resource"] = _index_rows(bench)
        told["loads of row 8"] = bench.stores.loads(bench.sizes[-1])
        told["PostgreSQL"] = version()
        told["its settings"] = ", ".join(f"{name} {value}" for name, value in SETTINGS.items())
    return told


@cache
def _sample() -> list[dict[str, Any]]:
    return list(resources(_SAMPLE))


def _body_bytes() -> str:
    sizes = [len(json.dumps(one, separators=(",", ":"))) for one in _sample()]
    return f"median {median(sizes):,.0f}, 95th percentile {quantiles(sizes, n=20)[-1]:,.0f}"


def _code_frequencies() -> str:
    """How many of a type carry its three commonest codes, and how many codes there are."""
    told = []
    for type_name, element in (
        ("Observation", "code"),
        ("Condition", "code"),
        ("MedicationRequest", "medicationCodeableConcept"),
    ):
        codes = [one[element]["coding"][0]["code"] for one in _sample() if one["resourceType"] == type_name]
        most = ", ".join(
            f"{code} {100 * times / len(codes):.1f} %" for code, times in Counter(codes).most_common(3)
        )
        told.append(f"{type_name} {most}")
    return ", ".join(told)


def _index_rows(bench: Bench) -> str:
    """Counted in a store that is not large."""
    size = bench.sizes[:2][-1]
    engine = create_engine(bench.stores.url(SQLITE, size))
    names = [name for name in inspect(engine).get_table_names() if name.startswith("index_")]
    with engine.connect() as connection:
        rows = sum(connection.scalar(select(func.count()).select_from(table(name))) or 0 for name in names)
    engine.dispose()
    return f"{rows / size:.1f}"
