"""Whatever is sent is answered, never by a fault, and always in a form that can be read."""

from __future__ import annotations

from urllib.parse import urlencode

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fhir_service.delivery.infobutton.parameters import PARAMETERS
from fhir_service.delivery.infobutton.value_lists import FORMS
from tests.delivery.infobutton.answers import ITP, read

NAMES = [name for parameter in PARAMETERS for name in parameter.names]
SENSIBLE = [
    *(*ITP.values(), *FORMS, "Q000009", "MESH", "D000368", "PAT", "PROV"),
    *("5", "0.5", "a", "mo", "en", "es", "show", "IVIG", "ITP", ""),
]

names = st.builds(
    lambda name, number: f"{name}{number}",
    st.sampled_from(NAMES) | st.text(max_size=10),
    st.sampled_from(["", "", "", "1", "2", "0", "007", "1234"]),
)
values = st.sampled_from(SENSIBLE) | st.text(max_size=20)
pairs = st.lists(st.tuples(names, values), max_size=12)
paths = st.sampled_from(["/infobutton", "/infobutton/service", "/infobutton/application"])
methods = st.sampled_from(["GET", "POST", "HEAD"])
headers = st.fixed_dictionaries(
    {},
    optional={
        "Accept": st.sampled_from(["text/html", "*/*", "application/json", ",;q=="]),
        "Accept-Language": st.sampled_from(["es", "en;q=0", "*", "x-y;q=z", ""]),
        "If-None-Match": st.sampled_from(
            ["*", '"a"', "W/", '"'],
        ),
    },
)
few = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

ANSWERED = {200, 304, 400, 404, 413, 415}


@few
@given(path=paths, method=methods, pairs=pairs, head=headers)
def test_parameters(
    client: FlaskClient, path: str, method: str, pairs: list[tuple[str, str]], head: dict[str, str]
) -> None:
    answered(client, path, method, urlencode(pairs), head)


@few
@given(path=paths, method=methods, pairs=pairs, head=headers)
def test_parameters_of_a_good_request(
    client: FlaskClient, path: str, method: str, pairs: list[tuple[str, str]], head: dict[str, str]
) -> None:
    more = [(name, value) for name, value in pairs if name not in ITP]
    answered(client, path, method, urlencode([*ITP.items(), *more]), head)


@few
@given(path=paths, method=methods, query=st.text(alphabet=st.characters(max_codepoint=255), max_size=60))
def test_bytes(client: FlaskClient, path: str, method: str, query: str) -> None:
    answered(client, path, method, query.replace("#", "%23"), {})


def answered(client: FlaskClient, path: str, method: str, query: str, head: dict[str, str]) -> None:
    if method == "POST":
        form = "application/x-www-form-urlencoded"
        response = client.post(path, data=query.encode("latin-1"), content_type=form, headers=head)
    else:
        environ = {"QUERY_STRING": query}
        response = client.open(path, method=method, headers=head, environ_overrides=environ)
    assert response.status_code in ANSWERED
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    if method != "HEAD" and response.status_code != 304:
        read(response)
