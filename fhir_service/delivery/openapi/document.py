"""The whole of openapi.yaml: FHIR from its registries, and what each other door says of itself.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fhir_service.delivery.fhir.bases import PREFIX
from fhir_service.exchange import Interaction
from fhir_service.releases import Release
from fhir_service.search.definitions import SearchParameters
from fhir_service.served_types import ABSENCE
from fhir_service.version import NAME, VERSION

from . import auth, cds_hooks, fhir, health, infobutton, operations, packages, pages
from .answers import headers, responses
from .bodies import request_bodies
from .parameters import common_parameters, own_parameter, search_components
from .parts import Json
from .schemas import schemas

_DESCRIPTION = f"""\
Patient education topics as FHIR resources, the same content in R4, R4B and R5.

{ABSENCE}

Every GET answers HEAD too. Below `{PREFIX}` each failure is an OperationOutcome. There a search parameter may
be given several times (all must match), may hold several values separated by commas (one must match), and
takes the modifiers of its type after a colon. Writing is done where the operator allows it
(`FHIR_SERVICE_WRITES`), else it answers 405. At `{PREFIX}` itself the `fhirVersion` parameter of Accept
chooses the release; without it, R4 answers.
"""


def document(
    interactions: Sequence[Interaction],
    releases: Mapping[str, Release],
    types: Mapping[str, frozenset[str]],
    search_parameters: Mapping[str, SearchParameters],
) -> Json:
    """The OpenAPI document of what these registries answer; the mappings are by release name."""
    own = [parameter for one in interactions if not one.operation for parameter in one.parameters]
    called = [interaction for interaction in interactions if interaction.operation]
    parameters = {parameter.name: own_parameter(parameter) for parameter in own} | common_parameters()
    parameters |= operations.components(called, releases.values()) | infobutton.components()
    parameters |= search_components(releases, types, search_parameters)
    paths = {
        **health.paths(),
        **auth.paths(),
        **packages.paths(),
        **cds_hooks.paths(),
        **pages.paths(),
        **infobutton.paths(),
        **fhir.paths(interactions, releases, types, search_parameters),
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": NAME,
            "version": VERSION,
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "parameters": parameters,
            "headers": headers(),
            "requestBodies": request_bodies(interactions),
            "responses": responses(interactions),
            "schemas": schemas() | infobutton.schemas(),
        },
    }
