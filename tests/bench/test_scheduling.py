from pathlib import Path

import pytest

from bench.scheduling import shared_by, shared_by_process


@pytest.fixture
def switch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of the system's own, which other processes depend on."""
    file = tmp_path / "sched_autogroup_enabled"
    monkeypatch.setattr("bench.scheduling._BY_SESSION", file)
    return file


def test_cores_are_shared_by_process_while_it_measures_and_as_before_afterwards(switch: Path) -> None:
    switch.write_text("1\n")
    assert shared_by() == "session"
    with shared_by_process():
        assert switch.read_text() == "0"
        assert shared_by() == "process"
    assert switch.read_text() == "1"


@pytest.mark.parametrize("was", ["0\n", None], ids=["off", "absent"])
def test_what_is_so_already_is_left_alone(switch: Path, was: str | None) -> None:
    if was is not None:
        switch.write_text(was)
    with shared_by_process():
        assert shared_by() == "process"
    assert (switch.read_text() if switch.exists() else None) == was


def test_who_may_not_change_it_is_told_how_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "switch").write_text("1")
    monkeypatch.setattr("bench.scheduling._BY_SESSION", tmp_path / "switch")
    monkeypatch.setattr(Path, "write_text", _refuse)
    with shared_by_process():
        assert shared_by() == "session"


def _refuse(*_: object) -> None:
    raise PermissionError
