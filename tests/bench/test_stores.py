"""Databases of the benchmark: who uses them is alone, and what made them is remembered."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.corpus import SEED, lines
from bench.loading import Loaded
from bench.stores import Stores, _part, _remember, _remembered, _state


def test_a_second_benchmark_does_not_use_the_same_databases(tmp_path: Path) -> None:
    with Stores(tmp_path), pytest.raises(SystemExit, match="Another benchmark"), Stores(tmp_path):
        raise AssertionError("two at once")


def test_what_a_load_took_is_remembered_until_everything_is_made_anew(tmp_path: Path) -> None:
    record = tmp_path / "10-abc.sqlite.json"
    _remember(record, Loaded(10, 2.0, 100.0, "now"))
    assert _remembered(record).rate == 5
    with Stores(tmp_path) as stores:
        stores.forget()
    assert not record.exists()


def test_a_load_is_as_old_as_its_database(tmp_path: Path) -> None:
    for name, when in (("sqlite", "Monday"), ("trusted", "Tuesday")):
        _remember(tmp_path / f"10-{_state()}.{name}.json", Loaded(10, 2.0, 100.0, when))
        _remember(tmp_path / f"10-other.{name}.json", Loaded(10, 2.0, 100.0, "long ago"))
    with Stores(tmp_path) as stores:
        assert stores.loads(10) == "sqlite Monday, trusted Tuesday"


def test_what_is_made_otherwise_is_another_database(monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_is = _state()
    monkeypatch.setattr("fhir_service.content.preparing.index_rows", lambda *_: [])
    assert _state.__wrapped__() != as_it_is


def test_the_parts_of_a_corpus_are_the_corpus() -> None:
    assert _part(1_010, 0) + _part(1_010, 1_000) == "".join(lines(1_010, SEED))
