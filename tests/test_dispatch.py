import pytest

from fhir_service.dispatch import allowed_methods, find
from fhir_service.errors import MethodNotAllowed, NotFound
from fhir_service.exchange import Request
from fhir_service.releases import R4


def request(method: str, path: str) -> Request:
    return Request(release=R4, base="http://localhost/fhir/r4", method=method, path=path)


@pytest.mark.parametrize(
    ("method", "path", "code", "named"),
    [
        ("GET", "metadata", "capabilities", ("", "", "")),
        ("GET", "Medication", "search-type", ("Medication", "", "")),
        ("POST", "Medication/_search", "search-type", ("Medication", "", "")),
        ("GET", "Medication/ivig", "read", ("Medication", "ivig", "")),
        ("GET", "Medication/ivig/_history/2", "vread", ("Medication", "ivig", "2")),
    ],
)
def test_a_path_leads_to_its_interaction(
    method: str, path: str, code: str, named: tuple[str, str, str]
) -> None:
    interaction, filled = find(request(method, path))
    assert interaction.code == code
    assert (filled.type_name, filled.logical_id, filled.version_id) == named


@pytest.mark.parametrize(
    ("path", "issue_code"),
    [
        ("", "not-supported"),
        ("Medication/$validate", "not-supported"),
        ("Medication/ivig/$apply", "not-supported"),
        ("$export", "not-supported"),
        ("Medication/ivig/_history", "not-supported"),
        ("_history", "not-supported"),
        ("medication/ivig", "not-found"),
        ("Medication//ivig", "not-found"),
        ("Medication/ivig/_history/1/more", "not-found"),
        ("Medication/_tag", "not-found"),
    ],
)
def test_a_path_without_interaction_is_not_found(path: str, issue_code: str) -> None:
    with pytest.raises(NotFound) as caught:
        find(request("GET", path))
    assert caught.value.issues[0].code == issue_code


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("metadata", ("GET", "HEAD", "OPTIONS")),
        ("Medication/ivig", ("GET", "HEAD", "OPTIONS")),
        ("Medication/_search", ("POST", "OPTIONS")),
        ("nowhere", ()),
    ],
)
def test_the_methods_of_a_path_come_from_the_registry(path: str, allowed: tuple[str, ...]) -> None:
    assert allowed_methods(path) == allowed


def test_another_method_is_refused_with_those_that_work() -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        find(request("DELETE", "Medication/ivig"))
    assert caught.value.headers == {"Allow": "GET, HEAD, OPTIONS"}
