from dataclasses import replace

import pytest

from fhir_service.dispatch import dispatch, find
from fhir_service.errors import Contended, MethodNotAllowed, NotFound
from fhir_service.exchange import Request, Response, Services
from fhir_service.interactions import INTERACTIONS, read, switched
from fhir_service.releases import R4
from tests.memory_store import MemoryStore, services_over


@pytest.fixture
def services() -> Services:
    return replace(services_over(MemoryStore()), interactions=INTERACTIONS)


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
        ("GET", "Medication/ivig/_history", "history-instance", ("Medication", "ivig", "")),
        ("GET", "Medication/_history", "history-type", ("Medication", "", "")),
        ("GET", "_history", "history-system", ("", "", "")),
        ("POST", "Medication", "create", ("Medication", "", "")),
        ("PUT", "Medication/ivig", "update", ("Medication", "ivig", "")),
        ("PUT", "Medication", "update", ("Medication", "", "")),
        ("PATCH", "Medication/ivig", "patch", ("Medication", "ivig", "")),
        ("PATCH", "Medication", "patch", ("Medication", "", "")),
        ("DELETE", "Medication/ivig", "delete", ("Medication", "ivig", "")),
        ("DELETE", "Medication", "delete", ("Medication", "", "")),
        ("POST", "", "batch", ("", "", "")),
        ("GET", "", "search-system", ("", "", "")),
        ("POST", "_search", "search-system", ("", "", "")),
        ("GET", "Patient/p/Library", "search-compartment", ("Library", "p", "")),
        ("POST", "Patient/p/Library/_search", "search-compartment", ("Library", "p", "")),
        ("GET", "Patient/p/*", "search-compartment", ("", "p", "")),
        ("POST", "Patient/p/_search", "search-compartment", ("", "p", "")),
    ],
)
def test_a_path_leads_to_its_interaction(
    services: Services, method: str, path: str, code: str, named: tuple[str, str, str]
) -> None:
    interaction, filled = find(request(method, path), services)
    assert interaction.code == code
    assert (filled.type_name, filled.logical_id, filled.version_id) == named


@pytest.mark.parametrize(
    ("path", "issue_code"),
    [
        ("Medication/$validate", "not-supported"),
        ("Medication/ivig/$apply", "not-supported"),
        ("$export", "not-supported"),
        ("medication/ivig", "not-found"),
        ("Medication//ivig", "not-found"),
        ("Medication/ivig/_history/1/more", "not-found"),
        ("Medication/_tag", "not-found"),
    ],
)
def test_a_path_without_interaction_is_not_found(services: Services, path: str, issue_code: str) -> None:
    with pytest.raises(NotFound) as caught:
        find(request("GET", path), services)
    assert caught.value.issues[0].code == issue_code


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("metadata", ("GET", "HEAD", "OPTIONS")),
        ("Medication/ivig", ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS")),
        ("Medication/ivig/_history", ("GET", "HEAD", "OPTIONS")),
        ("", ("GET", "HEAD", "POST", "OPTIONS")),
        ("Medication/_search", ("POST", "OPTIONS")),
        ("nowhere", ()),
    ],
)
def test_the_methods_of_a_path_come_from_the_registry(
    services: Services, path: str, allowed: tuple[str, ...]
) -> None:
    assert services.routes.methods(path) == allowed


def test_another_method_is_refused_with_those_that_work(services: Services) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        find(request("DELETE", "Medication/ivig/_history/1"), services)
    assert caught.value.headers == {"Allow": "GET, HEAD, OPTIONS"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "Medication"),
        ("PUT", "Medication/ivig"),
        ("PATCH", "Medication/ivig"),
        ("DELETE", "Medication/ivig"),
    ],
)
def test_where_writing_is_off_the_setting_is_named(services: Services, method: str, path: str) -> None:
    on, off = switched("off")
    with pytest.raises(MethodNotAllowed, match="FHIR_SERVICE_WRITES") as caught:
        find(request(method, path), replace(services, interactions=on, switched_off=off))
    assert caught.value.headers == {"Allow": "GET, HEAD, OPTIONS"}


def test_what_another_writer_was_in_the_way_of_is_done_again(services: Services) -> None:
    tried = []

    def handle(request: Request, services: Services) -> Response:
        tried.append(request.path)
        if len(tried) < 3:
            raise Contended("busy")
        return Response(body=b"{}")

    stubborn = replace(services, interactions=(replace(read.INTERACTION, handle=handle),))
    assert dispatch(request("GET", "Medication/ivig"), stubborn).body == b"{}"
    assert len(tried) == 3


def test_what_is_always_contended_is_a_conflict_in_the_end(services: Services) -> None:
    def handle(request: Request, services: Services) -> Response:
        raise Contended("busy")

    hopeless = replace(services, interactions=(replace(read.INTERACTION, handle=handle),))
    with pytest.raises(Contended) as caught:
        dispatch(request("GET", "Medication/ivig"), hopeless)
    assert (caught.value.status, caught.value.issues[0].code) == (409, "transient")
