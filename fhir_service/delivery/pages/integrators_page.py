"""The page for those who build a portal or an EHR, `/integrate`: each door, a request to it, the live answer.

https://www.w3.org/TR/CSP3/#directive-frame-src (what a portal's policy needs)

The requests are made of the topics and of what the doors declare (`door_requests`). Without a script the page
is there to read, with each request as a line for a shell; its own script builds others and shows what this
service answers.
"""

from __future__ import annotations

from pathlib import Path

from flask import Response, request

from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import kept
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.pages import door_requests
from fhir_service.delivery.pages.diary_page import questionnaire
from fhir_service.delivery.pages.host_script import HOST_SCRIPT, INTEGRITY
from fhir_service.delivery.pages.parameters import Asked, find_topic
from fhir_service.delivery.pages.rendering import html_page

PATH = "/integrate"
TOPIC = "topic"

STYLE = Path(__file__).with_name("integrators.css").read_text(encoding="utf-8").strip()
SCRIPT = Path(__file__).with_name("integrators.js").read_text(encoding="utf-8").strip()


def integrators_page(doors: Doors, asked: Asked) -> Response:
    """About the topic that `topic` names, or the first one; NotFound for one that is not there."""
    topics = doors.topics.shown
    built = find_topic(topics, request.args.get(TOPIC) or next(iter(topics), ""))
    base, publisher = base_url(request.environ, doors.settings), doors.topics.publisher
    drafts = doors.settings.serves_drafts
    forms = [
        door_requests.fhir_form(built, publisher, drafts=drafts),
        door_requests.infobutton_form(built, publisher, drafts=drafts),
        door_requests.cds_form(built),
        door_requests.embed_form(built, drafts=drafts),
        door_requests.link_form(built, drafts=drafts),
        door_requests.packages_form(publisher),
    ]
    response = html_page(
        doors,
        "integrators.html",
        language="en",
        theme=asked.theme,
        style=STYLE,
        scripts=(SCRIPT,),
        # The live answers, and the frame that shows an embed.
        policy={"connect-src": "'self'", "frame-src": "'self'", "form-action": "'self'"},
        base=base,
        origin="/".join(base.split("/")[:3]),
        built=built,
        topics=[one.topic for one in topics.values()],
        forms={form.id: form for form in forms},
        about=next((one.value for one in door_requests.asked_about(built, publisher)), ""),
        integrity=INTEGRITY,
        host_script=HOST_SCRIPT,
        form=questionnaire(built),
    )
    name_content(response, [built])
    return kept(response)
