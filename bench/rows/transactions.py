"""Transactions of 100 new resources each, which refer to one another.

https://hl7.org/fhir/R4/http.html#transaction
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any
from uuid import UUID
from zlib import crc32

from bench.bench import Bench
from bench.client import Answer, Connection
from bench.corpus import resources
from bench.databases import BOTH
from bench.declaration import Figures, Goal, Row
from bench.wrk import Asked, wrk

_ENTRIES = 100
_BUNDLES = 400
_CONNECTIONS = 4
_AT_LEAST = 10
_REFERENCE = re.compile(r'(?<="reference":")([A-Za-z]+)/[^"]+(?=")')


def measure(bench: Bench) -> Figures:
    with bench.server(writes=True) as server:
        types = bench.types
        path = server.path or "/"
        first, *others = bundles(_BUNDLES, types)
        with Connection(server.base) as connection:
            _check(connection.ask(b"POST", path.encode(), first.encode()))
        asked = (Asked(path, "POST", one) for one in others)
        # Longer than others: only what is answered within the time counts, and an answer takes long.
        seconds = max(_AT_LEAST, bench.seconds)
        measured = wrk(server.base, asked, seconds=seconds, connections=_CONNECTIONS)
    return {"rate": measured.rate * _ENTRIES, "p50": measured.p50, "p99": measured.p99}


def _check(answer: Answer) -> None:
    """Because wrk only looks at the status, and counts a redirect as an answer."""
    created = bytes(answer.body).count(b'"201')
    if answer.status != 200 or created != _ENTRIES:
        raise RuntimeError(f"of {_ENTRIES} resources {created} were created: {answer.status}")


def bundles(count: int, types: frozenset[str]) -> Iterator[str]:
    """Each of other resources; the server gives them their ids."""
    found = (one for one in resources(10**9) if one["resourceType"] in types)
    for number in range(count):
        yield _bundle(list(islice(found, _ENTRIES)), number)


def _bundle(chosen: list[dict[str, Any]], number: int) -> str:
    """Every reference to a type that the Bundle has leads to a resource of the Bundle."""
    names = [f"urn:uuid:{UUID(int=number * _ENTRIES + place)}" for place in range(_ENTRIES)]
    by_type = defaultdict[str, list[str]](list)
    for name, one in zip(names, chosen, strict=True):
        by_type[one["resourceType"]].append(name)
    entries = [
        {
            "fullUrl": name,
            "resource": {key: value for key, value in one.items() if key != "id"},
            "request": {"method": "POST", "url": one["resourceType"]},
        }
        for name, one in zip(names, chosen, strict=True)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}

    def own(found: re.Match[str]) -> str:
        there = by_type[found[1]]
        return there[crc32(found[0].encode()) % len(there)] if there else found[0]

    return _REFERENCE.sub(own, json.dumps(bundle, separators=(",", ":")))


ROW = Row(
    10,
    "transactions of 100 resources",
    (
        Goal("rate", "resources/s", at_least=1_000),
        Goal("p50", "ms a transaction"),
        Goal("p99", "ms"),
    ),
    measure,
    for_peers=True,
    databases=BOTH,
    published="bundle import: Aidbox 2,678/s, HAPI 2,214/s, Medplum 764/s on 8 virtual CPUs each",
)
