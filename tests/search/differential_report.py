"""The differences that are known, each with its cause, and docs/differential.md.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain

from tests.search import naive
from tests.search.asking import READ
from tests.search.differential import Answer, Evaluated, parameters_of

URI = "`as uri`: a canonical is a uri too, as FHIRPath has it; HL7's engine compares the names of types"
STRAY = "the example refers to a type that the parameter does not lead to; the service refuses and says so"

INTRODUCTION = """
Written by `make differential`. HL7's FHIRPath engine (Java) evaluates every search parameter on every
resource of HL7's example packages; `tests/search/naive.py` decides by those values what a query finds; the
store must find the same. The queries are made of the values found: up to three of each parameter, with each
prefix, with and without system or unit, and with `:missing`, `:not`, `:exact`, `:contains`. Not asked: `_id`,
`_lastUpdated` (the server sets them) and `_in` (asked of what holds the resource).
""".strip()


def _has_stray_target(one: Answer) -> bool:
    target = one.asked.text.partition("/")[0]
    return "does not refer to" in one.refusal and target not in one.parameter.targets


def _asks_for_uri(one: Answer) -> bool:
    """Whether the expression picks the uri of a choice of uri and canonical; then more has a value."""
    narrow, wide = (one.found, one.expected) if one.asked.modifier else (one.expected, one.found)
    is_choice = one.type_name == "ConceptMap" and "uri" in one.parameter.expression.split()[-1]
    return not one.refusal and is_choice and narrow < wide


CAUSES: Mapping[str, Callable[[Answer], bool]] = {
    STRAY: _has_stray_target,
    URI: _asks_for_uri,
}


def cause_of(one: Answer) -> str | None:
    """Return why brute force and the store may differ here, or nothing."""
    return next((cause for cause, fits in CAUSES.items() if fits(one)), None)


def report(
    evaluated: Mapping[str, Sequence[Evaluated]], answers: Sequence[Answer], second: Iterable[str]
) -> str:
    """Return docs/differential.md; `second` are the lines about the second engine."""
    parts = (_head(evaluated), _counts(answers), _differences(answers), _unread(evaluated), second)
    return "\n".join([*chain.from_iterable(parts), ""])


def _head(evaluated: Mapping[str, Sequence[Evaluated]]) -> Iterator[str]:
    yield "# Search compared with brute force"
    yield ""
    yield INTRODUCTION
    yield ""
    yield "| Release | Examples | Parameters of their types | with a value in an example |"
    yield "|---|---|---|---|"
    for release, every in evaluated.items():
        types = {one.resource["resourceType"] for one in every}
        all_of_them = sum(len(parameters_of(release, type_name)) for type_name in types)
        held = {(one.resource["resourceType"], code) for one in every for code in one.values}
        yield f"| {release} | {len(every):,} | {all_of_them:,} | {len(held):,} |"


def _counts(answers: Sequence[Answer]) -> Iterator[str]:
    yield ""
    yield "| Release | Type of parameter | Parameters | Queries | the same | different |"
    yield "|---|---|---|---|---|---|"
    for release in dict.fromkeys(one.release for one in answers):
        for kind in (*naive.MATCHERS, "composite", ""):
            mine = [one for one in answers if one.release == release and kind in ("", one.parameter.kind)]
            asked = {(one.type_name, one.parameter.code) for one in mine}
            same = sum(one.agrees for one in mine)
            counts = (len(asked), len(mine), same, len(mine) - same)
            yield f"| {release} | {kind or 'all'} | {' | '.join(f'{count:,}' for count in counts)} |"


def _differences(answers: Iterable[Answer]) -> Iterator[str]:
    yield ""
    yield "## Differences"
    by_cause: dict[str, list[Answer]] = {}
    for one in answers:
        if not one.agrees:
            by_cause.setdefault(cause_of(one) or "not explained", []).append(one)
    for cause, found in sorted(by_cause.items()):
        yield ""
        yield f"{cause[0].upper()}{cause[1:]}:"
        yield ""
        yield from (f"- {one}" for one in found)


def _unread(evaluated: Mapping[str, Sequence[Evaluated]]) -> Iterator[str]:
    """Values that no search of the parameter's type looks at, and what HL7's engine could not evaluate."""
    unread: dict[str, set[str]] = {}
    failed: dict[str, set[str]] = {}
    for release, every in evaluated.items():
        for resource, values in every:
            for code, parameter in parameters_of(release, resource["resourceType"]).items():
                found, name = values.get(code, ()), f"{release} {resource['resourceType']} `{code}`"
                if isinstance(found, dict):
                    failed.setdefault(name, set()).add(found["failure"])
                elif not parameter.parts:
                    known = {*READ[parameter.kind].split(), *parameter.targets}
                    for kind in {kind for kind, _ in found} - known:
                        unread.setdefault(f"{name} ({parameter.kind})", set()).add(kind)
    yield from _listed("Values of types that the search type does not look at", unread)
    yield from _listed("What HL7's engine could not evaluate", failed)


def _listed(title: str, found: Mapping[str, set[str]]) -> Iterator[str]:
    yield ""
    yield f"## {title}"
    yield ""
    yield from (f"- {name}: {', '.join(sorted(items))}" for name, items in sorted(found.items()))
    if not found:
        yield "None."
