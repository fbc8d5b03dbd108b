"""`_summary` and `_elements` of a request: which part of each resource is answered.

https://hl7.org/fhir/R4/search.html#summary and https://hl7.org/fhir/R4/search.html#elements
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_service.errors import Invalid
from fhir_service.exchange import Pairs, Parameter
from fhir_service.formats import fhir_json
from fhir_service.releases import Release
from fhir_service.releases.subset import SUMMARIES, elements, known_elements, summary

PARAMETERS = (
    Parameter(
        name="_summary",
        documentation="`true`: what the definitions mark as summary; `text`, `data`: the narrative, or all"
        " but it; `count`: only how many match",
        allowed=SUMMARIES,
    ),
    Parameter(name="_elements", documentation="The elements to answer, besides those that must be there"),
)
_NAMES = frozenset(parameter.name for parameter in PARAMETERS)


@dataclass(frozen=True, slots=True)
class Subset:
    """Both empty: the whole resource. `pairs` are what the links repeat."""

    summary: str = ""
    elements: tuple[str, ...] = ()
    pairs: Pairs = ()

    @property
    def counts(self) -> bool:
        return self.summary == "count"

    def of(self, body: bytes, release: Release) -> bytes:
        """The part of a stored resource that was asked for; the stored bytes where that is all of it."""
        if self.elements:
            return fhir_json.dump(elements(fhir_json.parse(body), self.elements, release))
        if self.summary in ("true", "text", "data"):
            return fhir_json.dump(summary(fhir_json.parse(body), self.summary, release))
        return body

    def of_included(self, body: bytes, release: Release) -> bytes:
        """The same of what comes along with matches: "the list of elements does not apply" to it."""
        return body if self.elements else self.of(body, release)


_WHOLE = Subset()


def take_subset(pairs: Pairs, type_name: str, release: Release) -> tuple[Subset, Pairs]:
    """The subset that is asked for, and the other parameters. Raises Invalid."""
    if not pairs:
        return _WHOLE, ()
    asked = tuple(pair for pair in pairs if pair[0] in _NAMES)
    rest = tuple(pair for pair in pairs if pair[0] not in _NAMES)
    given = dict(asked)
    if len(given) < len(asked) or len(given) > 1:
        names = " and ".join(name for name, _ in asked)
        raise Invalid(f"{names}: ask for one subset, once.", expression=(f"http.{asked[0][0]}",))
    mode, listed = given.get("_summary", ""), given.get("_elements", "")
    if "_summary" in given and mode not in SUMMARIES:
        raise Invalid(
            f"_summary={mode} is not known; allowed: {', '.join(SUMMARIES)}.", expression=("http._summary",)
        )
    names_asked = tuple(name.strip() for name in listed.split(",")) if "_elements" in given else ()
    known = known_elements(type_name, release)
    for name in names_asked:
        if name.partition(".")[0] not in known:
            raise Invalid(
                f"_elements: {type_name} has no element `{name}`; allowed: {', '.join(known)}.",
                expression=("http._elements",),
            )
    return Subset(mode, names_asked, asked), rest
