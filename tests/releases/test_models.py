"""The one place that gives typed models."""

from __future__ import annotations

import pytest

from fhir_service.releases import R4, R4B, R5
from fhir_service.releases.models import NoTypedModels, model_class


def test_each_release_has_its_own_models() -> None:
    assert "R4B" in model_class(R4B, "PlanDefinition").__module__
    assert "R4B" not in model_class(R5, "PlanDefinition").__module__
    assert model_class(R5, "PlanDefinition.action").__name__ == "PlanDefinitionAction"


def test_r4_has_none() -> None:
    with pytest.raises(NoTypedModels, match="R4"):
        model_class(R4, "PlanDefinition")


def test_an_unknown_type_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        model_class(R5, "MedicinalProductUndesirableEffect")
