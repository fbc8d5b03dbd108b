"""The same cases on an independent engine, fhirpathpy; a case that it answers otherwise says why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import fhirpathpy
import pytest
from fhirpathpy.models import models

from .path_cases import Case, read_cases


@pytest.mark.parametrize(
    "case",
    [
        case
        for case in read_cases()
        if case.alone is None and case.result is not None and not case.unsupported
    ],
    ids=str,
)
def test_fhirpathpy_gives_the_same_result(case: Case) -> None:
    model = models["r5" if case.release == "r5" else "r4"]
    found = fhirpathpy.evaluate(case.subject, case.expression, {"resource": case.subject}, model)
    assert [_plain(value) for value in found] == [_plain(value) for value in case.result or []]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    return value
