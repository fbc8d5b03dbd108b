"""Index rows of a batch, laid out as they are put aside: who writes them walks through none.

    (place of the resource in the batch, number of the search parameter, element, *columns)
    (place of the resource in the batch, narrative, content)

The numbers of resources are known when they are written; those of search parameters are given when a row of
theirs is first written, and for good. What has no number yet stays as it is, and so do rows of what a
resource contains.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from fhir_service.search.index import IndexRow
from fhir_service.store.schema import WRITTEN

Numbers: TypeAlias = dict[str, dict[str, int]]
"""Of the search parameters of a release, by type and code."""

Laid: TypeAlias = dict[str, list[tuple[Any, ...]]]
"""The rows of each kind."""


def lay_out(
    batch: Iterable[tuple[str, Sequence[IndexRow]]], numbers: Numbers | None
) -> tuple[Laid, list[list[IndexRow]]]:
    """The rows of resources, each given with its type; and of each, those that are left."""
    laid: Laid = defaultdict(list)
    left: list[list[IndexRow]] = []
    for place, (type_name, rows) in enumerate(batch):
        known = None if numbers is None else numbers.get(type_name, {})
        left.append(list(rows) if known is None else _lay(laid, place, rows, known))
    return dict(laid), left


def _lay(laid: Laid, place: int, rows: Sequence[IndexRow], numbers: dict[str, int]) -> list[IndexRow]:
    left: list[IndexRow] = []
    for row in rows:
        kind, code, element, columns, held = row
        number = numbers.get(code)
        if held is None and number is not None:
            laid[kind].append((place, number, element) + columns)
        elif held is None and kind == "text":
            laid[kind].append((place, *columns))
        else:
            left.append(row)
    return left


def columns(kind: str) -> tuple[str, ...]:
    """Those of the rows of a kind, in the table beside its index table."""
    if kind == "text":
        return ("resource", *WRITTEN["full_text"][1:])
    parameter, resource, *others = WRITTEN[f"index_{kind}"]
    return (resource, parameter, *others)


def only(laid: Laid, places: Sequence[int]) -> Laid:
    """The rows of some of the resources, as if the batch had no others."""
    new = {old: place for place, old in enumerate(places)}
    return {kind: [(new[row[0]], *row[1:]) for row in rows if row[0] in new] for kind, rows in laid.items()}
