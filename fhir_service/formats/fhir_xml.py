"""FHIR's XML format, read and written by the release's definitions.

https://hl7.org/fhir/R4/xml.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fhir_service.formats import fhir_json
from fhir_service.formats.xml_reading import read
from fhir_service.formats.xml_writing import write

if TYPE_CHECKING:
    from fhir_service.releases import Release

CODE = "xml"
MEDIA_TYPES: tuple[str, ...] = ("application/fhir+xml", "application/xml", "text/xml")


def decode(body: bytes, release: Release) -> dict[str, Any]:
    """The resource that a client sent, as the JSON object it stands for.

    :raises Invalid: malformed or unsafe XML, or not what the release defines
    """
    return read(body, release)


def encode(body: bytes, pretty: bool, release: Release) -> bytes:
    """A FHIR JSON body as XML.

    :raises NotAcceptable: it holds what XML has no place for
    """
    return write(fhir_json.parse(body), release, pretty)
