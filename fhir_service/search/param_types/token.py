"""Token search: a code, with or without the system that it belongs to.

https://hl7.org/fhir/R4/search.html#token
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fhir_service.errors import Invalid
from fhir_service.search.definitions import SearchParameter
from fhir_service.search.keys import exact_key, hash_key
from fhir_service.search.param_types import Context, Row
from fhir_service.search.predicates import Compare, Indexed, Predicate
from fhir_service.search.values import split_once

COLUMNS = ("code", "system_hash")
MODIFIERS = ("not",)

# A code element has no system of its own: its binding implies one. Rows of such elements carry this mark,
# which the implied systems match and `|code` (explicitly no system) does not.
IMPLIED_SYSTEM = 1


def rows(type_name: str, value: Any) -> Iterator[Row]:
    match value:
        case bool():
            yield ("true" if value else "false"), IMPLIED_SYSTEM
        case str():
            yield exact_key(value), IMPLIED_SYSTEM if type_name == "code" else 0
        case {"coding": [*codings]} | {"concept": {"coding": [*codings]}}:
            for coding in codings:
                yield from _pair(coding.get("code"), coding.get("system"))
        case {"code": str(code)}:
            yield from _pair(code, value.get("system"))
        case {"value": str(identifier)}:
            # Identifier, and ContactPoint, whose system is a code and no namespace.
            yield from _pair(identifier, value.get("system") if type_name == "Identifier" else None)


def _pair(code: str | None, system: str | None) -> Iterator[Row]:
    if code:
        yield exact_key(code), hash_key(system or "")


def predicate(parameter: SearchParameter, modifier: str | None, text: str, context: Context) -> Predicate:
    system, bar, code = split_once(text, "|")
    if not bar:
        system, code = "", system
    tests: list[Compare] = []
    if code:
        tests.append(Compare("code", "eq", exact_key(code)))
    if bar and system:
        systems = parameter.implied_systems
        implied = (IMPLIED_SYSTEM,) if systems is None or system in systems else ()
        tests.append(Compare("system_hash", "in", (hash_key(system), *implied)))
    elif bar:
        tests.append(Compare("system_hash", "eq", 0))
    if not code and not system:
        raise Invalid(f"Parameter `{parameter.code}` needs `code`, `system|code`, `|code` or `system|`")
    return Indexed("token", parameter.code, tuple(tests))
