"""The side-effect diary of a topic, `/topics/<slug>/diary`: its built Questionnaire as a form to fill in.

https://hl7.org/fhir/R4/questionnaire.html and https://build.fhir.org/ig/HL7/sdc/extraction.html

All that is asked, and when the notice appears again, is what the Questionnaire says. The page's script sends
the answers once, to the service's own `$extract`, and shows what comes back. Nothing is stored or logged, by
the service or by the browser; whom the answers are about stands only in the fragment of the address, which no
browser sends. Until a clinician has reviewed the form, no page for patients and no card leads here.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Response, request

from fhir_service.content.publisher import review_line
from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.cache_control import NOT_KEPT
from fhir_service.delivery.doors import Doors, name_content
from fhir_service.delivery.languages import choose
from fhir_service.delivery.pages.parameters import Asked
from fhir_service.delivery.pages.rendering import html_page
from fhir_service.delivery.pages.retired_page import retired_page
from fhir_service.delivery.pages.topic_page import fallback_line
from fhir_service.errors import NotFound
from fhir_service.releases import R4
from fhir_service.topics import BuiltTopic

RELEASE = R4
"""Of the answers, as most portals keep them."""

STYLE = Path(__file__).with_name("diary.css").read_text(encoding="utf-8").strip()
SCRIPT = Path(__file__).with_name("diary.js").read_text(encoding="utf-8").strip()


def diary_page(doors: Doors, built: BuiltTopic, asked: Asked) -> Response:
    """The empty form; NotFound for a topic without one."""
    if built.topic.retired:
        return retired_page(doors, built, asked)
    form = questionnaire(built)
    if form is None:
        raise NotFound(f"The topic `{built.slug}` has no diary: it names no side effects.")
    topic, publisher = built.topic, doors.topics.publisher
    # The script has no access token: where reading needs one, the form is for printing.
    sends = doors.settings.reads == "open"
    # The form is written in the topic's own language alone.
    choice = choose(replace(topic, texts=(topic.text,)), explicit=asked.lang)
    response = html_page(
        doors,
        "diary.html",
        language=form["language"],
        theme=asked.theme,
        style=STYLE,
        scripts=(SCRIPT,) if sends else (),
        policy={"connect-src": "'self'"},
        base=base_url(request.environ, doors.settings),
        topic=topic,
        form=form,
        # What the form is derived from stands in its description, which follows.
        heading=re.sub(r" \([^()]*\)$", "", form["title"]),
        review=review_line(topic, publisher.notice(form["language"])),
        fallback=fallback_line(publisher, choice),
        sends=sends,
        extract=f"../../fhir/{RELEASE.name}/QuestionnaireResponse/$extract",
    )
    response.headers["Cache-Control"] = NOT_KEPT
    name_content(response, [built])
    return response


def questionnaire(built: BuiltTopic) -> dict[str, Any] | None:
    """The form as it was built; None for a topic without side effects."""
    prefix = f"{RELEASE.name}/Questionnaire-"
    for name in sorted(name for name in built.files if name.startswith(prefix)):
        found: dict[str, Any] = json.loads((built.folder / name).read_bytes())
        return found
    return None
