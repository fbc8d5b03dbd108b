"""Template-based extraction: resources contained in the Questionnaire, filled with the answers.

https://build.fhir.org/ig/HL7/sdc/extraction.html#template-based-extraction

    templateExtract on the root   one template, filled from the response, also when nothing is answered
    templateExtract on an item    one template for each answered item of the response, filled from it
    templateExtractBundle         one whole Bundle, filled from the response
    extractAllocateId             a fresh urn:uuid, known to the item that has it and to all below it

All that stand on one element are done, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from fhir_service.errors import Unprocessable
from fhir_service.fhir.path import Item
from fhir_service.reasoning.extract.entry import CONDITIONS, Extracted
from fhir_service.reasoning.extract.template import fill
from fhir_service.reasoning.form import (
    SDC,
    Json,
    answered_below,
    by_link_id,
    extensions,
    is_answered,
    named,
    part,
    place,
    value_of,
)
from fhir_service.reasoning.form_expressions import Scope, evaluate

EXTRACT = f"{SDC}templateExtract"
EXTRACT_BUNDLE = f"{SDC}templateExtractBundle"
ALLOCATE_ID = f"{SDC}extractAllocateId"

MARKS = (EXTRACT, EXTRACT_BUNDLE)

NewId = Callable[[], str]


def extract(scope: Scope, new_id: NewId) -> Iterator[Extracted]:
    """What the templates of the Questionnaire make of the response."""
    root: Item = ("QuestionnaireResponse", scope.response, None)
    scope = _allocated(scope.questionnaire, scope, new_id)
    for extension in extensions(scope.questionnaire, EXTRACT_BUNDLE):
        yield from _of_bundle(extension, root, scope, new_id)
    yield from _of_templates(scope.questionnaire, root, scope, new_id)
    yield from _of_items(scope.questionnaire, scope.response, scope, new_id)


def _of_items(definition: Json, holder: Json, scope: Scope, new_id: NewId) -> Iterator[Extracted]:
    """In the order of the Questionnaire, each item of the response with what is below it."""
    given = by_link_id(one for one in answered_below(holder) if is_answered(one))
    for item in definition.get("item", ()):
        for answered in given.get(item["linkId"], ()):
            inner = _allocated(item, scope.at(item), new_id)
            focus: Item = ("QuestionnaireResponse.item", answered, None)
            yield from _of_templates(item, focus, inner, new_id)
            yield from _of_items(item, answered, inner, new_id)


def _of_templates(element: Json, focus: Item, scope: Scope, new_id: NewId) -> Iterator[Extracted]:
    for extension in extensions(element, EXTRACT):
        template = _template(part(extension, "template"), scope)
        for resource in fill(template, focus, scope):
            logical_id = _text(extension, "resourceId", focus, scope)
            if logical_id:
                resource = {"resourceType": resource["resourceType"], "id": logical_id, **_rest(resource)}
            conditions = {name: _text(extension, name, focus, scope) for name in CONDITIONS}
            yield Extracted(
                resource=resource,
                full_url=_text(extension, "fullUrl", focus, scope) or f"urn:uuid:{new_id()}",
                origin=scope.item,
                conditions={name: value for name, value in conditions.items() if value},
            )


def _of_bundle(extension: Json, focus: Item, scope: Scope, new_id: NewId) -> Iterator[Extracted]:
    template = _template(extension, scope)
    if template["resourceType"] != "Bundle":
        raise _faulty(f"templateExtractBundle names a {template['resourceType']}; allowed: a Bundle", scope)
    for bundle in fill(template, focus, scope):
        for entry in bundle.get("entry", ()):
            if "resource" not in entry:
                raise _faulty(f"an entry of template `#{template.get('id')}` has no resource", scope)
            yield Extracted(
                resource=entry["resource"],
                full_url=entry.get("fullUrl") or f"urn:uuid:{new_id()}",
                origin=scope.item,
                request=entry.get("request"),
            )


def _allocated(element: Json, scope: Scope, new_id: NewId) -> Scope:
    for extension in extensions(element, ALLOCATE_ID):
        name = extension.get("valueString")
        if not isinstance(name, str):
            raise _faulty("extractAllocateId has no `valueString`", scope)
        scope = scope.having(name, [("string", f"urn:uuid:{new_id()}", None)])
    return scope


def _template(holder: Json | None, scope: Scope) -> Json:
    """The contained resource that an extension refers to."""
    reference = (holder or {}).get("valueReference", {}).get("reference", "")
    for contained in scope.questionnaire.get("contained", ()):
        if reference == f"#{contained.get('id')}":
            found: Json = contained
            return found
    raise _faulty(f"the template `{reference}` is not contained in the Questionnaire", scope)


def _text(extension: Json, name: str, focus: Item, scope: Scope) -> str:
    """What the expression of one part gives, which is one text or nothing."""
    holder = part(extension, name)
    written = value_of(holder, scope.release) if holder else None
    if written is None:
        return ""
    items = evaluate(written[1], focus, scope, f"{name} of templateExtract")
    if len(items) > 1 or any(not isinstance(item[1], str) for item in items):
        raise _faulty(f"{name} of templateExtract takes one string, not {len(items)} values", scope)
    return str(items[0][1]) if items else ""


def _rest(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name not in ("resourceType", "id")}


def _faulty(text: str, scope: Scope) -> Unprocessable:
    return Unprocessable(f"{named(scope.item)}: {text}.", expression=(place(scope.item),))
