"""docs/infobutton.md names what the tables hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from fhir_service.delivery.infobutton.code_systems import CODE_SYSTEMS
from fhir_service.delivery.infobutton.parameters import PARAMETERS, Parameter
from fhir_service.delivery.infobutton.value_lists import FORMS, RECIPIENTS, UNITS

PAGE = (Path(__file__).parents[3] / "docs" / "infobutton.md").read_text(encoding="utf-8")
CHOOSING_NOTHING = ("taskContext", "patientPerson", "encounter")


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.stem)
def test_every_parameter_that_matters_is_told(parameter: Parameter) -> None:
    told = f"`{parameter.names[0]}`" in PAGE
    assert told == (parameter.is_used and not parameter.stem.startswith(CHOOSING_NOTHING))


@pytest.mark.parametrize("values", [FORMS, RECIPIENTS, UNITS], ids=["types", "recipients", "units"])
def test_every_value_that_is_allowed_is_told(values: tuple[str, ...]) -> None:
    assert [value for value in values if f"`{value}`" not in PAGE] == []


def test_every_code_system_is_told() -> None:
    own = [known.name for known in CODE_SYSTEMS if known.name.isupper()]
    assert [name for name in own if f"`{name}`" not in PAGE] == []
