"""One export: what was asked, and how far it is.

https://hl7.org/fhir/uv/bulkdata/export.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the kick-off request asked; `filters` are search queries by type, of which one must match.

    Times are microseconds since 1970.
    """

    release: str
    types: tuple[str, ...]
    since: int | None
    filters: Mapping[str, tuple[str, ...]]
    request: str
    """the URL of the kick-off request"""
    base: str
    """what references in the filters may start with"""


@dataclass
class Written:
    """One type's files: how many lines and bytes are good, and where the next batch begins."""

    count: int = 0
    size: int = 0
    deleted_count: int = 0
    deleted_size: int = 0
    cursor: str = ""
    is_done: bool = False


@dataclass
class Progress:
    """`at` is the moment that the export shows; `failure` says why there is nothing to fetch."""

    at: int | None = None
    written: dict[str, Written] = field(default_factory=dict)
    finished: int | None = None
    failure: str = ""

    @property
    def count(self) -> int:
        return sum(one.count for one in self.written.values())


def asked_to_json(asked: Asked) -> bytes:
    return json.dumps(asdict(asked)).encode()


def asked_from_json(text: bytes) -> Asked:
    read = json.loads(text)
    filters = {name: tuple(queries) for name, queries in read["filters"].items()}
    return Asked(**{**read, "types": tuple(read["types"]), "filters": filters})


def progress_to_json(progress: Progress) -> bytes:
    return json.dumps(asdict(progress)).encode()


def progress_from_json(text: bytes) -> Progress:
    read = json.loads(text)
    written = {name: Written(**one) for name, one in read["written"].items()}
    return Progress(**{**read, "written": written})
