"""Writers that get in each other's way: several threads in each of several processes, over one database."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fhir_service.dispatch import dispatch
from fhir_service.errors import PreconditionFailed
from fhir_service.exchange import Conditions, Content, Pairs, Request, Response, Services
from fhir_service.interactions import INTERACTIONS
from fhir_service.releases import R4, RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.settings import Settings
from fhir_service.store import open_store
from fhir_service.store.relational import RelationalStore

PROCESSES, THREADS = 2, 4
BUILT = {name: SearchParameters(release) for name, release in RELEASES.items()}


def services_over(store: RelationalStore) -> Services:
    """As `create_app` wires them with FHIR_SERVICE_WRITES=open, but for the gate."""
    return Services(
        settings=Settings(writes="open", types="all"),
        store=store,
        interactions=INTERACTIONS,
        types={name: release.resource_types for name, release in RELEASES.items()},
        search_parameters=store.search_parameters(BUILT),
        now=lambda: time.time_ns() // 1000,
    )


def ask(
    services: Services,
    method: str,
    path: str,
    resource: dict[str, Any] | None = None,
    parameters: Pairs = (),
    if_match: str = "",
    if_none_exist: str = "",
) -> Response:
    request = Request(
        release=R4,
        base="http://localhost/fhir/r4",
        method=method,
        path=path,
        parameters=parameters,
        content=None if resource is None else Content(resource=resource),
        conditions=Conditions(if_match=if_match, if_none_exist=if_none_exist),
    )
    return dispatch(request, services)


def parsed(response: Response) -> Any:
    return json.loads(response.body or b"null")


def in_processes(work: Callable[[Services], None], database_url: str) -> None:
    """Run the work in all threads of all processes; what fails there fails here."""
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=in_threads, args=(work, database_url)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * PROCESSES


def in_threads(work: Callable[[Services], None], database_url: str) -> None:
    failures: list[BaseException] = []
    together = threading.Barrier(THREADS)

    def run(services: Services) -> None:
        try:
            together.wait()
            work(services)
        except BaseException as failure:
            failures.append(failure)

    with opened(database_url) as services:
        threads = [threading.Thread(target=run, args=(services,)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


@contextmanager
def opened(database_url: str) -> Iterator[Services]:
    store = open_store(database_url)
    yield services_over(store)
    store.close()


# What they do


def create_if_none_exists(services: Services) -> None:
    for number in range(5):
        patient = {"resourceType": "Patient", "identifier": [{"system": "urn:s", "value": str(number)}]}
        ask(services, "POST", "Patient", patient, if_none_exist=f"identifier=urn:s|{number}")


def create_in_transactions(services: Services) -> None:
    entries = [
        {
            "request": {"method": "PUT", "url": f"Practitioner?identifier=urn:s|{number}"},
            "resource": {
                "resourceType": "Practitioner",
                "identifier": [{"system": "urn:s", "value": str(number)}],
            },
        }
        for number in range(5)
    ]
    ask(services, "POST", "", {"resourceType": "Bundle", "type": "transaction", "entry": entries})


def create_under_one_id(services: Services) -> None:
    for number in range(5):
        ask(services, "PUT", f"Basic/b{number}", {"resourceType": "Basic", "id": f"b{number}"})


INCREMENTS = 5


def increment(services: Services) -> None:
    """Read, add one, write with If-Match; again when somebody else was faster."""
    done = 0
    while done < INCREMENTS:
        seen = ask(services, "GET", "Basic/counter")
        resource = parsed(seen)
        resource["extension"][0]["valueInteger"] += 1
        try:
            ask(services, "PUT", "Basic/counter", resource, if_match=f'W/"{seen.etag}"')
        except PreconditionFailed:
            continue
        done += 1
