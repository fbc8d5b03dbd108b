"""The page for integrators: each request on it works, and all of them are made of topics and declarations."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from fhir_service import create_app
from fhir_service.content.published import RESOURCES
from fhir_service.delivery.cds_hooks.services import SERVICES
from fhir_service.delivery.pages.door_requests import (
    Form,
    asked_about,
    cds_form,
    embed_form,
    fhir_form,
    infobutton_form,
    link_form,
    packages_form,
)
from fhir_service.delivery.serve import load
from fhir_service.settings import Settings
from fhir_service.topics import Topics
from tests.test_second_topic import TOPIC, build

TOPICS = Topics(RESOURCES)
BUILT, PUBLISHER = TOPICS.by_slug["ivig-itp"], TOPICS.publisher
FORMS = [
    fhir_form(BUILT, PUBLISHER, drafts=False),
    infobutton_form(BUILT, PUBLISHER, drafts=False),
    cds_form(BUILT),
    embed_form(BUILT, drafts=False),
    link_form(BUILT, drafts=False),
    packages_form(PUBLISHER),
]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    folder = tmp_path_factory.mktemp("integrators")
    settings = Settings(database_url=f"sqlite:///{folder / 'store.sqlite'}")
    load(settings)
    return create_app(settings).test_client()


@pytest.fixture(scope="module")
def html(client: FlaskClient) -> str:
    return client.get("/integrate").text


def every_choice(form: Form) -> Iterator[Form]:
    """The form with each option of each field as the first one, once."""
    for place, field in enumerate(form.fields):
        for option in field.options:
            others = tuple(one for one in field.options if one != option)
            chosen = type(field)(field.label, (option, *others), field.name, field.kind)
            fields = (*form.fields[:place], chosen, *form.fields[place + 1 :])
            yield type(form)(form.id, fields, form.path, form.shown)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.id)
def test_every_request_that_can_be_built_is_answered(client: FlaskClient, form: Form) -> None:
    for built in every_choice(form):
        how = {"method": built.method, "data": built.body or None}
        sent = {"Content-Type": "application/json"} if built.body else {}
        answer = client.open(built.target, headers=sent, **how)  # type: ignore[arg-type]
        assert answer.status_code == 200, built.target


def test_every_code_and_word_of_the_page_finds_the_topic(client: FlaskClient) -> None:
    options = list(asked_about(BUILT, PUBLISHER))
    assert {option.group for option in options} == {"Codes", "Words"}
    for option in options:
        assert "<entry" in client.get(f"/infobutton/service?{option.value}").text, option.value


def test_every_hook_answers_its_example_with_a_card(client: FlaskClient) -> None:
    (hook,) = cds_form(BUILT).fields
    assert [option.value for option in hook.options] == [f"/cds-services/{one}" for one in SERVICES]
    for option in hook.options:
        answer = client.post(option.value, data=option.body, content_type="application/json")
        assert len(answer.get_json()["cards"]) == 1, option.name
        assert '"Patient/example"' in option.body or '"id": "example"' in option.body


def test_every_line_stands_on_the_page_as_a_shell_takes_it(html: str) -> None:
    for form in FORMS:
        line = form.line("http://localhost", BUILT.topic.title)
        assert line in unescape(html)
        if form.shown == "curl":
            words = shlex.split(line)
            assert words[:2] == ["curl", "-s"]
            assert f"http://localhost{form.target}" in words
            assert (form.body in words) == bool(form.body)


def test_the_hash_of_the_height_script_is_that_of_its_bytes(client: FlaskClient, html: str) -> None:
    path, integrity = re.findall(
        r'src="http://localhost(/embed/[^"]+)".*?integrity="([^"]+)"', unescape(html)
    )[0]
    digest = hashlib.sha384(client.get(path).data).digest()
    assert integrity == f"sha384-{base64.b64encode(digest).decode()}"


def test_what_a_portal_must_allow_is_told(html: str) -> None:
    assert "<code>frame-src http://localhost</code>" in html
    assert "/infobutton/application?mainSearchCriteria.v.c=" in html
    assert "/fhir/r4/Library?_lastUpdated=gt" in html
    assert "/topics/ivig-itp/diary#subject=Patient/example" in html


def test_the_poll_finds_what_was_loaded(client: FlaskClient, html: str) -> None:
    (path,) = re.findall(r"curl -s 'http://localhost(/fhir/r4/Library\?[^']+)'", unescape(html))
    assert client.get(path).get_json(force=True)["total"] == 1


def test_only_its_own_script_runs_and_asks_only_this_service(client: FlaskClient) -> None:
    answer = client.get("/integrate")
    policy = dict(one.split(" ", 1) for one in answer.headers["Content-Security-Policy"].split("; "))
    (script,) = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy["script-src"] == f"'sha256-{digest}'"
    assert policy["connect-src"] == policy["frame-src"] == "'self'"
    assert policy["default-src"] == "'none'"


def test_a_draft_language_is_named_only_where_it_is_served(client: FlaskClient) -> None:
    assert "-es" not in client.get("/integrate").text.partition("<main")[2]
    assert any(
        option.value.endswith("-es") for option in fhir_form(BUILT, PUBLISHER, drafts=True).fields[0].options
    )


def test_it_is_linked_from_the_first_page(client: FlaskClient) -> None:
    assert 'href="http://localhost/integrate"' in client.get("/").text


def test_another_topic_is_asked_for_by_its_name(client: FlaskClient) -> None:
    assert client.get("/integrate?topic=ivig-itp").status_code == 200
    answer = client.get("/integrate?topic=nothing")
    assert answer.status_code == 404
    assert "ivig-itp" in answer.text


def test_a_topic_without_codes_or_side_effects_is_shown_too(tmp_path: Path) -> None:
    for name in ("common", "topics"):
        shutil.copytree(RESOURCES / name, tmp_path / name)
    for file in RESOURCES.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    shutil.copytree(TOPIC, tmp_path / "topics" / "hand-washing")
    build(tmp_path)
    client = create_app(Settings(), None, tmp_path).test_client()
    answer = client.get("/integrate?topic=hand-washing")
    assert answer.status_code == 200
    assert "/topics/hand-washing" in answer.text
    assert "ivig" not in answer.text.partition('<option value="ivig-itp">')[0].partition("<main")[2].lower()
