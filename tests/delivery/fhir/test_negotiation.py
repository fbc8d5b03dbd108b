import pytest

from fhir_service.delivery.fhir.negotiation import flag, negotiate, preferences, require_form
from fhir_service.errors import Invalid, NotAcceptable, UnsupportedMediaType

ONLY_R4 = ("r4",)
ALL = ("r4", "r4b", "r5")
FHIR = "application/fhir+json; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", FHIR),
        ("*/*", FHIR),
        ("application/*", FHIR),
        ("application/fhir+json", FHIR),
        ("APPLICATION/FHIR+JSON", FHIR),
        ("application/json", "application/json; charset=utf-8"),
        ("text/json", "text/json; charset=utf-8"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/xml; charset=utf-8"),
        ("application/fhir+xml", "application/fhir+xml; charset=utf-8"),
        ("application/fhir+xml;q=0.9, application/fhir+json;q=0.8", "application/fhir+xml; charset=utf-8"),
        ("application/fhir+json;q=0.2, application/json;q=0.9", "application/json; charset=utf-8"),
        ("application/fhir+json;q=0, */*", "application/json; charset=utf-8"),
        ("application/json, application/fhir+json", "application/json; charset=utf-8"),
        ("*/*, application/json", "application/json; charset=utf-8"),
        ("application/fhir+json;fhirVersion=4.0", f"{FHIR}; fhirVersion=4.0"),
        ("application/fhir+json;charset=utf-8;fhirVersion=4.0.1;q=0.5", f"{FHIR}; fhirVersion=4.0"),
        ('application/fhir+json; fhirVersion="4.0"', f"{FHIR}; fhirVersion=4.0"),
        ('text/x;title="a,b;c", application/fhir+json', FHIR),
        ("application/fhir+json;q=nonsense", FHIR),
    ],
)
def test_accept_chooses_the_content_type(accept: str, content_type: str) -> None:
    assert negotiate(accept, None, ONLY_R4).content_type == content_type


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/fhir+turtle",
        "application/fhir+json;q=0",
        "*/*;q=0",
        "application/fhir+json;fhirVersion=5.0",
        "application/fhir+json;fhirVersion=3.0",
        "nonsense",
    ],
)
def test_nothing_acceptable_is_refused_with_what_is_offered(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiate(accept, None, ONLY_R4)
    said = caught.value.issues[0].diagnostics
    assert accept in said
    assert "application/fhir+json" in said
    assert "4.0 (R4)" in said


@pytest.mark.parametrize(
    ("format_parameter", "content_type"),
    [
        ("json", FHIR),
        ("application/fhir+json", FHIR),
        ("application/fhir json", FHIR),  # the + of a query string that nobody encoded
        ("application/json", "application/json; charset=utf-8"),
        ("text/json", "text/json; charset=utf-8"),
        ("application/fhir json; fhirVersion=4.0", f"{FHIR}; fhirVersion=4.0"),
    ],
)
def test_format_overrides_accept(format_parameter: str, content_type: str) -> None:
    assert negotiate("text/html", format_parameter, ONLY_R4).content_type == content_type


@pytest.mark.parametrize("format_parameter", ["", "ttl", "html", "nonsense", "application/fhir+turtle"])
def test_an_unknown_format_is_not_acceptable(format_parameter: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        negotiate("*/*", format_parameter, ONLY_R4)
    assert caught.value.issues[0].expression == ("http._format",)


@pytest.mark.parametrize(
    ("accept", "release"),
    [
        ("", "R4"),
        ("application/fhir+json", "R4"),
        ("application/fhir+json;fhirVersion=4.3", "R4B"),
        ("application/fhir+json;fhirVersion=5.0", "R5"),
        ("application/fhir+json;fhirVersion=5.0.0", "R5"),
        ("application/fhir+json;fhirVersion=5.0, */*;q=0.1", "R5"),
        ("application/fhir+json;fhirVersion=5.0;q=0.1, */*", "R4"),
        ("application/fhir+json;fhirVersion=3.0, application/fhir+json;fhirVersion=4.3", "R4B"),
    ],
)
def test_fhir_version_chooses_among_releases(accept: str, release: str) -> None:
    assert negotiate(accept, None, ALL).release.label == release


@pytest.mark.parametrize(
    ("prefer", "default", "lenient"),
    [
        ("", "strict", False),
        ("", "lenient", True),
        ("handling=lenient", "strict", True),
        ("handling=strict", "lenient", False),
        ("return=minimal, handling=lenient", "strict", True),
        ("return=minimal; handling=lenient", "strict", True),
        ('Handling="lenient"', "strict", True),
        ("handling=whatever", "strict", False),
        ("handling=strict, handling=lenient", "strict", False),  # RFC 7240, section 2
    ],
)
def test_prefer_says_how_unknown_parameters_are_taken(prefer: str, default: str, lenient: bool) -> None:
    assert preferences(prefer, default).lenient is lenient


def test_a_flag_is_true_or_false() -> None:
    assert flag("_pretty", ["true"]) is True
    assert flag("_pretty", []) is False
    for values in (["yes"], ["true", "false"]):
        with pytest.raises(Invalid):
            flag("_pretty", values)


def test_only_a_form_is_a_search_body() -> None:
    require_form("application/x-www-form-urlencoded; charset=utf-8")
    with pytest.raises(UnsupportedMediaType):
        require_form("application/json")
