"""Whatever is sent, the answer is by the rules, and never a server error."""

from __future__ import annotations

import copy
import json
from typing import Any, get_args

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_service.delivery.cds_hooks.services import SERVICES
from tests.delivery.cds_hooks.calls import Form, Shape, call

MANY = settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
SAID: dict[str, Any] = {
    "age": 7,
    "encounter": "enc-1",
    "speaks": "es",
    "drafts": [{"code": "rxnorm 5666", "route": "IV"}, {"text": "saline"}],
    "conditions": [{"code": "snomed 32273002", "verification": "confirmed"}],
    "medications": [{"code": "rxnorm 5666", "encounter": "Encounter/enc-1"}],
    "allergies": [{"code": "site 1", "reaction": "penicillin"}],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place below a value."""
    found = [path] if path else []
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for name, held in members:
        found += places(held, (*path, name))
    return found


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, Any]:
    """A good call with something else at a few places of it."""
    service = draw(st.sampled_from(list(SERVICES.values())))
    form = draw(st.sampled_from(get_args(Form)))
    body: Any = call(SAID | {"service": service.hook}, draw(st.sampled_from(get_args(Shape))), form)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(places(body)))
        at: Any = body
        for part in path[:-1]:
            at = at[part]
        at[path[-1]] = draw(JSON | st.sampled_from(({"x": {}}, [{}], [[]], "", {"reference": {}})))
    return service.id, copy.deepcopy(body)


@MANY
@given(sent=calls())
def test_a_good_call_gone_wrong_is_answered(suggesting: FlaskClient, sent: tuple[str, Any]) -> None:
    service_id, body = sent
    data = json.dumps(body, ensure_ascii=True)
    answer = suggesting.post(f"/cds-services/{service_id}", data=data, content_type="application/json")
    assert answer.status_code in (200, 400, 412)


@MANY
@given(body=JSON, rest=st.sampled_from((*SERVICES, *(f"{one}/feedback" for one in SERVICES))))
def test_any_json_is_answered(suggesting: FlaskClient, body: Any, rest: str) -> None:
    answer = suggesting.post(f"/cds-services/{rest}", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == 400


@MANY
@given(data=st.binary(max_size=200))
def test_any_bytes_are_answered(suggesting: FlaskClient, data: bytes) -> None:
    answer = suggesting.post(
        f"/cds-services/{next(iter(SERVICES))}", data=data, content_type="application/json"
    )
    assert answer.status_code == 400
