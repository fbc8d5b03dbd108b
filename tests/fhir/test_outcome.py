from xml.etree import ElementTree

from fhir_service.errors import Issue
from fhir_service.fhir.outcome import outcome


def test_each_issue_is_reported_with_its_expression() -> None:
    first = Issue("error", "invalid", "bad", ("http._count",))
    reported = outcome([first, Issue("warning", "not-supported", "x")])
    assert reported["issue"] == [
        {"severity": "error", "code": "invalid", "diagnostics": "bad", "expression": ["http._count"]},
        {"severity": "warning", "code": "not-supported", "diagnostics": "x"},
    ]


def test_what_a_client_sent_cannot_break_the_narrative() -> None:
    reported = outcome([Issue("error", "invalid", "<script>&\x00\x0b\ud800\uffff")])
    (paragraph,) = ElementTree.fromstring(reported["text"]["div"])
    assert paragraph.text == "<script>&����"


def test_endless_input_is_cut() -> None:
    (issue,) = outcome([Issue("error", "invalid", "x" * 100_000)])["issue"]
    assert len(issue["diagnostics"]) < 1100


def test_diagnostics_are_never_blank() -> None:
    (issue,) = outcome([Issue("error", "invalid", " ")])["issue"]
    assert issue["diagnostics"]
