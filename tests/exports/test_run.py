"""One export, from the store to its files: a snapshot, resumed where it stopped, in flat memory."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fhir_service.exports import run as running
from fhir_service.exports.folder import ExportFolder
from fhir_service.exports.job import Progress
from fhir_service.exports.run import Exporter
from fhir_service.store import open_store
from fhir_service.store.contract import Page, StoredVersion
from fhir_service.store.relational import RelationalStore
from tests.exports.filling import asked, basic, delete, exporter, fill, lines, now, put


class Disturbed:
    """The store, with what happens after its first batch, its second ..."""

    def __init__(self, store: RelationalStore, *happens: Callable[[], None]) -> None:
        self._store = store
        self._happens = [*happens]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def as_of(self, *scope: Any, **how: Any) -> Sequence[tuple[int, StoredVersion]]:
        found = self._store.as_of(*scope, **how)
        self._disturb()
        return found

    def search(self, *scope: Any) -> Page:
        found = self._store.search(*scope)
        self._disturb()
        return found

    def _disturb(self) -> None:
        if self._happens:
            self._happens.pop(0)()


class Killed(BaseException):
    """What no code in the way may catch, like the end of the process."""


def kill() -> None:
    raise Killed


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 3)


def completed(exporter: Exporter, job_id: str) -> Progress:
    exporter.run(job_id)
    progress = exporter.folder.progress(job_id)
    assert progress is not None and progress.finished is not None
    return progress


def texts(resources: list[dict[str, Any]]) -> dict[str, str]:
    assert len({one["id"] for one in resources}) == len(resources)
    return {one["id"]: one["code"]["text"] for one in resources}


@pytest.mark.usefixtures("small_batches")
def test_every_resource_of_a_type_is_a_line_in_its_bytes(store: RelationalStore, tmp_path: Path) -> None:
    fill(store, 10)
    fill(store, 2, release="r5")
    exports = exporter(store, tmp_path)
    exports.folder.create("job", asked("Basic", "Patient"))
    progress = completed(exports, "job")
    assert texts(lines(exports, "job")) == {f"b{number}": f"number {number}" for number in range(10)}
    assert progress.written["Basic"].count == 10
    assert progress.written["Patient"].count == 0
    assert not exports.folder.file("job", "Patient").exists()
    body = store.read("r4", "Basic", "b0")
    assert body is not None and body.body is not None
    assert exports.folder.file("job", "Basic").read_bytes().splitlines()[0] == body.body


@pytest.mark.usefixtures("small_batches")
def test_it_shows_one_moment_whatever_is_written_meanwhile(store: RelationalStore, tmp_path: Path) -> None:
    fill(store, 10)
    put(store, basic(2, "second version"))
    delete(store, "Basic", "b3")
    before = {f"b{number}": f"number {number}" for number in range(10) if number != 3} | {
        "b2": "second version"
    }

    def meanwhile() -> None:
        for number in (0, 2, 9):  # one that was written, and two that were not yet
            put(store, basic(number, "later"))
        delete(store, "Basic", "b1")
        delete(store, "Basic", "b8")
        put(store, basic(3, "back"))
        put(store, basic(77, "new"))

    exports = exporter(Disturbed(store, meanwhile), tmp_path)
    exports.folder.create("job", asked())
    completed(exports, "job")
    assert texts(lines(exports, "job")) == before


@pytest.mark.usefixtures("small_batches")
def test_since_gives_what_was_changed_later_and_what_was_deleted(
    store: RelationalStore, tmp_path: Path
) -> None:
    fill(store, 6)
    since = now()
    put(store, basic(1, "changed"))
    put(store, basic(50, "new"))
    for number in (2, 51):
        put(store, basic(number))
        delete(store, "Basic", f"b{number}")
    exports = exporter(store, tmp_path)
    exports.folder.create("job", asked(since=since))
    progress = completed(exports, "job")
    assert texts(lines(exports, "job")) == {"b1": "changed", "b50": "new"}
    bundles = lines(exports, "job", "Basic.deleted")
    assert {bundle["type"] for bundle in bundles} == {"transaction"}
    assert [bundle["entry"][0]["request"] for bundle in bundles] == [
        {"method": "DELETE", "url": "Basic/b2"},
        {"method": "DELETE", "url": "Basic/b51"},
    ]
    assert (progress.written["Basic"].count, progress.written["Basic"].deleted_count) == (2, 2)


@pytest.mark.usefixtures("small_batches")
def test_a_filter_keeps_what_one_of_its_searches_finds(store: RelationalStore, tmp_path: Path) -> None:
    for number in range(12):
        put(store, {**basic(number), "identifier": [{"system": "urn:of", "value": f"{number % 4}"}]})
    exports = exporter(store, tmp_path)
    queries = ("identifier=urn:of|1,urn:of|2", "_id=b3")
    exports.folder.create("job", asked(Basic=queries))
    completed(exports, "job")
    assert texts(lines(exports, "job")).keys() == {"b1", "b2", "b3", "b5", "b6", "b9", "b10"}
    since = now()
    put(store, {**basic(5, "changed"), "identifier": [{"system": "urn:of", "value": "1"}]})
    exports.folder.create("later", asked(since=since, Basic=queries))
    completed(exports, "later")
    assert texts(lines(exports, "later")) == {"b5": "changed"}


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("filters", [{}, {"Basic": ("code:text=number",)}], ids=["type", "filtered"])
def test_an_interrupted_export_goes_on_where_it_stopped(
    store: RelationalStore, tmp_path: Path, filters: dict[str, tuple[str, ...]]
) -> None:
    for number in range(10):
        put(store, basic(number))
    exports = exporter(store, tmp_path)
    exports.folder.create("job", replace(asked(), filters=filters))
    disturbed = Disturbed(store, lambda: None, kill)  # the second batch is read, but not written
    with pytest.raises(Killed):
        exporter(disturbed, tmp_path).run("job")
    noted = exports.folder.progress("job")
    assert noted is not None and noted.count == 3
    with exports.folder.file("job", "Basic").open("ab") as file:
        file.write(b'{"resourceType": "Basic", "id": "half')  # written, but never noted
    put(store, basic(99, "later"))
    progress = completed(exports, "job")
    assert progress.at == noted.at
    assert texts(lines(exports, "job")).keys() == {f"b{number}" for number in range(10)}
    assert progress.written["Basic"].count == 10


@pytest.mark.usefixtures("small_batches")
def test_a_cancelled_export_ends_at_its_next_write(store: RelationalStore, tmp_path: Path) -> None:
    fill(store, 10)
    disturbed = Disturbed(store, lambda: exports.folder.remove("job"))
    exports = exporter(disturbed, tmp_path / "exports")
    exports.folder.create("job", asked())
    with pytest.raises(FileNotFoundError):
        exports.run("job")
    assert list((tmp_path / "exports").iterdir()) == []


def test_the_moment_waits_for_writers_and_lies_after_them(store: RelationalStore) -> None:
    moments: list[int] = []
    waiting = threading.Thread(target=lambda: moments.append(store.settled(now)))
    with store.write() as transaction:
        written = now()
        waiting.start()
        waiting.join(0.3)
        assert moments == []
        transaction.put("r4", StoredVersion("Basic", "b", 1, written, b"{}"), ())
    waiting.join(30)
    assert moments[0] > written


def test_only_one_process_works_on_a_job(tmp_path: Path) -> None:
    folder = ExportFolder(tmp_path)
    folder.create("job", asked())
    with folder.claimed("job") as first, folder.claimed("job") as second:
        assert (first, second) == (True, False)
    with folder.claimed("job") as again:
        assert again
    with folder.claimed("nobody") as found:
        assert not found


def test_memory_stays_flat(tmp_path: Path) -> None:
    """Five times as many resources take no more: what is held is one batch."""
    peaks = []
    for count in (20_000, 100_000):
        store = open_store(f"sqlite:///{tmp_path / f'{count}.sqlite'}")
        store.create_tables()
        fill(store, count)
        exports = exporter(store, tmp_path / f"{count}")
        exports.folder.create("job", asked())
        tracemalloc.start()
        progress = completed(exports, "job")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        store.close()
        assert progress.count == count
    # Even one number for each of the 80,000 more would take 2 MB.
    assert peaks[1] < peaks[0] + 500_000
    assert peaks[1] < 5_000_000
