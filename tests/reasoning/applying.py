"""Applies the definitions of cases/*.yaml, or any others, and shows every release's result in one way.

- name: what comes of it
  releases: [r5]                       # all, unless it says so
  plan: {...}                          # or activity: what is applied; `url` and `status` are filled in
  with: [{resourceType: ...}]          # definitions that can be found
  data: {Patient/123: {...}}           # resources that can be read
  inputs: {practitioner: Practitioner/9, userLanguage: es}
  gives: {group.action.0.title: ...}   # paths as in tests/interactions/scenarios.py, see `Shown`
  refused: {code: not-supported, says: is in `text/cql`, at: PlanDefinition.action[0]}
"""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from fhir_service.fhir.dates import to_microseconds
from fhir_service.reasoning import Inputs, apply_activity, apply_plan
from fhir_service.reasoning.application import CONTEXT_NAMES
from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator

Json = dict[str, Any]

FOLDER = Path(__file__).parent / "cases"
NOW = "2026-11-25T09:30:00Z"


def cases(name: str) -> list[Any]:
    content: list[Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return content


def inputs(
    release: str,
    definitions: Iterable[Json] = (),
    data: dict[str, Json] | None = None,
    subject: str = "Patient/123",
    **given: Any,
) -> Inputs:
    """What a definition is applied to, with ids that count up; a code is enough for a concept."""
    numbers = itertools.count(1)
    context = {name: _concept(given.pop(name)) for name in CONTEXT_NAMES if name in given}
    return Inputs(
        release=RELEASES[release],
        subject=subject,
        find=finder(list(definitions)),
        read=(data or {}).get,
        now=to_microseconds(datetime.fromisoformat(NOW)),
        new_id=lambda: f"00000000-0000-4000-8000-{next(numbers):012}",
        context=context,
        validate=validator(RELEASES[release]).validate,
        **given,
    )


def finder(definitions: list[Json]) -> Callable[[str], Json | None]:
    def find(canonical: str) -> Json | None:
        url, _, version = canonical.partition("|")
        for one in definitions:
            if one.get("url") == url and version in ("", one.get("version")):
                return one
            if canonical == f"{one['resourceType']}/{one.get('id')}":
                return one
        return None

    return find


def apply_case(case: Json, release: str) -> Json:
    """What the case's definition gives, as `shown`."""
    given = inputs(
        release,
        map(completed, case.get("with", ())),
        case.get("data"),
        **copy.deepcopy(case.get("inputs", {})),
    )
    if "plan" in case:
        plan = completed({"resourceType": "PlanDefinition", **case["plan"]})
        before = json.dumps(plan)
        result = apply_plan(plan, given)
        assert json.dumps(plan) == before, "the definition was changed, which others share"
        return shown(result)
    activity = completed({"resourceType": "ActivityDefinition", **case["activity"]})
    return {"made": [apply_activity(activity, given)]}


def completed(definition: Json) -> Json:
    return {"status": "active", **definition} if definition["resourceType"] != "Questionnaire" else definition


def shown(result: Json) -> Json:
    """One view of both shapes: `result` itself, the plan's `group`, what else was `made`, and the `notes`."""
    if result["resourceType"] == "CarePlan":
        first, *made = result["contained"]
    else:
        first, *made = [entry["resource"] for entry in result["entry"]]
    notes = result.get("note", first.get("note", []))
    return {"result": result, "group": first, "made": made, "notes": [note["text"] for note in notes]}


def _concept(value: Any) -> Json:
    return {"coding": [{"code": value}]} if isinstance(value, str) else value
