"""Create, read, update and delete over HTTP, in the mix of the public benchmark of Health Samurai.

https://github.com/HealthSamurai/fhir-server-performance-benchmark (k6/crud.js)

There, each virtual user does this again and again: it creates a resource of each of nine types by POST, which
refer to those that it has created before them; reads each; updates each by PUT with one element changed; and
deletes each, the last one first. So a quarter of the requests are of each kind. All ask for `no-cache`. There
300 users ask a server of 8 cores for ten minutes, the resources are Synthea's, among them claims.

Here it is the same conversation, by 16 clients, with nine types of the corpus, whose bodies have 2.4 kB.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from statistics import median, quantiles

from bench.bench import Bench
from bench.client import Answer, Connection, at_once
from bench.corpus import PATTERN, resources
from bench.databases import BOTH
from bench.declaration import Figures, Goal, Row
from bench.processes import Server

_CLIENTS = 16
_TYPES = (
    "Patient",
    "Observation",
    "Condition",
    "MedicationRequest",
    "AdverseEvent",
    "MedicationKnowledge",
    "Composition",
    "Questionnaire",
    "PlanDefinition",
)
_KINDS = ("create", "read", "update", "delete")
# What stands in a prepared body for the ids that the server gives.
_ITS_ID, _PATIENT_ID = b"-its-id-", b"-patient-id-"

_Took = dict[str, list[float]]


def measure(bench: Bench) -> Figures:
    with bench.server(writes=True) as server:
        types = bench.types
        at_once(
            _CLIENTS, partial(_converse, server.base, types, 1)
        )  # statements are prepared, files are opened
        found = at_once(_CLIENTS, partial(_converse, server.base, types, bench.seconds))
    took = {kind: list(chain.from_iterable(one[kind] for one in found)) for kind in _KINDS}
    rate = sum(len(one) for one in took.values()) / bench.seconds
    medians = {kind: median(some) for kind, some in took.items() if some}
    return {"rate": rate, "p99": quantiles(chain.from_iterable(took.values()), n=100)[98], **medians}


def _converse(base: str, types: frozenset[str], seconds: int, client: int) -> _Took:
    """What each request took, in milliseconds, by kind."""
    took = defaultdict[str, list[float]](list)
    bodies = _bodies(client, types)
    path = Server(base).path.encode()
    end = time.monotonic() + seconds
    with Connection(base) as connection:
        while time.monotonic() < end:
            _round(partial(_ask, connection, took, end), path, bodies)
    return took


def _round(ask: Callable[..., Answer], path: bytes, bodies: dict[str, tuple[bytes, bytes]]) -> None:
    places: dict[str, bytes] = {}
    patient = b"none"
    for name, (created, _) in bodies.items():
        answer = ask(
            "create", b"POST", b"%s/%s" % (path, name.encode()), created.replace(_PATIENT_ID, patient)
        )
        logical_id = answer.header(b"location").split(b"/_history")[0].rsplit(b"/", 1)[1]
        places[name] = b"%s/%s/%s" % (path, name.encode(), logical_id)
        patient = logical_id if name == "Patient" else patient
    for place in places.values():
        ask("read", b"GET", place)
    for name, place in places.items():
        logical_id = place.rsplit(b"/", 1)[1]
        ask(
            "update",
            b"PUT",
            place,
            bodies[name][1].replace(_ITS_ID, logical_id).replace(_PATIENT_ID, patient),
        )
    for place in reversed(places.values()):
        ask("delete", b"DELETE", place)


def _ask(
    connection: Connection, took: _Took, end: float, kind: str, method: bytes, path: bytes, body: bytes = b""
) -> Answer:
    start = time.monotonic()
    answer = connection.ask(method, path, body)
    now = time.monotonic()
    if answer.status // 100 != 2:
        raise RuntimeError(f"{method.decode()} {path.decode()}: {answer.status} {bytes(answer.body[:200])!r}")
    if now < end:
        took[kind].append((now - start) * 1000)
    return answer


def _bodies(client: int, types: frozenset[str]) -> dict[str, tuple[bytes, bytes]]:
    """Of each type: what is created, and what it is updated with."""
    found = {one["resourceType"]: one for one in _forty(client)}
    return {name: _prepared(found[name]) for name in _TYPES if name in types}


def _prepared(resource: dict[str, object]) -> tuple[bytes, bytes]:
    if "subject" in resource:
        resource |= {"subject": {"reference": f"Patient/{_PATIENT_ID.decode()}"}}
    changed = resource | {"id": _ITS_ID.decode(), "language": "en"}
    created = {name: value for name, value in resource.items() if name != "id"}
    return json.dumps(created).encode(), json.dumps(changed).encode()


def _forty(client: int) -> Iterator[dict[str, object]]:
    """One of each type, at least."""
    return resources((client + 1) * len(PATTERN), first=client * len(PATTERN))


ROW = Row(
    9,
    "mixed create, read, update, delete",
    (
        Goal("rate", "/s", at_least=800),
        Goal("p99", "ms"),
        *(Goal(kind, "ms") for kind in _KINDS),
    ),
    measure,
    for_peers=True,
    databases=BOTH,
    published="Aidbox 5,212/s, HAPI 3,058/s, Medplum 1,420/s on 8 virtual CPUs each",
)
