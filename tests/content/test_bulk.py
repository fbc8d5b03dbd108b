"""Bulk loads: streamed, resumable, rejecting without stopping. On both databases."""

import gzip
import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fhir_service.content.bulk import Report, Settled, batches, bulk_load, is_validated, load_package
from fhir_service.content.sources import Item, SourceError, open_source
from fhir_service.errors import Issue
from fhir_service.releases import R4, RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.query import parse_query
from fhir_service.store.filling import finish
from fhir_service.store.relational import RelationalStore

PARAMETERS = {name: SearchParameters(release) for name, release in RELEASES.items()}


def settled(gate: Any = None, types: frozenset[str] | None = None) -> Settled:
    return Settled(R4, PARAMETERS, types or R4.resource_types, gate, lambda: 1_000_000)


def library(logical_id: str, title: str = "A title") -> dict[str, Any]:
    return {"resourceType": "Library", "id": logical_id, "status": "draft", "title": title}


def ndjson(path: Path, *lines: dict[str, Any] | str) -> Path:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def load(store: RelationalStore, path: Path, how: Settled | None = None) -> tuple[Report, list[Any]]:
    rejects = io.StringIO()
    source = open_source(path)
    run = load_package if source.about else bulk_load
    *_, report = run(store, source, how or settled(), rejects)
    finish_index(store)
    return report, [json.loads(line) for line in rejects.getvalue().splitlines()]


def finish_index(store: RelationalStore) -> list[str]:
    return [step.kind for step in finish(store)]


def find(store: RelationalStore, *pairs: tuple[str, str]) -> list[str]:
    query = parse_query(pairs, "Library", PARAMETERS["r4"])
    return [match.logical_id for match in store.search("r4", query).matches]


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz"])
def test_every_line_is_stored_and_searchable(store: RelationalStore, tmp_path: Path, name: str) -> None:
    report, rejects = load(store, ndjson(tmp_path / name, library("a"), library("b", "Other")))
    assert (report.created, report.rejected, rejects) == (2, 0, [])
    assert find(store, ("title", "other")) == ["b"]
    found = store.read("r4", "Library", "a")
    assert found is not None and found.body is not None
    assert json.loads(found.body)["meta"]["versionId"] == "1"


def test_what_is_not_accepted_is_told_and_the_rest_is_loaded(store: RelationalStore, tmp_path: Path) -> None:
    def gate(resource: dict[str, Any]) -> Sequence[Issue]:
        return (
            [Issue("error", "value", "no such title", ("Library.title",))] if "bad" in resource["id"] else []
        )

    file = ndjson(
        tmp_path / "a.ndjson",
        library("a"),
        "{",
        {"resourceType": "Nothing"},
        library("bad"),
        '{"id": "x"}',
        library("b"),
    )
    report, rejects = load(store, file, settled(gate))
    assert (report.created, report.rejected) == (2, 4)
    assert [reject["place"] for reject in rejects] == ["line 2", "line 3", "line 4", "line 5"]
    assert rejects[2]["issues"][0]["expression"] == ["Library.title"]
    assert find(store) == ["a", "b"]


def test_types_that_are_not_served_are_not_stored(store: RelationalStore, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "a.ndjson", {"resourceType": "Patient", "id": "p"}, library("a"))
    report, rejects = load(store, file, settled(types=frozenset(("Library",))))
    assert (report.created, report.rejected) == (1, 1)
    assert "FHIR_SERVICE_TYPES=all" in rejects[0]["issues"][0]["diagnostics"]


def test_loading_again_changes_only_what_changed(store: RelationalStore, tmp_path: Path) -> None:
    load(store, ndjson(tmp_path / "a.ndjson", library("a"), library("b")))
    report, _ = load(
        store, ndjson(tmp_path / "b.ndjson", library("a"), library("b", "Changed"), library("c"))
    )
    assert (report.created, report.updated, report.unchanged) == (1, 1, 1)
    assert find(store, ("title", "changed")) == ["b"]


def test_an_interrupted_load_goes_on_where_it_stopped(
    store: RelationalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fhir_service.content.bulk.BATCH", 1)
    monkeypatch.setattr("fhir_service.content.bulk.TOGETHER", 2)
    source = open_source(ndjson(tmp_path / "a.ndjson", *(library(f"l{n}") for n in range(7))))
    first = bulk_load(store, source, settled())
    next(first)
    next(first)
    first.close()
    *_, report = bulk_load(store, source, settled())
    finish_index(store)
    assert report.seen == 3
    assert len(find(store)) == 7
    *_, report = bulk_load(store, source, settled())
    assert (report.seen, report.unchanged) == (7, 7)


def test_of_one_id_in_a_batch_the_last_counts(store: RelationalStore, tmp_path: Path) -> None:
    load(store, ndjson(tmp_path / "a.ndjson", library("a"), library("a", "Later")))
    assert find(store, ("title", "later")) == ["a"]


def package(path: Path, version: str, *resources: dict[str, Any], name: str = "test.package") -> Path:
    manifest = {"name": name, "version": version, "fhirVersions": ["4.0.1"]}
    with tarfile.open(path, "w:gz") as archive:
        named = {f"{one['resourceType']}-{one['id']}.json": one for one in resources}
        for file, content in {
            "package.json": manifest,
            **named,
            "example/Library-x.json": library("x"),
        }.items():
            body = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{file}")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return path


def test_a_package_owns_what_it_brings(store: RelationalStore, tmp_path: Path) -> None:
    report, _ = load(store, package(tmp_path / "p.tgz", "1.0.0", library("a"), library("b")))
    assert report.created == 2
    newer, _ = load(store, package(tmp_path / "q.tgz", "1.1.0", library("a", "New")))
    assert (newer.updated, newer.deleted) == (1, 1)
    assert find(store) == ["a"]
    report, rejects = load(store, ndjson(tmp_path / "a.ndjson", library("a", "Mine")))
    assert report.rejected == 1
    assert "test.package|1.1.0" in rejects[0]["issues"][0]["diagnostics"]


def test_what_others_brought_stays_theirs_and_the_rest_of_a_package_is_loaded(
    store: RelationalStore, tmp_path: Path
) -> None:
    load(store, package(tmp_path / "p.tgz", "1.0.0", library("a")))
    load(store, ndjson(tmp_path / "own.ndjson", library("b")))
    other = package(
        tmp_path / "o.tgz", "2.0.0", library("a", "O"), library("b", "O"), library("c"), name="other"
    )
    report, rejects = load(store, other)
    assert (report.created, report.updated, report.rejected) == (1, 0, 2)
    assert [line["issues"][0]["diagnostics"] for line in rejects] == [
        "Library/a belongs to the package test.package|1.0.0",
        "Library/b is in the store and was not loaded by a package",
    ]
    assert find(store, ("title", "O")) == []
    again, _ = load(store, other)
    assert (again.created, again.updated, again.unchanged, again.rejected) == (0, 0, 1, 2)


def test_a_folder_is_a_source(store: RelationalStore, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps(library("a")))
    (tmp_path / "in" / "other.json").write_text("{}")
    report, _ = load(store, tmp_path / "in")
    assert report.created == 1


@pytest.mark.parametrize("name", ["a.csv", "a.zip"])
def test_another_file_is_refused_with_what_is_accepted(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("")
    with pytest.raises(SourceError, match="ndjson"):
        open_source(tmp_path / name)


def test_a_package_that_passed_the_gate_whole_is_remembered(store: RelationalStore, tmp_path: Path) -> None:
    def gate(resource: dict[str, Any]) -> Sequence[Issue]:
        return [Issue("error", "value", "bad")] if resource["id"] == "bad" else []

    ungated = package(tmp_path / "u.tgz", "1.0.0", library("a"))
    load(store, ungated)
    refused = package(tmp_path / "r.tgz", "1.0.1", library("a"), library("bad"))
    load(store, refused, settled(gate))
    good = package(tmp_path / "g.tgz", "1.0.2", library("a", "New"))
    load(store, good, settled(gate))
    assert [is_validated(store, open_source(one), R4) for one in (ungated, refused, good)] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize("limit", ["BATCH", "BATCH_BYTES"])
def test_batches_are_bounded_in_number_and_in_bytes(limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"fhir_service.content.bulk.{limit}", {"BATCH": 2, "BATCH_BYTES": 20}[limit])
    items = [Item(str(number), b"0123456789", number) for number in range(5)]
    assert [len(batch) for batch in batches(items)] == [2, 2, 1]
