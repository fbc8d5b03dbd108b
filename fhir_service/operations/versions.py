"""$versions: the FHIR versions that are spoken here.

https://hl7.org/fhir/R4/capabilitystatement-operation-versions.html

Below `/fhir/r4` only R4 is spoken; at `/fhir` the client chooses among all, and R4 is the default.
"""

from __future__ import annotations

from typing import Any

from fhir_service.exchange import Services
from fhir_service.operations.declaration import Operation, Output
from fhir_service.operations.invocation import Invocation


def handle(invocation: Invocation, services: Services) -> dict[str, Any]:
    spoken = [release.media_version for release in invocation.request.offers or (invocation.release,)]
    return invocation.parameters({"version": spoken, "default": spoken[0]})


OPERATION = Operation(
    code="versions",
    canonical="http://hl7.org/fhir/OperationDefinition/CapabilityStatement-versions",
    title="FHIR versions",
    documentation="The FHIR versions that can be asked for at this base.",
    levels=("system",),
    handle=handle,
    outputs=(
        Output("version", "code", "A version that is spoken, as 4.0.", minimum=1, maximum=None),
        Output("default", "code", "The version that is spoken when none is asked for.", minimum=1),
    ),
    needs="",
)
