"""ImplementationGuide: what a package is called, and everything that is in it.

https://hl7.org/fhir/R4/implementationguide.html and https://hl7.org/fhir/R4/packages.html

Its id is the package's own, as HL7's publisher has it. Whoever writes the package (`content/package.py`)
takes all that package.json says from here.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..narrative import labelled, paragraph
from .artifact import finished, metadata
from .context import Context
from .datatypes import Element, Resource


def build_guide(context: Context, resources: Iterable[Resource], examples: Iterable[Resource]) -> Resource:
    """The guide of one release over all that the release has, shared and by topic."""
    publisher = context.publisher
    package = publisher.packages[context.release.name]
    title = f"{publisher.name}: all topics, FHIR {context.release.fhir_version}"
    guide = metadata(
        context, "ImplementationGuide", package, title=title, description=context.notices.absence
    )
    guide["name"] = "".join(part[:1].upper() + part[1:] for part in package.split("."))
    guide |= {"packageId": package, "fhirVersion": [context.release.fhir_version]}
    listed = [_resource(one) for one in resources]
    listed += [_resource(one) | _as_example(context, one) for one in examples]
    listed.sort(key=lambda one: str(one["reference"]["reference"]))
    guide["definition"] = {"resource": listed}
    blocks = [
        paragraph(title),
        paragraph(context.notices.absence),
        labelled("Package", f"{package}#{publisher.version}"),
    ]
    return finished(context, guide, blocks)


def _resource(resource: Resource) -> Element:
    # A person's name is no string, and where there is one the id says as much.
    names = (resource.get("title"), resource.get("name"), resource["id"])
    name = next(name for name in names if isinstance(name, str))
    return {"reference": {"reference": f"{resource['resourceType']}/{resource['id']}"}, "name": name}


def _as_example(context: Context, example: Resource) -> Element:
    profiles: list[str] = example["meta"].get("profile", [])
    if context.is_r5:
        return {"isExample": True, **({"profile": profiles} if profiles else {})}
    return {"exampleCanonical": profiles[0]} if profiles else {"exampleBoolean": True}
