"""Where a request has room for what an ActivityDefinition says; the release's definitions decide what exists.

https://hl7.org/fhir/R4/activitydefinition.html#12.17.4.1 and https://hl7.org/fhir/R5/activitydefinition.html

A row is: element of the ActivityDefinition -> places on the request, the first that the release has. What has
no place is not dropped: the result says so in a note.
"""

from __future__ import annotations

from collections.abc import Mapping

Places = Mapping[str, tuple[str, ...]]

EVERYWHERE: Places = {
    "priority": ("priority",),
    "doNotPerform": ("doNotPerform",),
    "participant": ("performerType", "requestedPerformer", "performer"),
    "reason": ("reasonCode", "reason"),
    "timing": ("occurrence",),
    "asNeeded": ("asNeeded",),
    "bodySite": ("bodySite",),
    "location": ("locationReference", "location"),
    "code": ("code",),
}

BY_KIND: Mapping[str, Places] = {
    "MedicationRequest": {
        "product": ("medication",),
        "dosage": ("dosageInstruction",),
        "quantity": ("dispenseRequest.quantity",),
        "timing": ("dosageInstruction[0].timing",),
    },
    "ServiceRequest": {"quantity": ("quantity",)},
    "Task": {"timing": ("requestedPeriod", "executionPeriod")},
    "CommunicationRequest": {"code": ("payload[0].content",)},
    "DeviceRequest": {"product": ("code",)},
    "SupplyRequest": {"product": ("item",), "code": ("item",), "quantity": ("quantity",)},
    "NutritionOrder": {"code": ("oralDiet.type",)},
}

# Of the kinds whose requests are for a thing: without a product, the code says which.
CODE_FOR_PRODUCT: Mapping[str, str] = {"MedicationRequest": "medication"}

# What an ActivityDefinition has to say about the request, besides its own metadata.
CARRIED = (
    "code", "product", "quantity", "dosage", "timing", "asNeeded", "location", "participant", "bodySite",
    "priority", "doNotPerform", "specimenRequirement", "observationRequirement",
    "observationResultRequirement",
)  # fmt: skip


def places(kind: str) -> dict[str, tuple[str, ...]]:
    """The rows for one kind of request."""
    return {**EVERYWHERE, **BY_KIND.get(kind, {})}
