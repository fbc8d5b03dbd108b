"""The typed models of fhir.resources for a release's types: for builders and tests, never for serving.

https://pypi.org/project/fhir.resources/ (R5 and R4B; it has no R4)

Importing the library takes almost two seconds, so it happens on the first call and nowhere else.
"""

from __future__ import annotations

from typing import Any

from . import R4B, R5, Release


class NoTypedModels(LookupError):
    """The library has no models of this release."""


def model_class(release: Release, type_name: str) -> Any:
    """Return the pydantic model of a resource type, datatype or backbone path; `model_validate` reads a dict.

    :raises NoTypedModels: the release is R4
    :raises KeyError: the release has no such type
    """
    if release is R5:
        from fhir.resources import get_fhir_model_class
    elif release is R4B:
        from fhir.resources.R4B import get_fhir_model_class
    else:
        raise NoTypedModels(f"fhir.resources has no models of {release.label}")
    if type_name not in release.type_names:
        raise KeyError(f"{release.label} has no type {type_name}")
    # The library calls the model of `PlanDefinition.action` PlanDefinitionAction.
    return get_fhir_model_class("".join(part[0].upper() + part[1:] for part in type_name.split(".")))
