"""An answer of the door, read as a client reads its form."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lxml import etree
from werkzeug.test import TestResponse

from fhir_service.delivery import infobutton

SCHEMA = etree.RelaxNG(etree.parse(Path(infobutton.__file__).with_name("knowledge_response.rng")))
MAIN = "mainSearchCriteria.v"
ITP = {f"{MAIN}.c": "D69.3", f"{MAIN}.cs": "2.16.840.1.113883.6.90"}

_ATOM = {"a": "http://www.w3.org/2005/Atom"}


@dataclass
class Answer:
    """What a client takes from a feed, or the message of a failure."""

    text: str
    subtitle: str = ""
    titles: tuple[str, ...] = ()
    summaries: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    """the first link of each entry"""
    categories: tuple[tuple[str, str], ...] = ()
    message: str = ""


def read(response: TestResponse) -> Answer:
    """By its content type; what is not well-formed, or against the schema, is an error."""
    media_type = response.content_type.partition(";")[0]
    text = response.get_data(as_text=True)
    if media_type in ("text/xml", "application/xml", "application/atom+xml"):
        return _from_xml(text)
    if media_type in ("application/json", "text/json"):
        return _from_json(text, json.loads(text))
    if media_type in ("application/javascript", "text/javascript"):
        called = re.fullmatch(r"/\*\*/([A-Za-z_$][\w$.]*)\((.*)\);", text, re.DOTALL)
        assert called is not None
        return _from_json(text, json.loads(called[2]))
    assert media_type == "text/html"
    assert text.startswith("<!DOCTYPE html>")
    return Answer(text, message=text)


def _from_xml(text: str) -> Answer:
    root = etree.fromstring(text.encode())
    if root.tag == "error":
        return Answer(text, message=root.findtext("message") or "")
    SCHEMA.assertValid(root)

    def texts(path: str) -> tuple[str, ...]:
        return tuple(str(found.text) for found in root.iterfind(path, _ATOM))

    return Answer(
        text,
        subtitle=texts("a:subtitle")[0],
        titles=texts("a:entry/a:title"),
        summaries=texts("a:entry/a:summary"),
        links=tuple(str(one.attrib["href"]) for one in root.iterfind("a:entry/a:link[1]", _ATOM)),
        categories=tuple(
            (str(one.attrib["scheme"]), str(one.attrib["term"])) for one in root.iterfind("a:category", _ATOM)
        ),
    )


def _from_json(text: str, document: dict[str, Any]) -> Answer:
    if "error" in document:
        return Answer(text, message=document["error"]["message"])
    feed = document["feed"]
    entries = feed["entry"]
    return Answer(
        text,
        subtitle=feed["subtitle"]["_value"],
        titles=tuple(entry["title"]["_value"] for entry in entries),
        summaries=tuple(entry["summary"]["_value"] for entry in entries),
        links=tuple(entry["link"][0]["href"] for entry in entries),
        categories=tuple((one["scheme"], one["term"]) for one in feed["category"]),
    )
