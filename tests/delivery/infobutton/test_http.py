"""Methods, media types, caching, CORS, and everything that is no request at all."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.settings import Settings
from tests.delivery.infobutton.answers import ITP, MAIN, read
from tests.memory_store import MemoryStore

TYPE = "knowledgeResponseType"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
PATHS = ["/infobutton", "/infobutton/", "/infobutton/service", "/infobutton/application"]


@pytest.mark.parametrize(
    ("asked", "content_type"),
    [
        ("text/xml", "text/xml"),
        ("TEXT/XML", "text/xml"),
        ("application/atom+xml", "application/atom+xml"),
        ("application/xml", "application/xml"),
        ("application/json", "application/json"),
        ("application/json;charset=UTF-8", "application/json"),
        ("text/json", "text/json"),
        ("text/html", "text/html"),
        ("", "text/xml"),
    ],
)
def test_the_type_is_as_it_was_asked_for(client: FlaskClient, asked: str, content_type: str) -> None:
    response = client.get("/infobutton/service", query_string={**ITP, TYPE: asked})
    assert (response.status_code, response.content_type) == (200, f"{content_type}; charset=utf-8")


def test_a_plus_that_is_not_encoded_is_a_plus(client: FlaskClient) -> None:
    query = f"{MAIN}.dn=ITP&{TYPE}=application/atom+xml"
    assert client.get(f"/infobutton/service?{query}").content_type == "application/atom+xml; charset=utf-8"


@pytest.mark.parametrize("asked", ["application/pdf", "xml", "text/xml;charset=latin1", "*/*", "<script>"])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/infobutton/service", "text/xml"),
        ("/infobutton/application", "text/html"),
        ("/infobutton", "text/xml"),
    ],
)
def test_another_type_is_refused_in_the_form_of_the_door(
    client: FlaskClient, asked: str, path: str, form: str
) -> None:
    response = client.get(path, query_string={**ITP, TYPE: asked})
    assert (response.status_code, response.content_type) == (415, f"{form}; charset=utf-8")
    assert "allowed: text/xml, application/atom+xml," in read(response).message
    assert "<script>" not in response.text


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("text/html,*/*", "text/html"),
        ("*/*", "text/xml"),
        ("", "text/xml"),
        ("application/atom+xml", "text/xml"),
        ("text/xml, text/html;q=0.5", "text/xml"),
        ("image/png", "text/xml"),
        ("nonsense;;q=x", "text/xml"),
    ],
)
def test_browsers_get_the_page_and_others_data(client: FlaskClient, accept: str, content_type: str) -> None:
    response = client.get("/infobutton", query_string=ITP, headers={"Accept": accept})
    assert response.content_type == f"{content_type}; charset=utf-8"
    assert {"accept", "accept-language"} <= {name.lower() for name in response.vary}


def test_only_what_was_asked_of_the_headers_varies(client: FlaskClient) -> None:
    asked = {**ITP, "informationRecipient.languageCode.c": "en", TYPE: "text/xml"}
    assert not client.get("/infobutton", query_string=asked).vary


@pytest.mark.parametrize("asked", ["text/xml", "application/json", "text/html", ""])
def test_the_application_is_always_the_page(client: FlaskClient, asked: str) -> None:
    response = client.get("/infobutton/application", query_string={**ITP, TYPE: asked})
    assert response.content_type == "text/html; charset=utf-8"
    assert "What is IVIG?" in response.text


def test_the_page_opens_at_the_section(client: FlaskClient) -> None:
    asked = {**ITP, "subTopic.v.c": "Q000009", "subTopic.v.cs": "MSH"}
    page = client.get("/infobutton/application", query_string=asked).text
    assert "Side effects of IVIG" in page
    assert "How IVIG works" not in page


def test_the_page_says_whom_it_is_about(client: FlaskClient) -> None:
    page = client.get("/infobutton/application", query_string={**ITP, "age.v.v": "40", "age.v.u": "a"}).text
    assert "This page is about children." in page


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_names_its_content(client: FlaskClient, path: str) -> None:
    value = client.get(path, query_string=ITP).headers["Topic-Content"]
    assert value.startswith('ivig-itp="ni:///sha-256;')
    assert value == client.get("/topics/ivig-itp").headers["Topic-Content"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("asked", [ITP, {f"{MAIN}.dn": "fever"}], ids=["found", "none"])
def test_who_has_the_answer_is_told_so(client: FlaskClient, path: str, asked: dict[str, str]) -> None:
    first = client.get(path, query_string=asked)
    again = client.get(path, query_string=asked, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "no-store" not in first.headers["Cache-Control"]


def test_data_may_be_kept_for_an_hour(client: FlaskClient) -> None:
    response = client.get("/infobutton/service", query_string=ITP)
    assert response.headers["Cache-Control"] == "public, max-age=3600"


def test_the_etag_is_of_the_meaning(client: FlaskClient) -> None:
    same = [
        ITP,
        {**ITP, f"{MAIN}.cs": "urn:oid:2.16.840.1.113883.6.90"},
        {"shoeSize": "42", **ITP, "taskContext.c.c": "BOGUS", "holder.assignedEntity.n": "me"},
    ]
    other = [
        {**ITP, f"{MAIN}.c": "D69.6"},
        {**ITP, "informationRecipient": "PAT"},
        {**ITP, TYPE: "application/json"},
        {**ITP, TYPE: "application/atom+xml"},
        {**ITP, "age.v.v": "40", "age.v.u": "a"},
    ]

    def etag(asked: dict[str, str]) -> str:
        return client.get("/infobutton/service", query_string=asked).headers["ETag"]

    assert len({etag(asked) for asked in same}) == 1
    assert len({etag(asked) for asked in [ITP, *other]}) == 1 + len(other)


@pytest.mark.parametrize("path", PATHS)
def test_what_was_posted_is_kept_nowhere(client: FlaskClient, path: str) -> None:
    response = client.post(path, data=ITP, headers={"If-None-Match": "*"})
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers


def test_the_parameters_of_a_post_may_stand_in_its_url_too(client: FlaskClient) -> None:
    response = client.post("/infobutton/service?informationRecipient=PAT", data=ITP)
    assert ("informationRecipient", "PAT") in read(response).categories
    assert read(client.post("/infobutton/service", query_string=ITP)).titles
    twice = client.post("/infobutton/service", query_string=ITP, data=ITP)
    assert twice.status_code == 400


@pytest.mark.parametrize("path", PATHS)
def test_head_is_get_without_the_body(client: FlaskClient, path: str) -> None:
    get, head = (client.open(path, method=method, query_string=ITP) for method in ("GET", "HEAD"))
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.data))
    assert head.headers["ETag"] == get.headers["ETag"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_another_method_is_refused(client: FlaskClient, path: str, method: str) -> None:
    response = client.open(path, method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "GET, HEAD, POST, OPTIONS"
    assert "Allowed here are GET, HEAD, POST, OPTIONS." in read(response).message


def test_another_path_is_refused_in_the_form_that_is_accepted(client: FlaskClient) -> None:
    assert read(client.get("/infobutton/nothing")).message.startswith("There is nothing here;")
    page = client.get("/infobutton/nothing", headers={"Accept": BROWSER})
    assert (page.status_code, page.content_type) == (404, "text/html; charset=utf-8")


def test_pages_of_any_origin_may_ask(client: FlaskClient) -> None:
    response = client.get("/infobutton/service", query_string=ITP, headers={"Origin": "https://portal.test"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    refused = client.get("/infobutton/service", headers={"Origin": "https://portal.test"})
    assert refused.headers["Access-Control-Allow-Origin"] == "*"
    preflight = client.options("/infobutton/service", headers={"Access-Control-Request-Method": "POST"})
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]


def test_only_listed_origins_may_ask() -> None:
    client = create_app(Settings(cors_origins=("https://portal.test",)), MemoryStore()).test_client()
    for path in PATHS:
        other = client.get(path, query_string=ITP, headers={"Origin": "https://attacker.test"})
        assert "Access-Control-Allow-Origin" not in other.headers
        assert "Origin" in other.headers["Vary"]


@pytest.mark.parametrize("path", PATHS)
def test_no_answer_tells_the_next_site_what_was_asked(client: FlaskClient, path: str) -> None:
    assert client.get(path, query_string=ITP).headers["Referrer-Policy"] == "no-referrer"


def test_a_forged_host_gets_no_links(client: FlaskClient) -> None:
    for path in PATHS:
        response = client.get(path, query_string=ITP, headers={"Host": "evil.test"})
        assert response.status_code == 400
        assert "evil.test/" not in response.text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("mainSearchCriteria.v.dn=100%", "not followed by two hexadecimal digits"),
        ("mainSearchCriteria.v.dn=%zz", "not followed by two hexadecimal digits"),
        ("mainSearchCriteria.v.dn=a%00b", "NUL"),
        ("a%00=b", "NUL"),
        ("mainSearchCriteria.v.dn=%ff", "cannot be read: they are not UTF-8."),
        ("&".join(f"p{number}=1" for number in range(10_000)), "more than 500"),
        (f"mainSearchCriteria.v.dn={'a' * 1001}", "longer than 1000 characters"),
        ("mainSearchCriteria.v.dn=%EF%BF%BF", "no text"),
        ("", "What is asked about is missing"),
    ],
    ids=lambda value: value[:30],
)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_cannot_be_read_is_refused(
    client: FlaskClient, path: str, method: str, query: str, told: str
) -> None:
    if method == "GET":
        response = client.get(f"{path}?{query}")
    else:
        response = client.post(path, data=query, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 400
    assert told in read(response).message
    assert response.headers["Cache-Control"] == "no-store"


def test_bytes_that_are_no_text_are_refused(client: FlaskClient) -> None:
    response = client.post(
        "/infobutton/service",
        data=b"mainSearchCriteria.v.dn=\xff\xfe",
        content_type="application/x-www-form-urlencoded",
    )
    assert (response.status_code, read(response).message) == (400, "The parameters are not in UTF-8.")


@pytest.mark.parametrize("path", PATHS)
def test_a_large_form_is_refused(client: FlaskClient, path: str) -> None:
    response = client.post(path, data={f"{MAIN}.dn": "a" * 1_000_000})
    assert response.status_code == 413
    assert read(response).message


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"Content-Type": "multipart/form-data"},
        {"Content-Encoding": "gzip"},
    ],
    ids=str,
)
def test_another_body_is_refused(client: FlaskClient, headers: dict[str, str]) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = client.post("/infobutton/service", data=b"{}", headers={**form, **headers})
    assert response.status_code == 415
    assert read(response).message
