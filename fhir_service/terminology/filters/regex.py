"""`regex`: the whole of the property's value fits the regular expression.

https://hl7.org/fhir/R4/valueset-filter-operator.html#valueset-filter-operator-regex

The expression comes from whoever wrote the value set. RE2 matches in linear time, so that none can stop a
worker; what it cannot do (looking around, back references) is refused.
"""

from __future__ import annotations

from typing import Any

import re2

from fhir_service.terminology.code_system import CodeSystem
from fhir_service.terminology.filters.properties import BadFilter, Test, values_of

LONGEST = 1000


def test(system: CodeSystem, name: str, value: str) -> Test:
    values, pattern = values_of(system, name), _compiled(value)
    return lambda concept: any(pattern.fullmatch(text) is not None for text in values(concept))


def _compiled(value: str) -> Any:
    if len(value) > LONGEST:
        raise BadFilter(f"a regular expression has at most {LONGEST} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(value, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise BadFilter(f"`{value}` is no regular expression that is understood here: {reason}") from None
