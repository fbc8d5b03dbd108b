"""transaction: requests that are done all together or not at all.

https://hl7.org/fhir/R4/http.html#trules

    read        every entry as a request, and whether it is allowed
    settle      what each entry writes: criteria become ids, new resources get theirs
    refuse      two entries that write the same resource
    link        fullUrls and conditional references become what they mean, in every resource
    gate        what is created or updated is valid
    write       DELETE, then POST, then PUT and PATCH, then GET and HEAD
    answer      in the order in which it was asked

Criteria and conditional references mean what was there before the transaction, which holds other writers up.
Without any, all but the writing is done before it begins. Any failure undoes all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fhir_service.bodies import read_resource
from fhir_service.dispatch import check, dispatch, find
from fhir_service.errors import Invalid, NotFound, PreconditionFailed, ServiceError
from fhir_service.exchange import Content, Interaction, Request, Response, Services
from fhir_service.fhir.bundle import Entry, bundle
from fhir_service.fhir.links import change_links
from fhir_service.fhir.query_string import read_pairs
from fhir_service.interactions import create, delete, patch, update, writing
from fhir_service.interactions.conditional import find_one, lock_type
from fhir_service.interactions.entries import (
    Asked,
    answered,
    around,
    entries_of,
    located,
    read_entry,
    require_known,
)
from fhir_service.security.guard import authorise
from fhir_service.store.contract import Resources, StoredVersion

_ORDER = {"DELETE": 0, "POST": 1, "PUT": 2, "PATCH": 2, "GET": 3}
_WRITES = ("create", "update", "patch", "delete")

_CONDITIONAL_REFERENCE = re.compile(r"([A-Z][A-Za-z]+)\?(.+)", re.DOTALL)
_RELATIVE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}", re.ASCII)
_RESTFUL = re.compile(r"(https?://.+)/[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}", re.ASCII)


# What a name like this stands for, nobody could ever look up: references "SHALL be resolvable".
_TEMPORARY = ("urn:uuid:", "urn:oid:")


@dataclass(frozen=True, slots=True)
class Step:
    """An entry with what is settled; with `response` nothing is left to be done."""

    asked: Asked
    code: str
    identity: str | None = None  # Type/id of what it writes or found
    response: Response | None = None
    criteria: str | None = None  # of a conditional create that found nothing

    @property
    def request(self) -> Request:
        return self.asked.request


def handle(sent: Mapping[str, Any], request: Request, services: Services) -> Response:
    entries = entries_of(sent)
    asked = [read_entry(entry, place, request) for place, entry in enumerate(entries)]
    require_known(around(entries), request, services)
    found = [_admitted(one, services) for one in asked]
    ready = _ready_early(found, request, services)
    with services.store.write() as transaction:
        lock_type(transaction, request, *{one.request.type_name for one, code in found if _looks(one, code)})
        # Nobody changes the definitions while there is this transaction: one look at them is enough.
        release = request.release.name
        definitions = {release: services.search_parameters[release]}
        inner = replace(services, store=transaction, search_parameters=definitions)
        steps = ready if ready is not None else _ready(found, request, transaction, inner)
        answers: dict[int, Entry] = {}
        for step in sorted(steps, key=lambda step: _ORDER[step.request.method]):
            answers[step.asked.place] = _done(step, inner)
    return Response(body=bundle("transaction-response", [answers[place] for place in sorted(answers)]))


def _admitted(asked: Asked, services: Services) -> tuple[Asked, str]:
    """The entry with its path read, and the code of its interaction, if it may be done at all."""
    try:
        interaction, request = find(asked.request, services)
        authorise(request.authorization, services.guard, interaction.code, request.type_name)
        return replace(asked, request=check(request, interaction, services)), interaction.code
    except ServiceError as failure:
        raise located(failure, asked) from None


def _looks(asked: Asked, code: str) -> bool:
    """Whether criteria say what the entry writes."""
    request = asked.request
    return code in _WRITES and (
        bool(request.conditions.if_none_exist) if code == "create" else not request.logical_id
    )


class _Looks(Exception):
    """A conditional reference is met, and there is no transaction yet to look in for what it means."""


def _ready_early(
    found: Sequence[tuple[Asked, str]], request: Request, services: Services
) -> list[Step] | None:
    """The entries ready to be done, if that needs nothing that is stored."""
    if any(_looks(one, code) for one, code in found):
        return None
    try:
        return _ready(found, request, None, services)
    except _Looks:
        return None


def _ready(
    found: Sequence[tuple[Asked, str]], request: Request, transaction: Resources | None, services: Services
) -> list[Step]:
    steps = [_settled(one, code, transaction or services.store, services) for one, code in found]
    _refuse_overlaps(steps)
    return _linked(steps, request, transaction, services)


# Settle


def _settled(asked: Asked, code: str, resources: Resources, services: Services) -> Step:
    try:
        if code not in _WRITES:
            return Step(asked, code)
        return _SETTLE[code](asked, code, resources, services)
    except ServiceError as failure:
        raise located(failure, asked) from None


def _create(asked: Asked, code: str, resources: Resources, services: Services) -> Step:
    request = asked.request
    resource = writing.of_type(read_resource(request), request.type_name)
    criteria = request.conditions.if_none_exist
    if criteria:
        pairs = read_pairs(criteria.lstrip("?"))
        found = find_one(resources, request, request.type_name, pairs, services)
        if found is not None:
            response = writing.answer(request, found, 200, "exists already")
            return Step(asked, code, _name(found), response)
    logical_id = services.new_id()
    new = request._replace(
        content=Content(resource=writing.with_id(resource, logical_id)),
        conditions=replace(request.conditions, if_none_exist="") if criteria else request.conditions,
        logical_id=logical_id,
    )
    identity = f"{request.type_name}/{logical_id}"
    looked_for = f"{request.type_name}?{criteria}" if criteria else None
    return Step(replace(asked, request=new), code, identity, criteria=looked_for)


def _update(asked: Asked, code: str, resources: Resources, services: Services) -> Step:
    request = asked.request
    resource = writing.of_type(read_resource(request), request.type_name)
    if request.logical_id:
        return _at(asked, code, request.logical_id, asked.request.content)
    logical_id = update.select_id(resources, request, resource, services)
    return _at(asked, code, logical_id, Content(resource=writing.with_id(resource, logical_id)))


def _change(asked: Asked, code: str, resources: Resources, services: Services) -> Step:
    """A patch or a deletion."""
    request = asked.request
    if request.logical_id:
        return _at(asked, code, request.logical_id, request.content)
    found = find_one(resources, request, request.type_name, request.parameters, services)
    if found is not None:
        return _at(asked, code, found.logical_id, request.content)
    if code == "patch":
        raise NotFound(f"No {request.type_name} matches the criteria.")
    return Step(asked, code, None, delete.answer(request, None))


_SETTLE = {"create": _create, "update": _update, "patch": _change, "delete": _change}


def _at(asked: Asked, code: str, logical_id: str, content: Content | None) -> Step:
    """The entry at one id: from here on nothing is looked for again."""
    path = f"{asked.request.type_name}/{logical_id}"
    request = asked.request._replace(path=path, parameters=(), logical_id=logical_id, content=content)
    return Step(replace(asked, request=request), code, path)


def _name(found: StoredVersion) -> str:
    return f"{found.type_name}/{found.logical_id}"


def _refuse_overlaps(steps: Iterable[Step]) -> None:
    """No two entries write one resource, create one under the same criteria, or have the same name."""
    known: dict[tuple[str, str], Step] = {}
    for step in steps:
        written = step.identity if step.response is None else None
        keys = {"written": written, "criteria": step.criteria, "named": step.asked.full_url}
        for kind, key in keys.items():
            if key is None:
                continue
            other = known.setdefault((kind, key), step)
            if other is not step:
                first, second = other.asked.expression, step.asked.expression
                raise Invalid(
                    f"{first} and {second} are both about `{key}`: the order of writing would decide.",
                    issue_code="duplicate",
                    expression=(first, second),
                )


# Link


@dataclass(frozen=True, slots=True)
class _Target:
    """What a fullUrl stands for; `canonical` is the resource's own URL."""

    identity: str
    canonical: str | None
    is_temporary: bool


def _linked(
    steps: Sequence[Step], request: Request, transaction: Resources | None, services: Services
) -> list[Step]:
    targets = {
        step.asked.full_url: _target(step, step.asked.full_url)
        for step in steps
        if step.identity is not None and step.asked.full_url
    }
    links = _Links(targets, request, transaction, services)
    return [links.of(step) for step in steps]


def _target(step: Step, full_url: str) -> _Target:
    content = step.request.content
    resource = content.resource if content and content.resource else {}
    own = resource.get("url") if isinstance(resource.get("url"), str) else None
    # Where a client names a new resource by a URL that is also its canonical one, canonical links mean that.
    temporary = full_url.startswith("urn:") or (step.code == "create" and own != full_url)
    return _Target(step.identity or "", own, temporary)


class _Links:
    """Turns the links of every entry into what they mean in the store; then it goes through the gate."""

    def __init__(
        self,
        targets: Mapping[str, _Target],
        request: Request,
        transaction: Resources | None,
        services: Services,
    ) -> None:
        self._targets = targets
        self._request = request
        self._transaction = transaction
        self._services = services
        self._found: dict[str, str] = {}

    def of(self, step: Step) -> Step:
        content = step.request.content
        if step.response is not None or content is None or content.resource is None:
            return step
        restful = _RESTFUL.fullmatch(step.asked.full_url or "")
        root = restful[1] if restful else None

        def change(kind: str, link: str) -> str:
            return self._change(kind, link, root)

        try:
            resource = change_links(content.resource, step.request.release, change)
            if is_sent := step.code in ("create", "update"):
                writing.require_valid(resource, step.request.release, self._services)
        except ServiceError as failure:
            raise located(failure, step.asked) from None
        request = step.request._replace(content=Content(resource=resource, is_valid=is_sent))
        return replace(step, asked=replace(step.asked, request=request))

    def _change(self, kind: str, link: str, root: str | None) -> str:
        target = self._targets.get(link)
        if kind == "reference":
            if target is None and root and _RELATIVE.fullmatch(link):
                target = self._targets.get(f"{root}/{link}")
            if target is None and (criteria := _CONDITIONAL_REFERENCE.fullmatch(link)):
                return self._conditional(link, criteria[1], criteria[2])
            if target is None and link.startswith(_TEMPORARY):
                raise Invalid(f"The reference `{link}` names no entry of the Bundle.", issue_code="not-found")
            return target.identity if target else link
        if kind == "narrative":
            address, hash_sign, fragment = link.partition("#")
            target = self._targets.get(address)
            return f"{target.identity}{hash_sign}{fragment}" if target and target.is_temporary else link
        if kind == "canonical":
            url, bar, version = link.partition("|")
            target = self._targets.get(url)
            if target is None or not target.is_temporary:
                return link
            return f"{target.canonical}{bar}{version}" if target.canonical else target.identity
        return target.identity if target and target.is_temporary else link

    def _conditional(self, link: str, type_name: str, query: str) -> str:
        """What `Patient?identifier=...` refers to: exactly one resource."""
        if self._transaction is None:
            raise _Looks
        if link not in self._found:
            found = find_one(self._transaction, self._request, type_name, read_pairs(query), self._services)
            if found is None:
                raise PreconditionFailed(f"The reference `{link}` matches nothing.", issue_code="not-found")
            self._found[link] = _name(found)
        return self._found[link]


# Write

_HANDLE = {
    "create": create.handle,
    "update": update.handle,
    "patch": patch.handle,
    "delete": delete.handle,
}


def _done(step: Step, services: Services) -> Entry:
    if step.response is not None:
        return answered(step.response)
    try:
        # What is written is settled: neither its route nor who may do it is looked for again.
        done = _HANDLE.get(step.code, dispatch)(step.request, services)
    except ServiceError as failure:
        raise located(failure, step.asked) from None
    return answered(done, step.asked.is_head)


def _by_batch(request: Request, services: Services) -> Response:
    raise AssertionError("batch hands it the Bundle that it read")


INTERACTION = Interaction(
    code="transaction",
    level="system",
    routes=(),  # batch.py has the route: one place takes both, and the Bundle's type decides
    summary="Requests that are done all together or not at all",
    handle=_by_batch,
    writes=True,
)
