"""Databases that hold the corpus: made by `fhir-service load`, kept in var/bench until that changes.

https://hl7.org/fhir/R4/nd-json.html

    python -m bench.stores 100000                make those of that size now, not when they are needed
    python -m bench.stores 1000000 --trusted     and time the load by --trusted into an empty database too

The loads are timed: they are the measurement of row 8, and what they took stands beside the database.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict
from fcntl import LOCK_EX, LOCK_NB, flock
from functools import cache, partial
from hashlib import sha256
from multiprocessing import Pool
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.corpus import SEED, lines
from bench.databases import BOTH, SQLITE, copied, postgresql
from bench.loading import Loaded, load
from bench.processes import service
from fhir_service.content.preparing import Preparer, Rules, Task
from fhir_service.releases import RELEASES

_PROJECT = Path(__file__).parent.parent
KEPT = _PROJECT / "var/bench"
_SCHEMA = ("fhir_service/store/schema.py", "fhir_service/store/migrations")
_SAMPLE = 2_000  # in which every type of the corpus is
_PART = 1_000


class Stores:
    """Opens the databases, and closes what it opened at the end."""

    def __init__(self, kept: Path = KEPT) -> None:
        self._kept = kept
        self._opened = contextlib.ExitStack()
        self._urls: dict[tuple[str, int], str] = {}

    def __enter__(self) -> Stores:
        self._kept.mkdir(parents=True, exist_ok=True)
        lock = self._opened.enter_context((self._kept / "lock").open("w"))
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            self._opened.close()
            sys.exit(f"Another benchmark uses {self._kept}: two at once would measure each other.")
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def url(self, database: str, count: int) -> str:
        """Of a database with so many resources of the corpus, whose pages the system has in memory."""
        place = self._place(database, count)
        if not place.exists():
            self._make(database, count, place)
        if (database, count) not in self._urls:
            self._urls[database, count] = self._opened.enter_context(_opened(database, place))
        _warm(place)
        return self._urls[database, count]

    @contextlib.contextmanager
    def copy(self, database: str, count: int) -> Iterator[str]:
        """Of a copy that may be written to, and is thrown away."""
        url = self.url(database, count)
        if database != SQLITE:
            with copied(url) as other:
                yield other
            return
        with TemporaryDirectory(prefix="copy-", dir=self._kept) as folder:
            shutil.copy(self._place(database, count), Path(folder, "copy.sqlite"))
            yield f"sqlite:///{folder}/copy.sqlite"

    def load(self, database: str, count: int) -> Loaded:
        """What the load took that made the database."""
        self.url(database, count)
        return _remembered(self._record(database, count))

    def trusted_load(self, count: int) -> Loaded:
        """What a load of a checked file by --trusted takes into an empty SQLite database."""
        record = self._record("trusted", count)
        if not record.exists():
            _tell(f"Checking {count:,} resources and loading them by --trusted, once ...")
            with TemporaryDirectory(prefix="trusted-", dir=self._kept) as folder:
                url, corpus = f"sqlite:///{folder}/trusted.sqlite", self._corpus(count)
                load(url, corpus, "--check")
                _remember(record, load(url, corpus, "--trusted"))
        return _remembered(record)

    def loads(self, count: int) -> str:
        """When those of that size were made that are kept: a load's figures are as old as its database."""
        records = sorted(self._kept.glob(f"{count}-{_state()}.*.json"))
        return ", ".join(f"{one.suffixes[0][1:]} {_remembered(one).measured}" for one in records)

    def forget(self) -> None:
        """So that everything is made anew."""
        for place in self._kept.glob("[0-9]*"):
            _remove(self._kept, place.name)

    def _place(self, database: str, count: int) -> Path:
        suffix = ".sqlite" if database == SQLITE else ".postgresql"
        return self._kept / f"{count}-{_state()}{suffix}"

    def _record(self, name: str, count: int) -> Path:
        return self._kept / f"{count}-{_state()}.{name.lower()}.json"

    def _make(self, database: str, count: int, place: Path) -> None:
        _tell(f"Loading {count:,} resources into {database}, once ...")
        making = place.with_name(f"making-{place.name}")
        _remove(self._kept, making.name)  # what a run left that was killed
        try:
            with _opened(database, making) as url:
                _remember(self._record(database, count), load(url, self._corpus(count)))
                with TemporaryDirectory() as folder, service(url, Path(folder, "log")):
                    pass  # it brings the topics into the database
            making.rename(place)
        finally:
            _remove(self._kept, making.name)

    def _corpus(self, count: int) -> Path:
        file = self._kept / f"{count}-{_state()}.ndjson"
        if not file.exists():
            _tell(f"Writing {count:,} resources ...")
            making = file.with_name(f"making-{file.name}")
            self._opened.callback(_remove, self._kept, file.name)
            with making.open("w") as output, Pool() as pool:
                firsts = range(0, count, _PART)
                for part in pool.imap(partial(_part, count), firsts):
                    output.write(part)
            making.rename(file)
        return file


def _part(count: int, first: int) -> str:
    return "".join(lines(min(count, first + _PART), SEED, first))


def _opened(database: str, place: Path) -> contextlib.AbstractContextManager[str]:
    return contextlib.nullcontext(f"sqlite:///{place}") if database == SQLITE else postgresql(place)


def _warm(place: Path) -> None:
    for file in [place] if place.is_file() else sorted(place.rglob("base/*/*")):
        with file.open("rb", buffering=0) as pages:
            while pages.read(1 << 22):
                pass


def _remember(record: Path, loaded: Loaded) -> None:
    record.write_text(json.dumps(asdict(loaded)))


def _remembered(record: Path) -> Loaded:
    return Loaded(**json.loads(record.read_text()))


def _remove(folder: Path, name: str) -> None:
    for left in folder.glob(f"{name}*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()


@cache
def _state() -> str:
    """Names what stands in a database: the schema, and what the corpus begins with becomes in it."""
    digest = sha256()
    for path in (path for one in _SCHEMA for path in _files(_PROJECT / one)):
        digest.update(path.read_bytes())
    items = [(str(place), line.encode()) for place, line in enumerate(lines(_SAMPLE, SEED))]
    rules = Rules("corpus", "r4", frozenset(RELEASES["r4"].resource_types), gate=None)
    for one in Preparer(rules).prepare(Task(items, 0, [], [])).accepted:
        digest.update(one.body)
        digest.update("\n".join(sorted(repr((*row,)) for row in one.rows)).encode())
    return digest.hexdigest()[:12]


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("count", type=int, nargs="+", help="how many resources")
    parser.add_argument("--trusted", action="store_true", help="time a load by --trusted too")
    parser.add_argument("--only", choices=BOTH, help="only into this database")
    arguments = parser.parse_args()
    with Stores() as stores:
        for count in arguments.count:
            told = {name: stores.load(name, count) for name in BOTH if arguments.only in (None, name)}
            if arguments.trusted:
                told["SQLite, --trusted"] = stores.trusted_load(count)
            for name, one in told.items():
                print(f"{name}: {count:,} in {one.seconds:.0f} s, {one.rate:,.0f}/s, {one.memory:.0f} MB")


if __name__ == "__main__":
    main()
