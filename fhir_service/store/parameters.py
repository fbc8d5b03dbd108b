"""The search parameters of a store: those that were built in, and those that its clients define.

https://hl7.org/fhir/R4/searchparameter.html

A SearchParameter resource counts from the commit that wrote it: every writer in every process indexes by it
from then on (see DEFINITIONS). Queries may use it once what was there before is indexed too; which versions
of definitions that is true of stands in the property `INDEXED`, written by `reindex` in maintenance.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from fhir_service.errors import Unavailable
from fhir_service.formats import fhir_json
from fhir_service.releases import Release
from fhir_service.search.custom import Definition, is_used, other_of_same_code
from fhir_service.search.definitions import SearchParameters
from fhir_service.store.database import DEFINITIONS, FILLING, Rows
from fhir_service.store.sql import Sql

# The serial numbers of the versions of SearchParameter resources that all resources are indexed by.
INDEXED = "indexed search parameters"

_STATE = (DEFINITIONS, INDEXED, FILLING)
_NAMES = ", ".join(f"'{name}'" for name in _STATE)
STATE = Sql(f"SELECT name, value FROM property WHERE name IN ({_NAMES})", [])
_IS_STILL = " AND ".join(
    f"(SELECT value FROM property WHERE name = '{name}') IS NOT DISTINCT FROM ?" for name in _STATE
)

_TYPES = "SELECT release, number FROM type WHERE name = 'SearchParameter'"

# Those of one type; what the service's own packages brought is built in already. Joined with `type`, or
# sorted here, it would make a database look at every resource.
CURRENT = (
    "SELECT r.serial, r.current_version FROM resource AS r WHERE r.type = ? AND r.is_deleted = ?"
    " AND NOT EXISTS (SELECT 1 FROM loaded_resource AS l JOIN load AS p ON p.number = l.load"
    " WHERE l.resource = r.serial AND p.origin = 'built')"
)


def while_state_is(state: Rows, statement: Sql) -> Sql:
    """The statement, which finds nothing where `STATE` finds anything else.

    What it finds stays in its order: of a condition on none of its rows a plan asks once, before it begins.
    """
    values: dict[str, str] = dict(state)
    return Sql(
        f"SELECT q.* FROM ({statement.text}) AS q WHERE {_IS_STILL}",
        [*statement.values, *map(values.get, _STATE)],
    )


class Snapshot(NamedTuple):
    """What holds while the properties have the values in `state`."""

    state: Mapping[str, str]
    parameters: Mapping[str, SearchParameters]
    versions: frozenset[int]
    """Of the client's definitions that resources are indexed by."""
    token: object = None
    """While it is the store's, nothing has been committed."""


class StoredParameters(Mapping[str, SearchParameters]):
    """By release name; each look sees what is committed, at the cost of one small query.

    :param token: tells without a query that nothing was committed; None when it cannot
    """

    def __init__(
        self,
        run: Callable[[Sql], list[tuple[Any, ...]]],
        built: Mapping[str, SearchParameters],
        token: Callable[[], object] = lambda: None,
    ) -> None:
        self.built: Mapping[str, SearchParameters] = (
            built.built if isinstance(built, StoredParameters) else built
        )
        self._run = run
        self._token = token
        self._definitions: dict[int, Definition | None] = {}
        self._snapshot: Snapshot | None = None
        self._guard = threading.Lock()

    def __getitem__(self, release: str) -> SearchParameters:
        """Those that queries may use and resources are indexed by; Unavailable while there is no index."""
        snapshot = self.snapshot()
        if FILLING in snapshot.state:
            raise Unavailable(
                "The first load into this database is not finished: it is searched and written to once its"
                " index is built."
            )
        return snapshot.parameters[release]

    def __iter__(self) -> Iterator[str]:
        return iter(self.built)

    def __len__(self) -> int:
        return len(self.built)

    def snapshot(self) -> Snapshot:
        # In this order, before the definitions: what changes meanwhile is seen at the next look.
        token, known = self._token(), self._snapshot
        if token is not None and known is not None and known.token == token:
            return known
        state = dict(self._run(STATE))
        with self._guard:
            known = self._snapshot
            if known is None or known.state != state:  # no other thread has read it meanwhile
                known = self._read(state, known)
            self._snapshot = known = known._replace(token=token)
        return known

    def _read(self, state: Mapping[str, str], before: Snapshot | None) -> Snapshot:
        indexed = {int(number) for number in state.get(INDEXED, "").split()}
        used: dict[str, dict[int, Definition]] = {release: {} for release in self.built}
        for release, version in self._current():
            fhir = self.built[release].release
            definition = self._definition(version, fhir)
            if definition is None:
                continue
            others = (*self.built[release].data, *used[release].values())
            if other_of_same_code(definition, others, fhir) is None:
                used[release][version] = definition
        parameters = {
            release: self._parameters(release, found, indexed, before) for release, found in used.items()
        }
        return Snapshot(state, parameters, frozenset(version for found in used.values() for version in found))

    def _current(self) -> Iterator[tuple[str, int]]:
        """Release and version of each definition, in the order in which they came."""
        for release, number in self._run(Sql(_TYPES, [])):
            for _, version in sorted(self._run(Sql(CURRENT, [number, False]))):
                yield release, version

    def _parameters(
        self, release: str, used: Mapping[int, Definition], indexed: set[int], before: Snapshot | None
    ) -> SearchParameters:
        """The same object as before when nothing changed: it has compiled its expressions."""
        built = self.built[release]
        last = before.parameters[release] if before else built
        data = [*built.data, *(one for version, one in used.items() if version in indexed)]
        pending = [one for version, one in used.items() if version not in indexed]
        if (last.data, last.pending_data) == (data, pending):
            return last
        own = len(built.release.search_parameter_data)
        return SearchParameters(built.release, data[own:], pending)

    def _definition(self, version: int, release: Release) -> Definition | None:
        """None when it is not used; a version never changes, so each is read once."""
        if version not in self._definitions:
            body = self._run(Sql("SELECT body FROM version WHERE serial = ?", [version]))[0][0]
            definition = fhir_json.parse(body)
            self._definitions[version] = definition if is_used(definition, release) else None
        return self._definitions[version]
