"""A server of fhirstarter that keeps resources in memory; `bench/peer_fhirstarter.py` starts it.

https://github.com/canvas-medical/fhirstarter/blob/main/fhirstarter/examples/example.py
"""

# No `from __future__ import annotations`: fhirstarter reads the annotations of its handlers. Their types are
# made, and its packages are in an environment of their own:
# mypy: ignore-errors

import sys
from importlib import import_module
from itertools import islice
from typing import Any
from uuid import uuid4

import uvicorn
from fastapi import FastAPI
from fhir.resources.R4B.bundle import Bundle
from fhirstarter import FHIRProvider, FHIRStarter, InteractionContext
from fhirstarter.exceptions import FHIRResourceNotFoundError

_TYPES = ("Patient", "Observation", "Condition", "MedicationRequest", "Composition", "Questionnaire")
_PAGE = 20


def provider(name: str) -> FHIRProvider:
    """Read, create, update and delete of a type; an update creates what is not there."""
    model = getattr(import_module(f"fhir.resources.R4B.{name.lower()}"), name)
    made, stored = FHIRProvider(), dict[str, Any]()

    @made.read(model)
    async def read(context: InteractionContext, id_: str) -> model:
        if id_ not in stored:
            raise FHIRResourceNotFoundError
        return stored[id_]

    @made.create(model)
    async def create(context: InteractionContext, resource: model) -> str:
        resource.id = str(uuid4())
        stored[resource.id] = resource
        return resource.id

    @made.update(model)
    async def update(context: InteractionContext, id_: str, resource: model) -> str:
        stored[id_] = resource
        return id_

    @made.delete(model)
    async def delete(context: InteractionContext, id_: str) -> None:
        stored.pop(id_, None)

    if name == "Observation":

        @made.search_type(model)
        async def search(context: InteractionContext, status: str | None, code: str | None) -> Bundle:
            found = (one for one in stored.values() if _matches(one, status, code))
            entries = [{"resource": one.model_dump()} for one in islice(found, _PAGE)]
            return Bundle(type="searchset", entry=entries or None)

    return made


def _matches(observation: Any, status: str | None, code: str | None) -> bool:
    system, _, wanted = (code or "").rpartition("|")
    return status in (None, observation.status) and (
        not wanted or any((one.system, one.code) == (system, wanted) for one in observation.code.coding)
    )


def main() -> None:
    service = FHIRStarter()
    service.add_providers(*map(provider, _TYPES))
    host = FastAPI()
    host.mount("/fhir", service)
    uvicorn.run(host, port=int(sys.argv[1]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
