"""Values that a profile fixes, gives a pattern for, or puts bounds on.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.fixed_x_ and those after it
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from fhir_service.fhir.dates import date_range
from fhir_service.formats.fhir_json import is_same

_SHOWN = 200
_TIME = re.compile(r"[0-9]{2}:")


def shown(value: Any) -> str:
    """A value for a message, cut when it is long."""
    text = value if type(value) is str else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def is_fixed(value: Any, fixed: Any) -> bool:
    """Whether the value is the fixed one: all of it, and nothing else."""
    return is_same(value, fixed)


def fits(value: Any, pattern: Any) -> bool:
    """Whether all that the pattern has is in the value; each item of a list in any of the value's."""
    if type(pattern) is dict:
        return type(value) is dict and all(
            name in value and fits(value[name], wanted) for name, wanted in pattern.items()
        )
    if type(pattern) is list:
        return type(value) is list and all(any(fits(one, wanted) for one in value) for wanted in pattern)
    return is_same(value, pattern)


def is_at_least(value: Any, bound: Any) -> bool | None:
    """Whether the value is not below the bound; None when they cannot be compared, as 2020 with 2020-06."""
    return _compared(
        value, bound, lambda one, other: one[0] >= other[0], lambda one, other: one[1] <= other[0]
    )


def is_at_most(value: Any, bound: Any) -> bool | None:
    """Whether the value is not above the bound."""
    return _compared(
        value, bound, lambda one, other: one[1] <= other[1], lambda one, other: one[0] >= other[1]
    )


_Range = tuple[Any, Any]
_Test = Callable[[_Range, _Range], bool]


def _compared(value: Any, bound: Any, holds: _Test, fails: _Test) -> bool | None:
    """Compare two values as ranges: a number or a time is a point, a date all of its time."""
    if type(value) is dict and type(bound) is dict:
        same = all(value.get(name) == bound.get(name) for name in ("system", "code"))
        return _compared(value.get("value"), bound.get("value"), holds, fails) if same else None
    one, other = _range(value), _range(bound)
    if one is None or other is None or type(one[0]) is not type(other[0]):
        return None
    return True if holds(one, other) else False if fails(one, other) else None


def _range(value: Any) -> _Range | None:
    if type(value) in (int, float, Decimal):
        number = Decimal(str(value))
        return number, number
    if type(value) is not str:
        return None
    if _TIME.match(value):
        return value, value
    try:
        low, high = date_range(value)
    except ValueError:
        return None
    return low, high
