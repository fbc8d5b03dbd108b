"""What a form's expressions find, at a time that is known."""

from datetime import datetime

import pytest

from fhir_service.fhir.dates import to_microseconds
from fhir_service.reasoning.form import SDC
from fhir_service.reasoning.populate import populate
from fhir_service.releases import RELEASES, Release

NOW = to_microseconds(datetime.fromisoformat("2026-11-25T23:59:59Z"))


@pytest.mark.parametrize("release", RELEASES.values(), ids=str)
@pytest.mark.parametrize(
    ("kind", "expression", "value"),
    [
        ("date", "today()", {"valueDate": "2026-11-25"}),
        ("dateTime", "now()", {"valueDateTime": "2026-11-25T23:59:59.000Z"}),
        ("time", "timeOfDay()", {"valueTime": "23:59:59.000"}),
        ("date", "today() - 9 months", {"valueDate": "2026-02-25"}),
        ("boolean", "@2008-11-25 <= today() - 18 years", {"valueBoolean": True}),
        ("boolean", "@2008-11-26 <= today() - 18 years", {"valueBoolean": False}),
        ("boolean", "'ITP'.matches('^[A-Z]+$')", {"valueBoolean": True}),
    ],
)
def test_an_expression_finds_an_answer(
    release: Release, kind: str, expression: str, value: dict[str, object]
) -> None:
    initial = {
        "url": f"{SDC}initialExpression",
        "valueExpression": {"language": "text/fhirpath", "expression": expression},
    }
    form = {
        "resourceType": "Questionnaire",
        "url": "http://example.org/form",
        "item": [{"linkId": "a", "type": kind, "extension": [initial]}],
    }
    response, warnings = populate(form, None, {}, release, NOW)
    assert (response["item"][0]["answer"], warnings) == ([value], [])
