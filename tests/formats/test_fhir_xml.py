import json
import xml.etree.ElementTree as ElementTree
from typing import Any

import pytest

from fhir_service.errors import Invalid, NotAcceptable
from fhir_service.fhir.bundle import Found, searchset
from fhir_service.formats import fhir_json, fhir_xml
from fhir_service.releases import R4, R4B, R5, RELEASES, Release

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


def written(resource: dict[str, Any], release: Release = R4) -> str:
    body = fhir_xml.encode(fhir_json.dump(resource), False, release).decode()
    return body.removeprefix('<?xml version="1.0" encoding="UTF-8"?>').replace(
        ' xmlns="http://hl7.org/fhir"', ""
    )


def patient(content: str, attributes: str = "") -> bytes:
    return f'<Patient xmlns="http://hl7.org/fhir"{attributes}>{content}</Patient>'.encode()


def read(content: str, release: Release = R4) -> dict[str, Any]:
    resource = fhir_xml.decode(patient(content), release)
    assert resource.pop("resourceType") == "Patient"
    return resource


def refusal(body: bytes, release: Release = R4) -> str:
    with pytest.raises(Invalid) as refused:
        fhir_xml.decode(body, release)
    return refused.value.issues[0].diagnostics


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"active": True, "id": "a"}, '<id value="a"/><active value="true"/>'),
        ({"name": [{"given": ["A", "B"]}]}, '<name><given value="A"/><given value="B"/></name>'),
        ({"multipleBirthInteger": 2}, '<multipleBirthInteger value="2"/>'),
        ({"birthDate": "1990", "_birthDate": {"id": "b"}}, '<birthDate id="b" value="1990"/>'),
        (
            {"_birthDate": {"extension": [{"url": "u", "valueDecimal": 1}]}},
            '<birthDate><extension url="u"><valueDecimal value="1"/></extension></birthDate>',
        ),
        (
            {"name": [{"given": ["A", None], "_given": [None, {"id": "b"}]}]},
            '<name><given value="A"/><given id="b"/></name>',
        ),
        ({"name": [{"id": "n", "text": "x"}]}, '<name id="n"><text value="x"/></name>'),
        (
            {"contained": [{"resourceType": "Patient", "id": "p"}]},
            '<contained><Patient><id value="p"/></Patient></contained>',
        ),
        (
            {"text": {"status": "empty", "div": f"{DIV}a</div>"}},
            f'<text><status value="empty"/>{DIV}a</div></text>',
        ),
    ],
)
def test_a_resource_is_written_and_read_as_the_specification_says(
    resource: dict[str, Any], expected: str
) -> None:
    assert written({"resourceType": "Patient", **resource}) == f"<Patient>{expected}</Patient>"
    assert read(expected) == resource


@pytest.mark.parametrize("release", RELEASES.values(), ids=str)
def test_elements_are_written_in_the_order_of_the_definitions(release: Release) -> None:
    resource = {
        "contact": [{"gender": "male", "name": {}}],
        "active": True,
        "resourceType": "Patient",
        "id": "x",
    }
    body = written(resource, release)
    assert body == (
        '<Patient><id value="x"/><active value="true"/>'
        '<contact><name/><gender value="male"/></contact></Patient>'
    )


def test_types_that_only_r4_has_are_covered() -> None:
    resource = {"resourceType": "MedicinalProduct", "name": [{"productName": "x"}]}
    body = fhir_xml.encode(fhir_json.dump(resource), False, R4)
    assert fhir_xml.decode(body, R4) == resource
    assert "no resource type `MedicinalProduct`" in refusal(body, R4B)


def test_text_survives_an_attribute_whatever_it_holds() -> None:
    text = " a\tb\r\n\nc <d> & \"e\" 'f' \u00a0\u0085\u2028 😀 "
    body = fhir_xml.encode(fhir_json.dump({"resourceType": "Patient", "language": text}), False, R4)
    assert fhir_xml.decode(body, R4)["language"] == text
    assert ElementTree.fromstring(body)[0].get("value") == text


def test_a_decimal_keeps_its_text_in_xml() -> None:
    quantities = b'"valueQuantity":{"value":1.10},"referenceRange":[{"low":{"value":1e2}}]'
    observation = b'{"resourceType":"Observation",' + quantities + b"}"
    body = fhir_xml.encode(observation, False, R4)
    assert b'value="1.10"' in body and b'value="1e2"' in body
    returned = fhir_json.dump(fhir_xml.decode(body, R4))
    assert b"1.10" in returned and b"1e2" in returned


def test_an_integer64_is_a_string_in_json() -> None:
    resource = {"resourceType": "Patient", "photo": [{"size": "9007199254740993"}]}
    assert fhir_xml.decode(fhir_xml.encode(fhir_json.dump(resource), False, R5), R5) == resource


def test_a_searchset_is_written_with_its_resources() -> None:
    entry = Found("urn:a", b'{"resourceType":"Patient","id":"a"}', "match")
    body = fhir_xml.encode(searchset([entry], [("self", "urn:self?a=b&c=d")], 1), False, R4)
    assert fhir_xml.decode(body, R4) == json.loads(searchset([entry], [("self", "urn:self?a=b&c=d")], 1))


def test_pretty_writes_each_element_on_its_line_and_means_the_same() -> None:
    resource = {
        "resourceType": "Patient",
        "text": {"status": "empty", "div": f"{DIV} a <b>b</b></div>"},
        "contained": [{"resourceType": "Patient", "id": "p"}],
    }
    body = fhir_xml.encode(fhir_json.dump(resource), True, R4)
    assert (
        body.decode()
        == f"""<?xml version="1.0" encoding="UTF-8"?>
<Patient xmlns="http://hl7.org/fhir">
  <text>
    <status value="empty"/>
    {DIV} a <b>b</b></div>
  </text>
  <contained>
    <Patient>
      <id value="p"/>
    </Patient>
  </contained>
</Patient>
"""
    )
    assert fhir_xml.decode(body, R4) == resource


@pytest.mark.parametrize(
    "division",
    [
        f"{DIV}&quot;a&quot; &#160; <br /><br/>\r\n<p class='x>'>b</p><!-- c --></div>",
        '<div xmlns="http://www.w3.org/1999/xhtml"/>',
        f"{DIV}<div/></div>",
        f"{DIV}<![CDATA[ <b> ]]></div>",
        f'{DIV}<p xml:lang="de">Füße 😀</p></div>',
    ],
)
def test_a_narrative_is_kept_to_the_letter(division: str) -> None:
    resource = {"resourceType": "Patient", "text": {"status": "empty", "div": division}, "active": True}
    assert fhir_xml.decode(fhir_xml.encode(fhir_json.dump(resource), False, R4), R4) == resource


def test_a_narrative_takes_its_namespace_along() -> None:
    body = b"""<f:Patient xmlns:f="http://hl7.org/fhir" xmlns="http://www.w3.org/1999/xhtml"
        ><f:text><f:status value="empty"/><div>a</div></f:text></f:Patient>"""
    assert fhir_xml.decode(body, R4)["text"]["div"] == f"{DIV}a</div>"
    prefixed = '<text><status value="empty"/><h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p>a</h:p></h:div></text>'
    assert read(prefixed)["text"]["div"] == f"{DIV}<p>a</p></div>"


def test_comments_instructions_and_schema_locations_are_dropped() -> None:
    schema = "http://www.w3.org/2001/XMLSchema-instance"
    location = f' xmlns:xsi="{schema}" xsi:schemaLocation="http://hl7.org/fhir patient.xsd"'
    body = (
        b"<!-- a --><?b c?>\n"
        + patient('<!-- d --><?e f?>\n<active value="true"/>\n', location)
        + b"<!-- g -->"
    )
    assert fhir_xml.decode(body, R4) == {"resourceType": "Patient", "active": True}


def test_a_byte_order_mark_and_a_declaration_are_read() -> None:
    body = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>' + patient('<language value="\xc3\xbc"/>')
    assert fhir_xml.decode(body, R4)["language"] == "Ã¼"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('<nam value="a"/>', "`Patient` has no element `nam` in R4; it has: id, meta,"),
        ("<name><first/></name>", "`HumanName` has no element `first` in R4; it has: extension, use, text,"),
        ('<valueString value="a"/>', "multipleBirth[x]"),
        ('<active value="true"/><active value="true"/>', "`active` is given twice"),
        ('<active value="true"/><id value="a"/>', "`id` stands after `active`"),
        ('<active value="yes"/>', "`yes` is no boolean"),
        ('<multipleBirthInteger value="1.0"/>', "`1.0` is no integer"),
        ('<multipleBirthInteger value="99999999999999999999"/>', "is no integer"),
        ('<extension url="u"><valueDecimal value="1,5"/></extension>', "`1,5` is no decimal"),
        ('<extension url="u"><valueDecimal value="1e999"/></extension>', "out of range"),
        ("<active/>", "`active` is empty"),
        ("<name></name>", "`name` is empty"),
        ("<contained/>", "`contained` is empty"),
        ("<contained><Patient/><Patient/></contained>", "One element holds one resource"),
        ("<contained><Human/></contained>", "R4 has no resource type `Human`"),
        ('<active value="true" x="y"/>', "`active` has no attribute `x`"),
        ('<name value="a"/>', "`name` has no attribute `value`"),
        ('<active value="true">x</active>', "Text may stand in a narrative's div only"),
        ('<active value="true"><id value="a"/></active>', "`boolean` has no element `id`"),
        ('<text><status value="empty"/><div>a</div></text>', "`div` is in the wrong namespace"),
        ('<extension><url value="u"/></extension>', "`Extension` has no element `url`"),
        ('<active xmlns="urn:x" value="true"/>', "`active` is in the wrong namespace `urn:x`"),
        ("<name>", "malformed: mismatched tag"),
        ('<language value="&nbsp;"/>', "malformed: undefined entity"),
        ('<language value="&#0;"/>', "malformed: reference to invalid character number"),
        ('<language value="&#xD800;"/>', "malformed: reference to invalid character number"),
    ],
)
def test_what_the_definitions_do_not_have_is_refused_by_name(content: str, reason: str) -> None:
    told = refusal(patient(content))
    assert reason in told and "(line 1, column " in told


def test_a_refusal_says_where_in_fhirpath() -> None:
    with pytest.raises(Invalid) as refused:
        fhir_xml.decode(patient('<name><text value="a"/></name>\n<name><given value="b"/><x/></name>'), R4)
    (issue,) = refused.value.issues
    assert issue.expression == ("Patient.name[1]",) and issue.diagnostics.endswith("(line 2, column 25).")


ENTITY = b'<!ENTITY a "a">'
BOMB = b"".join(b'<!ENTITY %c "%s">' % (98 + i, (b"&%c;" % (97 + i)) * 10) for i in range(9))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (
            b"<!DOCTYPE p [" + ENTITY + BOMB + b"]>" + patient('<language value="&j;"/>'),
            "document type declaration",
        ),
        (
            b'<!DOCTYPE p [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + patient('<language value="&a;"/>'),
            "document type declaration",
        ),
        (b'\n<!DOCTYPE p SYSTEM "http://127.0.0.1/p.dtd">' + patient(""), "not allowed (line 2, column 1)"),
        (patient('<language value="\xff"/>').replace(b"\xc3\xbf", b"\xff"), "not UTF-8"),
        (patient('<language value="a"/>').decode().encode("utf-16"), "not UTF-8"),
        (b'<?xml version="1.0" encoding="UTF-16"?>' + patient(""), "encoding UTF-16 is not allowed"),
        (b'<?xml version="1.0" encoding="latin-1"?>' + patient(""), "encoding latin-1 is not allowed"),
        (patient("<contact><extension>" * 90_000), "deeper than 128 levels"),
        (patient("<text><status value='empty'/>" + DIV + "<b>" * 90_000), "deeper than 128 levels"),
        (patient("<contained><Bundle><entry><resource><Patient>" * 200), "deeper than 128 levels"),
        (b"", "no element found"),
        (b"{}", "malformed: not well-formed"),
        (b"<Patient/>", "a resource is in http://hl7.org/fhir"),
        (patient("") + patient(""), "malformed: junk after document element"),
        (b'<Element xmlns="http://hl7.org/fhir"/>', "no resource type `Element`"),
    ],
)
def test_hostile_xml_is_refused(body: bytes, reason: str) -> None:
    if "deeper" in reason:
        body = body.replace(b"<contact><extension>", b'<extension url="u">')
    assert reason in refusal(body)


def test_what_is_read_is_never_deeper_than_json_may_be() -> None:
    deep = '<extension url="u">' * 100 + '<valueBoolean value="true"/>' + "</extension>" * 100
    assert "deeper than 128 levels" in refusal(patient(deep))
    shallow = '<extension url="u">' * 60 + '<valueBoolean value="true"/>' + "</extension>" * 60
    assert fhir_json.parse(fhir_json.dump(read(shallow))) == read(shallow)


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        ({"nam": 1}, "`Patient` has no element `nam` in R4"),
        ({"_name": {"id": "a"}}, "`Patient` has no element `_name`"),
        ({"resourceType": "Human"}, "no resource type `Human`"),
        ({"contained": [{"id": "a"}]}, "no resource type `None`"),
        ({"name": ["a"]}, "`name` is no object"),
        ({"active": {"a": 1}}, "the value of an element is dict"),
        ({"language": "a\ufffe"}, "a character that XML does not allow"),
        ({"text": {"div": f"{DIV}<p></div>"}}, "mismatched tag"),
        ({"text": {"div": f"{DIV}</div><active/>"}}, "junk after document element"),
        ({"text": {"div": "<div>a</div>"}}, "one div in the namespace"),
        ({"text": {"div": f"<?xml version='1.0'?>{DIV}</div>"}}, "must start with <div"),
        ({"text": {"div": f"<!DOCTYPE div>{DIV}</div>"}}, "document type declaration"),
        ({"text": {"div": 1}}, "div is no string"),
    ],
)
def test_what_xml_has_no_place_for_is_not_acceptable_as_xml(resource: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotAcceptable, match="cannot be written as XML") as refused:
        written({"resourceType": "Patient", **resource})
    assert reason in refused.value.issues[0].diagnostics
