"""The CDS services: one for each hook, for all topics.

https://cds-hooks.hl7.org/2.0/#discovery

A service asks for what it reads and for no more. Its queries keep to what the specification recommends for
prefetch: a read, or a type search by references and by equality of tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

PATIENT, CONDITIONS, MEDICATIONS, ALLERGIES = "patient", "conditions", "medications", "allergies"

Ordered = Literal["selected", "drafts", "current", "encounter"]
"""Which orders count: those just selected, all drafts, those on the record, those of the encounter."""

_READ_PATIENT = "Patient/{{context.patientId}}"
_ACTIVE_CONDITIONS = "Condition?patient={{context.patientId}}&clinical-status=active"
_CURRENT_ORDERS = "MedicationRequest?patient={{context.patientId}}&status=active"
_ORDERS_OF_ENCOUNTER = "MedicationRequest?patient={{context.patientId}}&encounter={{context.encounterId}}"
_ALLERGIES = "AllergyIntolerance?patient={{context.patientId}}"

_USAGE = (
    "Answers from the request alone: it never calls fhirServer and does not use fhirAuthorization. "
    "Without the prefetch that a card depends on it answers 412 and names the key."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One entry of the discovery; `ordered` says which orders it looks at."""

    id: str
    hook: str
    title: str
    description: str
    ordered: Ordered
    reads_conditions_first: bool = False
    """an active condition alone is a reason for a card"""

    @property
    def has_drafts(self) -> bool:
        """Whether the orders stand in the context; examples can be suggested beside them only."""
        return self.ordered in ("selected", "drafts")

    def prefetch(self, *, suggestions: bool) -> Mapping[str, str]:
        """The queries by their keys. Suggestions must know what is ordered already, and the allergies."""
        queries = {PATIENT: _READ_PATIENT, CONDITIONS: _ACTIVE_CONDITIONS}
        if self.ordered == "encounter":
            queries[MEDICATIONS] = _ORDERS_OF_ENCOUNTER
        elif self.ordered == "current" or suggestions:
            queries[MEDICATIONS] = _CURRENT_ORDERS
        if self.has_drafts and suggestions:
            queries[ALLERGIES] = _ALLERGIES
        return queries


SERVICES: Mapping[str, Service] = {
    service.id: service
    for service in (
        Service(
            id="education-patient-view",
            hook="patient-view",
            title="Patient education on opening a record",
            description="Links the education page for a treatment that is ordered, or an active condition.",
            ordered="current",
            reads_conditions_first=True,
        ),
        Service(
            id="education-order-select",
            hook="order-select",
            title="Patient education on selecting an order",
            description="Links the education page for a treatment that was just selected.",
            ordered="selected",
        ),
        Service(
            id="education-order-sign",
            hook="order-sign",
            title="Patient education on signing orders",
            description="Links the education page for a treatment that is about to be ordered.",
            ordered="drafts",
        ),
        Service(
            id="education-encounter-discharge",
            hook="encounter-discharge",
            title="Patient education on discharge",
            description=(
                "Links what the education page says of side effects that start later, for a treatment of the "
                "encounter."
            ),
            ordered="encounter",
        ),
    )
}


def discovery(*, suggestions: bool) -> dict[str, Any]:
    """The answer to `GET /cds-services`."""
    return {
        "services": [
            {
                "hook": service.hook,
                "title": service.title,
                "description": service.description,
                "id": service.id,
                "prefetch": dict(service.prefetch(suggestions=suggestions)),
                "usageRequirements": _USAGE,
            }
            for service in SERVICES.values()
        ]
    }
