"""A second opinion on what HL7's engine found: fhirpath.js evaluates the same search parameters.

https://hl7.org/fhirpath/ and https://www.npmjs.com/package/fhirpath

Its values are compared as JSON, numbers and booleans by their text. It has models of R4 and R5; R4B is read
with R4's. Composites are not compared: their parts are evaluated on elements, which it is not given.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from fhir_service.formats.fhir_json import dump
from tests import npm
from tests.search.differential import Evaluated, Parameter, alternatives, parameters_of

FOLDER = Path(__file__).parent


class Comparison(NamedTuple):
    """The values of one parameter on one resource: HL7's, fhirpath.js's, and what the latter failed with."""

    release: str
    resource: dict[str, Any]
    parameter: Parameter
    first: frozenset[str]
    second: frozenset[str]
    failure: str

    @property
    def agrees(self) -> bool:
        return not self.failure and self.first == self.second

    @property
    def cause(self) -> str | None:
        """Why the engines differ here, or None when nobody knows."""
        return next((cause for cause, fits in CAUSES.items() if fits(self)), None)

    def __str__(self) -> str:
        said = self.failure or f"only HL7's {shown(self.first - self.second)}, only the second's "
        said += "" if self.failure else shown(self.second - self.first)
        name = f"{self.resource['resourceType']}/{self.resource.get('id')}"
        return f"{self.release} {name} `{self.parameter.code}`: {said}"


CAUSES: Mapping[str, Callable[[Comparison], bool]] = {
    "`as` over several items: an error in FHIRPath and so in fhirpath.js; the search chapter wants a filter,"
    " which HL7's engine and ours are": lambda one: "singleton on left side of 'as'" in one.failure,
    "`as uri`: a canonical is a uri too, as fhirpath.js and ours have it; HL7's engine compares the names of"
    " types": lambda one: one.parameter.expression.endswith("as uri)") and one.first < one.second,
    "A contained resource (`#id`): HL7's engine follows the reference, fhirpath.js is given only its text": (
        lambda one: all('"reference": "#' in text for text in one.first ^ one.second)
    ),
    "A resource within a Bundle: HAPI's parser writes its id anew": lambda one: (
        one.resource["resourceType"] == "Bundle"
    ),
    "A type of R4B that R4's model does not know": lambda one: (
        one.release == "r4b" and one.second < one.first and one.parameter.expression.startswith("Resource.")
    ),
    "A number in scientific notation or with more digits than a double has": lambda one: (
        numbers(one.first) is not None and numbers(one.first) == numbers(one.second)
    ),
}


def shown(values: Iterable[str]) -> str:
    return "; ".join(sorted(values)) or "nothing"


def numbers(values: Iterable[str]) -> frozenset[float] | None:
    try:
        return frozenset(float(json.loads(text)) for text in values)
    except (TypeError, ValueError):
        return None


def install() -> None:
    """Put fhirpath.js where node finds it."""
    npm.install(FOLDER)


def compare(release: str, every: Iterable[Evaluated]) -> Iterator[Comparison]:
    """Each parameter of each resource by both engines; what HL7's could not evaluate is left out."""
    every = list(every)
    jobs = b"".join(dump(_job(release, one.resource)) + b"\n" for one in every)
    command = ["node", str(FOLDER / "evaluate.js")]
    answers = subprocess.run(command, input=jobs, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    for one, line in zip(every, answers, strict=True):
        second = json.loads(line, parse_float=Decimal)
        for parameter in _plain(release, one.resource):
            first, other = one.values.get(parameter.code, []), second.get(parameter.code, [])
            if isinstance(first, dict):
                continue
            failure = other.get("failure", "") if isinstance(other, dict) else ""
            values = frozenset() if failure else frozenset(map(_text, other))
            # A primitive with extensions alone has no value.
            found = frozenset(_text(value) for _, value in first if value is not None)
            yield Comparison(release, one.resource, parameter, found, values, failure)


def _plain(release: str, resource: dict[str, Any]) -> list[Parameter]:
    return [one for one in parameters_of(release, resource["resourceType"]).values() if not one.parts]


def _job(release: str, resource: dict[str, Any]) -> dict[str, Any]:
    parameters = [
        {"code": one.code, "expressions": alternatives(one.expression)} for one in _plain(release, resource)
    ]
    return {"release": release, "resource": resource, "parameters": parameters}


def _text(value: Any) -> str:
    """A value as both engines can be compared by it: HL7's gives primitives as texts."""
    plain = value if isinstance(value, str | dict | list) else json.dumps(value, default=str).strip('"')
    # 1, 1.0 and 1e0 are one number.
    return json.dumps(json.loads(dump(plain), parse_int=float, parse_float=float), sort_keys=True)


def report(comparisons: Iterable[Comparison]) -> Iterator[str]:
    """The lines of docs/differential.md about the second engine."""
    counts: dict[str, list[int]] = {}
    causes: dict[str, int] = {}
    for one in comparisons:
        count = counts.setdefault(one.release, [0, 0])
        count[not one.agrees] += 1
        if not one.agrees:
            cause = one.cause or f"Not explained: {one}"
            causes[cause] = causes.get(cause, 0) + 1
    yield from ("", "## A second engine", "")
    yield "fhirpath.js evaluates the same parameters on the same examples. Its values are HL7's but for:"
    yield from ("", "| Release | Evaluations | the same | different |", "|---|---|---|---|")
    for release, (same, different) in counts.items():
        yield f"| {release} | {same + different:,} | {same:,} | {different:,} |"
    yield ""
    yield from (f"- {count:,}: {cause}" for cause, count in sorted(causes.items()))
