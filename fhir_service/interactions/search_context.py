"""What the values of a search may depend on: the base that was asked, the time, and what is stored.

https://hl7.org/fhir/R4/search.html#modifiers
"""

from __future__ import annotations

from fhir_service.exchange import Request, Services
from fhir_service.search.param_types import Context
from fhir_service.store.contract import Resources
from fhir_service.stored_hierarchies import StoredHierarchies
from fhir_service.stored_terminology import StoredTerminology
from fhir_service.stored_versions import StoredVersions
from fhir_service.terminology.code_sets import CodeSets


def search_context(
    request: Request, services: Services, resources: Resources, readable: frozenset[str]
) -> Context:
    """The context of a search in these resources; `readable` are the types that the client may search."""
    terminology = StoredTerminology(resources, request.release.name, readable, services.terminology)
    return Context(
        bases=(request.base,),
        now=services.now(),
        codes=CodeSets(terminology),
        hierarchies=StoredHierarchies(resources, request.release.name, readable),
        versions=StoredVersions(resources, request.release, readable),
    )
