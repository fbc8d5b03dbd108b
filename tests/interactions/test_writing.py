"""Writing's own rules: what a package owns, what a client decides, what limits there are."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from fhir_service.content.load import Package, load_packages
from fhir_service.errors import Conflict, Gone, Issue, MethodNotAllowed, NotFound, ServiceError, TooLarge
from fhir_service.exchange import Pairs, Request, Services
from fhir_service.formats.fhir_json import is_same
from fhir_service.interactions import entries
from fhir_service.releases import R4, Release
from fhir_service.store.relational import RelationalStore
from tests.interactions import writers
from tests.interactions.writers import ask, parsed

CANONICAL = "https://education.test/fhir/package"


@pytest.fixture
def services(store: RelationalStore) -> Services:
    return writers.services_over(store)


@pytest.fixture
def packaged(store: RelationalStore, services: Services) -> Services:
    """One resource that a package brought."""
    package = Package(CANONICAL, "1.2.3", "r4", {("Basic", "b"): b'{"resourceType":"Basic","id":"b"}'})
    load_packages(store, [package], services.search_parameters, now=lambda: 1)
    return services


@pytest.mark.parametrize(
    ("method", "path", "resource"),
    [
        ("PUT", "Basic/b", {"resourceType": "Basic", "id": "b", "language": "en"}),
        ("PUT", "Basic?_id=b", {"resourceType": "Basic", "language": "en"}),
        ("PATCH", "Basic/b", {"resourceType": "Parameters"}),
        ("DELETE", "Basic/b", None),
        ("DELETE", "Basic?_id=b", None),
    ],
)
def test_what_a_package_owns_is_changed_by_the_package_alone(
    packaged: Services, method: str, path: str, resource: dict[str, Any] | None
) -> None:
    name, _, query = path.partition("?")
    with pytest.raises(Conflict, match=rf"{CANONICAL}\|1.2.3") as caught:
        ask(packaged, method, name, resource, (("_id", "b"),) if query else ())
    assert caught.value.issues[0].code == "business-rule"
    assert ask(packaged, "GET", "Basic/b").etag == "1"


def test_what_a_package_gave_up_belongs_to_whoever_makes_it_again(
    store: RelationalStore, packaged: Services
) -> None:
    load_packages(store, [], packaged.search_parameters, now=lambda: 2)
    with pytest.raises(Gone):
        ask(packaged, "GET", "Basic/b")
    again = ask(packaged, "PUT", "Basic/b", {"resourceType": "Basic", "id": "b"})
    assert (again.status, again.etag) == (201, "3")


def test_a_history_holds_only_types_that_are_served(services: Services) -> None:
    ask(services, "PUT", "Basic/b", {"resourceType": "Basic", "id": "b"})
    ask(services, "PUT", "Patient/p", {"resourceType": "Patient", "id": "p"})
    fewer = replace(services, types={**services.types, "r4": frozenset(("Basic",))})
    page = parsed(ask(fewer, "GET", "_history"))
    assert [entry["resource"]["resourceType"] for entry in page["entry"]] == ["Basic"]
    with pytest.raises(NotFound):
        ask(fewer, "GET", "Patient/_history")
    with pytest.raises(NotFound):
        ask(fewer, "PUT", "Patient/q", {"resourceType": "Patient", "id": "q"})


def test_a_version_is_never_older_than_the_one_before(services: Services) -> None:
    late, early = replace(services, now=lambda: 2_000), replace(services, now=lambda: 1_000)
    ask(late, "PUT", "Basic/b", {"resourceType": "Basic", "id": "b"})
    ask(early, "PUT", "Basic/b", {"resourceType": "Basic", "id": "b", "language": "en"})
    gone = ask(early, "DELETE", "Basic/b")
    assert (gone.etag, gone.last_modified) == ("3", 2_000)


def test_a_page_of_history_leads_to_the_next(services: Services) -> None:
    for number in range(5):
        ask(services, "PUT", "Basic/b", {"resourceType": "Basic", "id": "b", "language": f"x{number}"})
    seen: list[str] = []
    parameters: Pairs = (("_count", "2"),)
    for _ in range(3):
        page = parsed(ask(services, "GET", "Basic/b/_history", None, parameters))
        seen += [entry["resource"]["meta"]["versionId"] for entry in page["entry"]]
        links = {link["relation"]: link["url"] for link in page["link"]}
        parameters = (("_count", "2"), ("_page", links.get("next", "").rpartition("=")[2]))
    assert seen == ["5", "4", "3", "2", "1"]
    assert "next" not in links


def test_a_failure_that_nobody_foresaw_is_one_entrys_own(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(release: Release, resource: dict[str, Any]) -> list[Issue]:
        if resource["resourceType"] == "Bundle":
            return []
        raise RuntimeError("secret")

    puts = [
        {"request": {"method": "PUT", "url": "Basic/b"}, "resource": {"resourceType": "Basic", "id": "b"}},
        {"request": {"method": "GET", "url": "Basic/none"}},
    ]
    batch = {"resourceType": "Bundle", "type": "batch", "entry": puts}
    first, second = parsed(ask(replace(services, validate=fail), "POST", "", batch))["entry"]
    assert first["response"]["status"].startswith("500")
    assert "secret" not in str(first) and "secret" in caplog.text
    assert second["response"]["status"].startswith("404")


@pytest.mark.parametrize("bundle_type", ["batch", "transaction"])
def test_a_bundle_is_bounded(services: Services, monkeypatch: pytest.MonkeyPatch, bundle_type: str) -> None:
    monkeypatch.setattr(entries, "MOST_ENTRIES", 1)
    get = {"request": {"method": "GET", "url": "Basic"}}
    with pytest.raises(TooLarge):
        ask(services, "POST", "", {"resourceType": "Bundle", "type": bundle_type, "entry": [get, get]})


def test_a_failure_within_a_bundle_keeps_its_kind_and_names_the_entry() -> None:
    request = Request(release=R4, base="", method="PUT", path="Basic/b")
    asked = entries.Asked(2, request, None, False)
    named = entries.located(MethodNotAllowed("no", ("GET",)), asked)
    assert (named.status, named.headers) == (405, {"Allow": "GET"})
    assert named.issues[0].diagnostics == "Bundle.entry[2] (PUT Basic/b): no"
    assert named.issues[0].expression == ("Bundle.entry[2]",)
    for expression, expected in (
        ("Basic.code", "Bundle.entry[2].resource.code"),
        ("Basic", "Bundle.entry[2].resource"),
        ("http.If-Match", "Bundle.entry[2].request"),
        ("Bundle.entry[2].fullUrl", "Bundle.entry[2].fullUrl"),
    ):
        located = entries.located(ServiceError("x", expression=(expression,)), asked)
        assert located.issues[0].expression == (expected,)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": None}, {}, False),
        ([1, 2], [2, 1], False),
        (True, 1, False),
        (Decimal("1.10"), Decimal("1.1"), False),
        (Decimal("1.0"), 1, False),
        (Decimal("1.10"), Decimal("1.10"), True),
        ("1", 1, False),
    ],
)
def test_values_are_the_same_when_fhir_says_so(left: Any, right: Any, same: bool) -> None:
    assert is_same(left, right) is same


def test_a_transaction_that_looks_nothing_up_goes_through_the_gate_before_it_holds_others_up(
    store: RelationalStore, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = Issue("error", "structure", "It is not good.", ("Basic",))
    refusing = replace(services, validate=lambda release, resource: [issue])

    def began() -> None:
        raise AssertionError("it has begun to write")

    monkeypatch.setattr(store, "write", began)
    entry = {"resource": {"resourceType": "Basic"}, "request": {"method": "POST", "url": "Basic"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    with pytest.raises(ServiceError) as caught:
        ask(refusing, "POST", "", bundle)
    assert caught.value.issues[0].expression == ("Bundle.entry[0].resource",)


@pytest.mark.parametrize("query", ["", "?_id=b"])
def test_each_resource_of_a_transaction_goes_through_the_gate_once(services: Services, query: str) -> None:
    seen: list[str] = []

    def validate(release: Release, resource: dict[str, Any]) -> list[Issue]:
        seen.append(resource["id"])
        return []

    entries = [
        {"resource": {"resourceType": "Basic", "id": name}, "request": {"method": "PUT", "url": url}}
        for name, url in (("a", "Basic/a"), ("b", f"Basic{query}" if query else "Basic/b"))
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    ask(replace(services, validate=validate), "POST", "", bundle)
    assert seen == ["a", "b"]
