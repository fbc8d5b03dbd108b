"""Whether a code is in a value set, as validation against profiles asks it of the stored terminology.

https://hl7.org/fhir/R4/terminologies.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fhir_service.errors import ServiceError
from fhir_service.exchange import Services
from fhir_service.fhir.canonicals import split_canonical
from fhir_service.operations.invocation import Invocation
from fhir_service.operations.terminology import stored_terminology
from fhir_service.profiles import IsMember
from fhir_service.terminology.validate_code import Coding, Wish, in_value_set


def membership(invocation: Invocation, services: Services) -> IsMember:
    """A value set that is not here, or one that needs a code system that is not, decides nothing."""
    resolver = stored_terminology(invocation, services)

    def is_member(canonical: str, given: Mapping[str, Any]) -> bool | None:
        value_set = resolver.value_set(*split_canonical(canonical))
        if value_set is None:
            return None
        coding = Coding(str(given.get("code")), given.get("system"), given.get("version"))
        try:
            verdict = in_value_set(coding, value_set, resolver, Wish(infer_system="system" not in given))
        except ServiceError:
            return None
        return True if verdict.result else None if verdict.unknown_system else False

    return is_member
