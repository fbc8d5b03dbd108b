"""Loading built content: idempotent, owns only what it loaded, all or nothing. On both databases."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fhir_service.content.load import Loaded, LoadError, find_packages, load_packages, published
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.query import parse_query
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore

Resource = dict[str, Any]


class Content:
    """A small resources folder that a test edits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = 0

    def write(self, *resources: Resource, slug: str = "t", version: str = "1.0.0") -> None:
        target = self.folder / "topics" / slug / "fhir"
        shutil.rmtree(target, ignore_errors=True)
        for release in RELEASES:
            (target / release).mkdir(parents=True)
            for resource in resources:
                file = target / release / f"{resource['resourceType']}-{resource['id']}.json"
                file.write_text(json.dumps(resource))
        about = {"canonical": f"https://education.test/fhir/ImplementationGuide/{slug}", "version": version}
        (target / "build.json").write_text(json.dumps(about))

    def draft(self, resource: Resource, slug: str = "t") -> None:
        for release in RELEASES:
            folder = self.folder / "topics" / slug / "fhir" / release / "draft"
            folder.mkdir()
            (folder / f"{resource['resourceType']}-{resource['id']}.json").write_text(json.dumps(resource))

    def load(self, store: RelationalStore, *, drafts: bool = False, **options: Any) -> Loaded:
        self.clock += 1_000_000
        packages = list(find_packages(self.folder, drafts=drafts))
        parameters = {
            name: SearchParameters(release, published(packages, name, "SearchParameter"))
            for name, release in RELEASES.items()
        }
        return load_packages(store, packages, parameters, now=lambda: self.clock, **options)


@pytest.fixture
def content(tmp_path: Path) -> Content:
    return Content(tmp_path / "resources")


def library(logical_id: str, title: str = "A title") -> Resource:
    return {"resourceType": "Library", "id": logical_id, "status": "draft", "title": title}


def find(store: RelationalStore, *pairs: tuple[str, str]) -> list[str]:
    query = parse_query(pairs, "Library", SearchParameters(RELEASES["r4"]))
    return [match.logical_id for match in store.search("r4", query).matches]


def version_of(store: RelationalStore, logical_id: str) -> int:
    found = store.read("r4", "Library", logical_id)
    assert found is not None
    return found.version_id


def test_loaded_content_is_served_in_every_release(store: RelationalStore, content: Content) -> None:
    content.write(library("a"))
    assert content.load(store).created == 3
    for release in RELEASES:
        found = store.read(release, "Library", "a")
        assert found is not None and found.body is not None
        assert json.loads(found.body)["meta"] == {"versionId": "1", "lastUpdated": "1970-01-01T00:00:01.000Z"}
    assert find(store, ("title", "a title")) == ["a"]


def test_loading_again_makes_no_new_version(store: RelationalStore, content: Content) -> None:
    content.write(library("a"))
    content.load(store)
    again = content.load(store)
    assert (again.created, again.updated, again.deleted, again.unchanged) == (0, 0, 0, 3)
    assert version_of(store, "a") == 1


def test_only_what_changed_gets_a_new_version(store: RelationalStore, content: Content) -> None:
    content.write(library("a"), library("b"))
    content.load(store)
    content.write(library("a"), library("b", title="Another title"))
    again = content.load(store)
    assert (again.created, again.updated, again.unchanged) == (0, 3, 3)
    assert (version_of(store, "a"), version_of(store, "b")) == (1, 2)
    assert find(store, ("title", "another")) == ["b"]


def test_what_is_removed_is_deleted_with_its_history_kept(store: RelationalStore, content: Content) -> None:
    content.write(library("a"), library("b"))
    content.load(store)
    content.write(library("a"))
    assert content.load(store).deleted == 3
    gone = store.read("r4", "Library", "b")
    assert gone is not None and gone.is_deleted
    first = store.vread("r4", "Library", "b", 1)
    assert first is not None and not first.is_deleted
    assert find(store) == ["a"]


def test_what_comes_back_goes_on_with_its_history(store: RelationalStore, content: Content) -> None:
    content.write(library("a"), library("b"))
    content.load(store)
    content.write(library("a"))
    content.load(store)
    content.write(library("a"), library("b"))
    assert content.load(store).created == 3
    assert version_of(store, "b") == 3


def test_a_topic_whose_folder_is_gone_is_removed(store: RelationalStore, content: Content) -> None:
    content.write(library("a"))
    content.write(library("b"), slug="u")
    content.load(store)
    shutil.rmtree(content.folder / "topics" / "u")
    assert content.load(store).deleted == 3
    assert find(store) == ["a"]
    assert content.load(store).deleted == 0


def test_what_others_wrote_is_never_touched(store: RelationalStore, content: Content) -> None:
    with store.write() as transaction:
        transaction.put("r4", StoredVersion("Library", "mine", 1, 5, b'{"resourceType":"Library"}'), ())
    content.write(library("a"))
    content.load(store)
    content.write(library("b"))
    content.load(store)
    assert version_of(store, "mine") == 1
    content.write(library("mine"))
    with pytest.raises(LoadError, match=r"Library/mine \(r4\) is in the store and was not loaded"):
        content.load(store)
    assert find(store) == ["mine", "b"]


def test_two_topics_cannot_own_one_resource(store: RelationalStore, content: Content) -> None:
    content.write(library("a"))
    content.write(library("a"), slug="u")
    with pytest.raises(LoadError, match="belongs to another package"):
        content.load(store)
    assert find(store) == []


def test_a_failed_load_leaves_the_old_content_whole(
    store: RelationalStore, content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    content.write(library("a"), library("b"))
    content.load(store)
    content.write(library("a", title="New"), library("b", title="New"), library("c"))
    broken = _failing_at("Library", "c")
    monkeypatch.setattr("fhir_service.content.load.index_rows", broken)
    with pytest.raises(RuntimeError):
        content.load(store)
    assert (version_of(store, "a"), version_of(store, "b")) == (1, 1)
    assert sorted(find(store)) == ["a", "b"]
    monkeypatch.undo()
    assert content.load(store).created == 3


def _failing_at(type_name: str, logical_id: str) -> Callable[..., Any]:
    from fhir_service.search.index import index_rows

    def rows(resource: Resource, parameters: SearchParameters) -> Any:
        if (resource["resourceType"], resource["id"]) == (type_name, logical_id):
            raise RuntimeError("the machine stops here")
        return index_rows(resource, parameters)

    return rows


def test_an_older_package_does_not_replace_a_newer_one(store: RelationalStore, content: Content) -> None:
    content.write(library("a", title="New"), version="1.10.0")
    content.load(store)
    content.write(library("a", title="Old"), version="1.9.0")
    refused = content.load(store)
    assert "newer than 1.9.0" in refused.remarks[0]
    assert find(store, ("title", "new")) == ["a"]
    content.load(store, allow_older=True)
    assert find(store, ("title", "old")) == ["a"]


def test_what_is_retired_stays_so(store: RelationalStore, content: Content) -> None:
    content.write(library("a"))
    content.load(store)
    content.write(library("a") | {"status": "retired"})
    assert content.load(store).updated == 3
    content.write(library("a"), version="2.0.0")
    with pytest.raises(LoadError, match="Library/a .* is retired and cannot become `draft`"):
        content.load(store)
    assert version_of(store, "a") == 2
    content.write(library("b"), version="2.0.0")
    content.load(store)
    content.write(library("a"), library("b"), version="3.0.0")
    content.load(store)  # it was deleted in between, and is another one
    assert version_of(store, "a") == 4


def test_a_file_that_holds_another_resource_is_refused(store: RelationalStore, content: Content) -> None:
    content.write(library("a"))
    for file in content.folder.rglob("Library-a.json"):
        file.write_text(json.dumps(library("b")))
    with pytest.raises(LoadError, match="Library/a holds another resource"):
        content.load(store)


def test_a_search_parameter_of_the_content_indexes_what_is_there_already(
    store: RelationalStore, content: Content
) -> None:
    content.write({**library("a"), "purpose": "To teach"})
    content.load(store)
    parameter = {
        "resourceType": "SearchParameter",
        "id": "purpose",
        "url": "https://education.test/fhir/SearchParameter/purpose",
        "name": "Purpose",
        "status": "draft",
        "description": "What for",
        "code": "purpose",
        "base": ["Library"],
        "type": "string",
        "expression": "Library.purpose",
    }
    content.write(parameter, slug="u")
    content.write({**library("a"), "purpose": "To teach"})
    assert content.load(store).reindexed == 3
    query = parse_query([("purpose", "to te")], "Library", SearchParameters(RELEASES["r4"], [parameter]))
    assert [match.logical_id for match in store.search("r4", query).matches] == ["a"]


def test_the_committed_content_loads_whole(store: RelationalStore) -> None:
    content = Content(Path(__file__).parents[2] / "resources")
    loaded = content.load(store)
    assert loaded.remarks == []
    assert loaded.created == sum(len(package.content) for package in find_packages(content.folder))
    assert content.load(store).created == 0


def test_drafts_are_loaded_where_they_are_wanted_and_removed_where_not(
    content: Content, store: RelationalStore
) -> None:
    content.write(library("a"))
    content.draft(library("a-es", "Un título"))
    assert content.load(store).created == 3
    on = content.load(store, drafts=True)
    assert (on.created, on.updated, on.deleted, on.unchanged) == (3, 0, 0, 3)
    assert sorted(find(store)) == ["a", "a-es"]
    off = content.load(store)
    assert (off.created, off.updated, off.deleted, off.unchanged) == (0, 0, 3, 3)
    assert find(store) == ["a"]
