"""An extracted resource and the request that would write it: an entry of the transaction.

https://hl7.org/fhir/R4/http.html#transaction
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fhir_service.reasoning.form import Json

CONDITIONS = ("ifNoneMatch", "ifModifiedSince", "ifMatch", "ifNoneExist")


@dataclass(frozen=True, slots=True, kw_only=True)
class Extracted:
    """`origin` is the Questionnaire's item that it comes from, None for its root.

    `request` is what a template of a Bundle says itself.
    """

    resource: Json
    full_url: str
    origin: Json | None
    conditions: Mapping[str, str] = field(default_factory=dict)
    request: Json | None = None

    @property
    def is_plain(self) -> bool:
        """Whether the resource alone says all that its entry says."""
        return not self.conditions and self.request is None

    def entry(self) -> Json:
        """A resource with an id is put there; one without is created."""
        return {
            "fullUrl": self.full_url,
            "resource": self.resource,
            "request": self.request or {**self._target(), **self.conditions},
        }

    def _target(self) -> Json:
        kind, logical_id = self.resource["resourceType"], self.resource.get("id")
        if logical_id:
            return {"method": "PUT", "url": f"{kind}/{logical_id}"}
        return {"method": "POST", "url": kind}
