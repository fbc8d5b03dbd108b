"""The first load into an empty database: not searched until its index is built, whatever happens."""

from __future__ import annotations

import gc
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from fhir_service import create_app
from fhir_service.cli import main
from fhir_service.content import bulk, preparing
from fhir_service.content.bulk import Settled, bulk_load
from fhir_service.content.preparing import WorkersEnded
from fhir_service.content.sources import open_source
from fhir_service.delivery.serve import load as load_content
from fhir_service.errors import Issue, Unavailable
from fhir_service.releases import R4, RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.settings import Settings
from fhir_service.store import open_store
from fhir_service.store.contract import StoredVersion
from fhir_service.store.filling import ASIDE, finish, is_filling, kinds_aside
from fhir_service.store.maintenance import wrong_rows
from fhir_service.store.migration import MigrationError, migrate
from fhir_service.store.relational import RelationalStore
from tests.checkout import PROJECT

PARAMETERS = {name: SearchParameters(release) for name, release in RELEASES.items()}
TABLES = ("full_text", *(f"index_{kind}" for kind in ASIDE if kind != "text"))


def library(number: int, **more: Any) -> dict[str, Any]:
    topic = [{"coding": [{"system": "http://codes.test", "code": f"c{number % 3}"}]}]
    kind = {"coding": [{"system": "http://codes.test", "code": "kind"}]}
    own = {"id": f"l{number}", "status": "draft", "type": kind, "topic": topic}
    return {"resourceType": "Library", **own, **more}


def ndjson(path: Path, *lines: dict[str, Any] | str) -> Path:
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines))
    return path


def refuse_bad(resource: dict[str, Any]) -> list[Issue]:
    """A gate that a worker can import."""
    return [Issue("error", "value", "bad")] if resource.get("name") == "bad" else []


def end_worker(resource: dict[str, Any]) -> list[Issue]:
    if resource.get("name") == "last words":
        os.kill(os.getpid(), signal.SIGKILL)
    return []


def settled(gate: Any = refuse_bad, processes: int = 1) -> Settled:
    return Settled(R4, PARAMETERS, R4.resource_types, gate, lambda: 1_000_000, processes)


def problems(store: RelationalStore) -> list[str]:
    parameters = store.search_parameters(PARAMETERS)
    serials = [row[0] for row in store.rows("SELECT serial FROM resource WHERE is_deleted = ?", False)]
    return list(wrong_rows(store, parameters, serials))


def stored(store: RelationalStore) -> list[tuple[Any, ...]]:
    """Everything that a load wrote, but for the numbers that rows got."""
    found = store.rows(
        "SELECT 'version', r.logical_id || ' as ' || v.logical_id, v.version_id, v.body FROM version AS v"
        " JOIN resource AS r ON r.serial = v.resource"
    )
    for table in TABLES[1:]:
        found += store.rows(
            f"SELECT '{table}', r.logical_id, p.code, i.element FROM {table} AS i"
            " JOIN resource AS r ON r.serial = i.resource"
            " JOIN search_parameter AS p ON p.number = i.parameter"
        )
    found += store.rows(
        "SELECT 'vocabulary', v.key, p.code, v.text FROM vocabulary AS v"
        " JOIN search_parameter AS p ON p.number = v.parameter"
    )
    return sorted(
        (name, key, one, bytes(other) if name == "version" else other) for name, key, one, other in found
    )


def secondary_indexes(store: RelationalStore) -> dict[str, str]:
    with store.write() as transaction:
        return {
            name: statement
            for table in TABLES
            for name, statement in transaction.secondary_indexes(table).items()
        }


def kinds(store: RelationalStore) -> list[str]:
    return [kind for kind in ASIDE if kind != "text" or store.database.FILLS_TEXT_LAST]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "BATCH", 2)
    monkeypatch.setattr(bulk, "TOGETHER", 1)
    monkeypatch.setattr(preparing, "_AHEAD", 2)


def test_nobody_searches_before_the_index_is_built(store: RelationalStore, tmp_path: Path) -> None:
    parameters = store.search_parameters(PARAMETERS)
    assert parameters["r4"]
    list(bulk_load(store, open_source(ndjson(tmp_path / "a.ndjson", library(1))), settled()))
    with pytest.raises(Unavailable, match="its index is built"):
        parameters["r4"]
    assert store.read("r4", "Library", "l1") is not None
    assert [step.kind for step in finish(store)] == [*kinds(store), ""]
    assert parameters["r4"] and not is_filling(store)
    assert problems(store) == []


def test_meanwhile_the_service_reads_and_refuses_to_search(store: RelationalStore, tmp_path: Path) -> None:
    app = create_app(Settings(types="all"), store)
    client = app.test_client()
    assert client.get("/fhir/r4/Library").status_code == 200
    list(bulk_load(store, open_source(ndjson(tmp_path / "a.ndjson", library(1))), settled()))
    assert client.get("/fhir/r4/Library/l1").status_code == 200
    refused = client.get("/fhir/r4/Library?status=draft")
    assert (refused.status_code, refused.get_json(force=True)["issue"][0]["code"]) == (503, "transient")
    list(finish(store))
    found = client.get("/fhir/r4/Library?status=draft").get_json(force=True)
    assert [entry["resource"]["id"] for entry in found["entry"]] == ["l1"]


def test_a_store_that_holds_something_is_not_filled(store: RelationalStore, tmp_path: Path) -> None:
    list(bulk_load(store, open_source(ndjson(tmp_path / "a.ndjson", library(1))), settled()))
    list(finish(store))
    list(bulk_load(store, open_source(ndjson(tmp_path / "b.ndjson", library(2))), settled()))
    assert not is_filling(store) and problems(store) == []


def test_what_was_written_again_or_deleted_meanwhile_is_indexed_as_it_is_now(
    store: RelationalStore, tmp_path: Path, small_batches: None
) -> None:
    lines = [*map(library, range(5)), library(0, title="later"), library(1)]
    *_, report = bulk_load(store, open_source(ndjson(tmp_path / "a.ndjson", *lines)), settled())
    assert (report.created, report.updated, report.unchanged) == (5, 1, 1)
    with store.write() as transaction:
        transaction.put("r4", StoredVersion("Library", "l2", 2, 2_000_000, None), ())
    list(finish(store))
    assert problems(store) == []
    assert {row[0] for row in store.rows("SELECT resource FROM index_token")} == {1, 2, 4, 5}


def test_an_index_that_was_half_built_is_built_to_the_end(store: RelationalStore, tmp_path: Path) -> None:
    before = secondary_indexes(store)
    list(bulk_load(store, open_source(ndjson(tmp_path / "a.ndjson", *map(library, range(9)))), settled()))
    first = finish(store)
    for _ in range(4):
        next(first)
    first.close()  # type: ignore[attr-defined]
    with store.write() as transaction:
        left = kinds_aside(transaction)
    assert left == [kind for kind in kinds(store)[3:] if kind != "text"]  # which is built beside the others
    assert is_filling(store) and store.hindrance() == "the first load into the database is not finished"
    assert [step.kind for step in finish(store)] == [*left, ""]
    assert problems(store) == [] and secondary_indexes(store) == before and store.hindrance() is None


def test_more_processes_store_the_same(store: RelationalStore, tmp_path: Path, small_batches: None) -> None:
    defines = {
        **{
            "resourceType": "SearchParameter",
            "id": "mine",
            "url": "http://codes.test/mine",
            "status": "active",
        },
        **{"name": "mine", "description": "mine", "code": "mine", "type": "string", "base": ["Library"]},
        **{"expression": "Library.publisher"},
    }
    lines: list[Any] = [*map(library, range(6)), library(0, name="bad"), "{", defines]
    lines += [library(number, publisher="somebody") for number in range(4, 20)]
    results = []
    for processes in (1, 2):
        path = tmp_path / f"{processes}.sqlite"
        other = open_store(f"sqlite:///{path}") if processes == 1 else store
        other.create_tables()
        rejects = (tmp_path / "rejects").open("w+")
        source = open_source(ndjson(tmp_path / "a.ndjson", *lines))
        *_, report = bulk_load(other, source, settled(processes=processes), rejects)
        list(finish(other))
        rejects.seek(0)
        results.append((report, rejects.read(), stored(other)))
        rejects.close()
    assert results[0] == results[1]
    assert ("index_string", "l19", "mine", 0) in results[0][2]
    assert [json.loads(line)["place"] for line in results[0][1].splitlines()] == ["line 7", "line 8"]


def test_a_worker_that_is_killed_ends_the_load_which_goes_on_later(
    store: RelationalStore, tmp_path: Path, small_batches: None
) -> None:
    lines = [library(number, name="last words" if number == 30 else "n") for number in range(40)]
    source = open_source(ndjson(tmp_path / "a.ndjson", *lines))
    with pytest.raises(WorkersEnded, match="start the same load again"):
        list(bulk_load(store, source, settled(end_worker, processes=2)))
    done = store.rows("SELECT count(*) FROM resource")[0][0]
    assert 0 < done < 31
    *_, report = bulk_load(store, source, settled(processes=2))
    list(finish(store))
    assert report.created == 40 - done and problems(store) == []


def test_what_is_known_already_is_left_out_of_what_was_laid_out(
    store: RelationalStore, tmp_path: Path, small_batches: None
) -> None:
    first = [*map(library, range(4))]
    list(bulk_load(store, open_source(ndjson(tmp_path / "a.ndjson", *first)), settled()))
    lines = [library(3), library(4), library(5), library(0), library(6, title="Title")]
    *_, report = bulk_load(store, open_source(ndjson(tmp_path / "b.ndjson", *lines)), settled())
    assert (report.created, report.unchanged) == (3, 2)
    list(finish(store))
    assert problems(store) == []


def test_the_full_text_is_set_up_for_single_writes_again(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/a.sqlite")
    store.create_tables()
    list(bulk_load(store, open_source(ndjson(tmp_path / "a.ndjson", library(1))), settled()))
    options = "SELECT v FROM full_text_config WHERE k IN ('automerge', 'hashsize') ORDER BY k"
    assert store.rows(options) == [(8,), (1 << 24,)]
    list(finish(store))
    assert store.rows(options) == [(4,), (1 << 20,)]  # SQLite's own
    store.close()


def test_a_migration_waits_for_the_index(
    store: RelationalStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    list(bulk_load(store, open_source(ndjson(tmp_path / "a.ndjson", library(1))), settled()))
    monkeypatch.setattr("fhir_service.store.migration.newest", lambda: "9999")
    with pytest.raises(MigrationError, match="not finished"):
        migrate(store.database)


# From the shell


def run(database_url: str, *arguments: str) -> Result:
    env = {"FHIR_SERVICE_DATABASE_URL": database_url, "FHIR_SERVICE_TYPES": "all"}
    return CliRunner(env=env).invoke(main, list(arguments))


KILLED = """
import os, sys
from fhir_service.cli import main
from fhir_service.content import bulk, load_command
bulk.BATCH, bulk.TOGETHER = 2, 4
load_command._SMALL = 0
reject, calls = bulk._reject, []
def die_in_the_seventh_batch(*arguments):
    reject(*arguments)
    calls.append(1)
    if len(calls) == 7:  # its rejects are written down, it is not committed
        print(*[child for task in os.listdir("/proc/self/task")
                for child in open(f"/proc/self/task/{task}/children").read().split()], flush=True)
        os._exit(9)
bulk._reject = die_in_the_seventh_batch
if __name__ == "__main__":
    main(sys.argv[1:])
"""


def killed(database_url: str, folder: Path, *arguments: str) -> list[int]:
    """Start a load that dies in the middle of writing; returns its workers."""
    script = folder / "killed.py"
    script.write_text(KILLED)
    env = {**os.environ, "FHIR_SERVICE_DATABASE_URL": database_url, "FHIR_SERVICE_TYPES": "all"}
    ran = subprocess.run(
        [sys.executable, script, "load", *arguments],
        env={**env, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 9, ran.stderr
    return [int(child) for child in ran.stdout.split("\n")[-2].split()]


def is_alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # it ended before the look, or during it
        return False


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_load_that_was_killed_goes_on_and_lists_every_reject(
    store: RelationalStore, database_url: str, tmp_path: Path, processes: str
) -> None:
    lines: list[Any] = [library(number) if number % 3 else "{" for number in range(30)]
    file, rejected = ndjson(tmp_path / "a.ndjson", *lines), tmp_path / "rejected.ndjson"
    options = ("--rejected", str(rejected), "--processes", processes)
    workers = killed(database_url, tmp_path, str(file), *options)
    patience = time.monotonic() + 60
    while any(map(is_alive, workers)):
        assert time.monotonic() < patience, "the workers of a killed load live on"
        time.sleep(0.05)
    assert store.rows("SELECT count(*) FROM resource")[0][0] == 5  # of four batches together
    assert len(rejected.read_text().splitlines()) == 5
    refused = run(database_url, "db", "check")
    assert refused.exit_code == 1 and "`fhir-service db migrate`" in refused.output
    again = run(database_url, "load", str(file), *options)
    assert "15 created, 0 updated, 0 unchanged, 0 deleted, 7 rejected" in again.output
    assert "Building the index" in again.output
    places = [json.loads(line)["place"] for line in rejected.read_text().splitlines()]
    assert places == [f"line {number + 1}" for number in range(0, 30, 3)]
    assert run(database_url, "db", "check", "--all").exit_code == 0


def test_the_service_builds_the_index_of_a_load_that_was_killed(
    store: RelationalStore, database_url: str, tmp_path: Path
) -> None:
    file = ndjson(tmp_path / "a.ndjson", *map(library, range(20)))
    options = ("--rejected", str(tmp_path / "rejected"))
    killed(database_url, tmp_path, str(file), "--processes", "1", *options)
    load_content(Settings(database_url=database_url))
    assert not is_filling(store)
    assert run(database_url, "db", "check", "--all").exit_code == 0
    again = run(database_url, "load", str(file), *options)
    assert "12 created" in again.output


# What may be trusted


def test_only_what_this_build_validated_is_trusted(
    store: RelationalStore, database_url: str, tmp_path: Path
) -> None:
    file = ndjson(tmp_path / "a.ndjson", *map(library, range(3)))
    options = ("--rejected", str(tmp_path / "rejected"))
    refused = run(database_url, "load", "--trusted", str(file), *options)
    assert refused.exit_code == 1
    assert open_source(file).digest in refused.output and "fhir-service load --check" in refused.output
    checked = run(database_url, "load", "--check", str(file), *options)
    assert "3 accepted" in checked.output
    assert store.rows("SELECT count(*) FROM resource")[0][0] == 0
    assert "3 created" in run(database_url, "load", "--trusted", str(file), *options).output
    with file.open("a") as more:
        more.write(json.dumps(library(4)) + "\n")
    assert run(database_url, "load", "--trusted", str(file), *options).exit_code == 1
    assert "1 created" in run(database_url, "load", str(file), *options).output
    assert "4 unchanged" in run(database_url, "load", "--trusted", str(file), *options).output


def test_garbage_is_looked_for_again_after_a_load(tmp_path: Path) -> None:
    file = ndjson(tmp_path / "a.ndjson", library(1))
    loaded = run(
        f"sqlite:///{tmp_path}/a.sqlite", "load", str(file), "--rejected", str(tmp_path / "rejected")
    )
    assert "1 created" in loaded.output
    assert gc.isenabled()


def test_what_had_a_reject_is_not_trusted(store: RelationalStore, database_url: str, tmp_path: Path) -> None:
    file = ndjson(tmp_path / "a.ndjson", library(1), library(2, status="bogus"))
    options = ("--rejected", str(tmp_path / "rejected"))
    assert "1 created" in run(database_url, "load", str(file), *options).output
    assert run(database_url, "load", "--trusted", str(file), *options).exit_code == 1


def test_what_another_gate_validated_is_not_trusted(
    store: RelationalStore, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ndjson(tmp_path / "a.ndjson", library(1))
    options = ("--rejected", str(tmp_path / "rejected"))
    run(database_url, "load", str(file), *options)
    monkeypatch.setattr(bulk, "gate_fingerprint", lambda release: "another")
    assert run(database_url, "load", "--trusted", str(file), *options).exit_code == 1
