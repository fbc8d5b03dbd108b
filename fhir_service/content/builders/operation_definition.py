"""OperationDefinition: each operation of the service, from the declaration by which it is routed.

https://hl7.org/fhir/R4/operationdefinition.html

Its `base` is HL7's definition of the same operation: ours lists the parameters that are supported here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from fhir_service.operations import OPERATIONS
from fhir_service.operations.declaration import ANY, LEVELS, Input, Operation, Output

from ..narrative import labelled, paragraph
from .artifact import finished, metadata
from .context import Context
from .datatypes import Element, Resource


def build_common(context: Context) -> Iterable[Resource]:
    for operation in OPERATIONS:
        yield _operation_definition(context, operation)


def _operation_definition(context: Context, operation: Operation) -> Resource:
    resource = metadata(
        context,
        "OperationDefinition",
        operation.definition_id,
        title=operation.title,
        description=operation.documentation,
    )
    del resource["copyright"]  # no words of a topic are in it
    resource |= {"kind": "operation", "affectsState": operation.affects_state, "code": operation.code}
    if operation.canonical:
        resource["base"] = operation.canonical
    if operation.types:
        resource["resource"] = list(operation.types)
    resource |= {level: level in operation.levels for level in LEVELS}
    parameters = [*_parameters(operation.inputs, context), *_parameters(operation.outputs, context)]
    if parameters:
        resource["parameter"] = parameters
    blocks = [
        paragraph(operation.documentation),
        labelled("Code", f"${operation.code}"),
        labelled("At", ", ".join(operation.levels)),
    ]
    return finished(context, resource, blocks)


def _parameters(declared: Sequence[Input | Output], context: Context) -> Iterator[Element]:
    """Those that are supported, under the release's own names, with the parts of each."""
    for one in declared:
        name = one.name_in(context.release.name)
        if name is None or (isinstance(one, Input) and not one.supported):
            continue
        element: Element = {"name": name, "use": one.use}
        if one.levels and context.is_r5:
            element["scope"] = list(one.levels)
        element |= {
            "min": one.minimum,
            "max": "*" if one.maximum is None else str(one.maximum),
            "documentation": one.documentation,
        }
        if one.parts:
            element["part"] = list(_parameters(one.parts, context))
        else:
            element["type"] = "Element" if one.type == ANY else one.type
        yield element
