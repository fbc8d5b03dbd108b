"""What we build is accepted by fhir.resources, the typed models that Python clients use (it has no R4).

https://pypi.org/project/fhir.resources/
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conformance.corpus import built_resources
from tests.conformance.official_validator import Job


@pytest.fixture(scope="module")
def models() -> dict[str, Callable[[str], Any]]:
    """How to get the model of a type, by release; imported here because that takes seconds."""
    import fhir.resources
    import fhir.resources.R4B

    return {
        "r4b": fhir.resources.R4B.get_fhir_model_class,
        "r5": fhir.resources.get_fhir_model_class,
    }


@pytest.mark.parametrize("job", [*built_resources("r4b"), *built_resources("r5")], ids=lambda job: job.name)
def test_the_typed_models_accept_every_built_resource(
    job: Job, models: dict[str, Callable[[str], Any]]
) -> None:
    models[job.release](job.resource["resourceType"]).model_validate(job.resource)


def test_the_typed_models_refuse_what_is_broken(models: dict[str, Callable[[str], Any]]) -> None:
    for model in models.values():
        with pytest.raises(ValueError, match="sideEffect"):
            model("Medication").model_validate({"resourceType": "Medication", "sideEffect": "Fever"})
