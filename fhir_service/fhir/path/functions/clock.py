"""The current date and time, in UTC: the moment that the evaluation was given, however often they are called.

https://hl7.org/fhirpath/N1/#current-date-and-time-functions
"""

from __future__ import annotations

from fhir_service.fhir.dates import to_instant

from ..errors import EvaluationError
from ..runtime import Environment, Items


def now(environment: Environment, items: Items) -> Items:
    return [("dateTime", _instant(environment), None)]


def today(environment: Environment, items: Items) -> Items:
    return [("date", _instant(environment)[:10], None)]


def time_of_day(environment: Environment, items: Items) -> Items:
    return [("time", _instant(environment)[11:-1], None)]


def _instant(environment: Environment) -> str:
    if environment.now is None:
        raise EvaluationError("nobody said what time it is")
    return to_instant(environment.now)
