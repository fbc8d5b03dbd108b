"""What happens to each resource of a bulk load before it is written, in worker processes or in this one.

    parse    a line that is no JSON object, or no resource with an id, is rejected
    gate     the validator, unless the source is trusted
    index    every search parameter, and the bytes of a first version

A worker starts anew (`spawn`), so that nothing of this process, its database connections least of all, is in
it. Batches come back in the order in which they were sent, and few are on the way at a time.
"""

from __future__ import annotations

import gc
import json
import marshal
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import connection, get_context
from typing import Any, NamedTuple, TypeVar

from fhir_service.errors import Issue, ServiceError
from fhir_service.formats import fhir_json
from fhir_service.formats.meta import stamp
from fhir_service.releases import RELEASES
from fhir_service.search.definitions import SearchParameters
from fhir_service.search.index import IndexRow, index_rows
from fhir_service.store.laid import Laid, Numbers, lay_out

T = TypeVar("T")

Gate = Callable[[dict[str, Any]], Sequence[Issue]]

# So many batches a worker are sent ahead, as many as are written together: none waits for the writer, and
# memory stays flat.
_AHEAD = 8


class WorkersEnded(Exception):
    """A worker process is gone, so that its batch will not come back; the message says what to do."""


@dataclass(frozen=True)
class Rules:
    """What resources are held against; it must pickle, and so must its gate, for there to be workers."""

    source: str
    release: str
    types: frozenset[str]
    gate: Gate | None
    is_indexed: bool = True
    """Whether index rows are wanted, and the bytes stamped; otherwise they are left as they came."""


class Task(NamedTuple):
    """A batch as it stands in the source: (place, body) each."""

    items: list[tuple[str, bytes]]
    now: int
    published: list[Mapping[str, Any]]
    pending: list[Mapping[str, Any]]
    """The search parameters besides the release's own."""
    numbers: Numbers | None = None
    """Those of search parameters, where index rows are laid out."""


class Accepted(NamedTuple):
    """What may be stored: `rows` are those that are not laid out."""

    type_name: str
    logical_id: str
    place: str
    stamped_at: int
    body: bytes
    rows: list[IndexRow]


class Batch(NamedTuple):
    """`rejected` are lines for the file of those that are not accepted."""

    accepted: list[Accepted]
    rejected: list[str]
    laid: Laid = {}
    """The index rows of the accepted ones, by their places among them."""


class _Ready(NamedTuple):
    place: str
    body: bytes
    rows: list[IndexRow]


class Preparer:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._release = RELEASES[rules.release]
        self._parameters = SearchParameters(self._release)
        self._definitions: tuple[Any, Any] = ([], [])

    def prepare(self, task: Task) -> Batch:
        """One resource after the other, whole: what is known of it stands in the processor's cache."""
        parameters = self._parameters_of(task)
        ready: dict[tuple[str, str], _Ready] = {}
        rejected: list[str] = []
        for place, body in task.items:
            resource: dict[str, Any] = {}
            try:
                resource = fhir_json.parse(body)
                issues = list(self._problems(resource))
            except ServiceError as error:
                issues = list(error.issues)
            if issues:
                rejected.append(rejection(self._rules.source, place, resource, issues))
                continue
            key = (resource["resourceType"], resource["id"])
            # Of one id the last one counts.
            if self._rules.is_indexed:
                ready[key] = _Ready(
                    place, stamp(resource, 1, task.now, body), index_rows(resource, parameters)
                )
            else:
                ready[key] = _Ready(place, body, [])
        of_each = [(key[0], one.rows) for key, one in ready.items()]
        laid, left = lay_out(of_each, task.numbers)
        accepted = [
            Accepted(*key, one.place, task.now, one.body, rows)
            for (key, one), rows in zip(ready.items(), left, strict=True)
        ]
        return Batch(accepted, rejected, laid)

    def _problems(self, resource: dict[str, Any]) -> Iterator[Issue]:
        rules, release = self._rules, self._release
        type_name, logical_id = resource.get("resourceType"), resource.get("id")
        if type_name not in release.resource_types:
            yield Issue("error", "invalid", f"`{type_name}` is no resource type of FHIR {release.label}")
        elif type_name not in rules.types:
            yield Issue(
                "error",
                "not-supported",
                f"{type_name} is not served: FHIR_SERVICE_TYPES=all serves every type",
            )
        elif not isinstance(logical_id, str):
            yield Issue("error", "required", f"This {type_name} has no id", (f"{type_name}.id",))
        elif rules.gate:
            yield from (issue for issue in rules.gate(resource) if issue.severity in ("error", "fatal"))

    def _parameters_of(self, task: Task) -> SearchParameters:
        """The same object as long as the definitions are the same: it has compiled its expressions."""
        definitions = (task.published, task.pending)
        if definitions != self._definitions:
            self._parameters = SearchParameters(self._release, *definitions)
            self._definitions = definitions
        return self._parameters


def rejection(source: str, place: str, resource: Mapping[str, Any], issues: Sequence[Issue]) -> str:
    """One line of the file of rejected resources."""
    named = {"resourceType": resource.get("resourceType"), "id": resource.get("id")}
    line = {"source": source, "place": place, **named, "issues": [_shown(issue) for issue in issues]}
    return json.dumps(line, ensure_ascii=False)


def own_and_others(parameters: SearchParameters) -> tuple[list[Any], list[Any]]:
    """What a task says of search parameters: those besides the release's own, and the pending ones."""
    return list(parameters.data[len(parameters.release.search_parameter_data) :]), parameters.pending_data


def prepared(tasks: Iterable[tuple[T, Task]], rules: Rules, processes: int) -> Iterator[tuple[T, Batch]]:
    """What became of every task, in order, with what was given along with it; raises WorkersEnded."""
    if processes == 1:
        preparer = Preparer(rules)
        for label, task in tasks:
            yield label, preparer.prepare(task)
        return
    pool = ProcessPoolExecutor(processes, get_context("spawn"), _start, (rules,))
    sent: deque[tuple[T, Future[bytes]]] = deque()
    try:
        for label, task in tasks:
            sent.append((label, pool.submit(_prepare, task)))
            if len(sent) > _AHEAD * processes:
                yield _received(*sent.popleft())
        while sent:
            yield _received(*sent.popleft())
    except BrokenProcessPool:
        raise WorkersEnded(
            "A worker process was ended from outside, perhaps for want of memory. What was loaded is kept:"
            " start the same load again, and it goes on (--processes 1 needs the least memory)."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _received(label: T, answer: Future[bytes]) -> tuple[T, Batch]:
    accepted, rejected, laid = marshal.loads(answer.result())
    return label, Batch([Accepted(*one) for one in accepted], rejected, laid)


# In a worker

_preparer: Preparer


def _start(rules: Rules) -> None:
    global _preparer
    gc.disable()  # a batch has many objects and no circles
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends its workers
    _preparer = Preparer(rules)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that was killed tells nobody; its workers would wait for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def _prepare(task: Task) -> bytes:
    """Plain tuples through `marshal`: a fifth of what pickling costs, and both ends are this very program."""
    batch = _preparer.prepare(task)
    written = marshal.dumps(([tuple(one) for one in batch.accepted], batch.rejected, batch.laid))
    del batch
    # Nothing is left of it but what stays: definitions, compiled expressions.
    gc.collect()
    gc.freeze()
    return written


def _shown(issue: Issue) -> dict[str, Any]:
    return {name: value for name, value in asdict(issue).items() if value is not None}
