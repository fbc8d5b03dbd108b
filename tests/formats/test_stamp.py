"""A stamped resource is the same bytes, whether or not the JSON that it was parsed from is at hand."""

from pathlib import Path

import pytest

from fhir_service.content.published import RESOURCES
from fhir_service.formats import fhir_json
from fhir_service.formats.meta import stamp

AS_WRITTEN = [
    '{"resourceType":"Basic","id":"a"}',
    '{"resourceType":"Basic","id":"a","language":"en"}',
    '{"resourceType":"Basic","id":"a","meta":{"tag":[{"code":"x, y"}]},"language":"en"}',
    '{"resourceType":"Basic","id":"a","meta":{"versionId":"7","lastUpdated":"2020-01-01T00:00:00Z"},"x":1.10}',
    '{"resourceType":"Basic","id":"a","x":"a \\"b\\" , {\\n: \\\\u00e9 ä \\t"}',
    '{"resourceType":"Basic","meta":{"profile":["http://p.test"]},"language":"en"}',
    '{"resourceType":"Basic","id":"a\\"b\\\\","language":""," ":["","",": , "]}',
    '{"resourceType":"Basic","id":"None","x":" "}',
]
OTHERWISE = [
    '{"id":"a","resourceType":"Basic","language":"en"}',
    '{"resourceType":"Basic","id":"a","language":"en","meta":{"tag":[]}}',
    '{"resourceType":"Basic","id":"a", "language":"en"}',
    '{"resourceType":"Basic","id":"a","meta":{"tag": []},"language":"en"}',
    '{"resourceType":"Basic","id":"a",\n"language":"en"}',
    '{"resourceType":"Basic","id":"a","language":"e\\u006e"}',
    '{"resourceType":"Basic","id":"a","implicitRules":"http:\\/\\/a.test"}',
    '{"resourceType":"Basic","id":"a","x":"" ,"y":" "}',
    '{"resourceType":"Basic","id":"a","x":["",""\t]}',
    '\ufeff{"resourceType":"Basic","id":"a"}',
    '{"language":"en"}',
]


@pytest.mark.parametrize("text", [*AS_WRITTEN, *OTHERWISE])
def test_what_a_resource_was_parsed_from_changes_nothing(text: str) -> None:
    body = text.encode()
    resource = fhir_json.parse(body)
    stamped = stamp(resource, 3, 1_000_000, body)
    assert stamped == stamp(resource, 3, 1_000_000)
    assert fhir_json.parse(stamped)["meta"]["versionId"] == "3"


def test_built_content_is_stamped_alike() -> None:
    files = sorted(Path(RESOURCES).rglob("fhir/r4/*.json"))
    for body in (file.read_bytes() for file in files):
        resource = fhir_json.parse(body)
        for written in (body, fhir_json.dump(resource)):
            assert stamp(resource, 1, 0, written) == stamp(resource, 1, 0)
    assert len(files) > 20


@pytest.mark.parametrize("text", [*AS_WRITTEN, *OTHERWISE])
def test_what_is_compact_is_what_would_be_written(text: str) -> None:
    body = text.encode()
    written = fhir_json.dump(fhir_json.parse(body))
    assert fhir_json.is_compact(body) is (written == body.removeprefix(b"\xef\xbb\xbf"))
