"""Atom in HL7's order: by the schema, and as feedparser reads it."""

from __future__ import annotations

import re
from collections.abc import Callable

import feedparser
import pytest
from flask.testing import FlaskClient
from lxml import etree

from tests.delivery.infobutton.answers import ITP, MAIN, SCHEMA

ATOM = "{http://www.w3.org/2005/Atom}"
# https://www.rfc-editor.org/rfc/rfc4151#section-2.1
TAG = re.compile(
    r"tag:[a-z0-9]+([.-][a-z0-9]+)*,[0-9]{4}(-[0-9]{2}){0,2}:([A-Za-z0-9/?:@!$&'()*+,;=._~-]|%[0-9A-F]{2})*"
)
CONTEXT = {
    **ITP,
    "age.v.v": "67",
    "age.v.u": "a",
    "informationRecipient": "PAT",
    "subTopic.v.dn": "side effects",
}


@pytest.fixture
def feed(client: FlaskClient) -> etree._Element:
    return etree.fromstring(client.get("/infobutton/service", query_string=CONTEXT).data)


def test_the_schema_accepts_it(feed: etree._Element) -> None:
    SCHEMA.assertValid(feed)
    assert len(feed.findall(f"{ATOM}entry")) > 5


def first_last(feed: etree._Element) -> None:
    feed.append(feed[0])


def without_language(feed: etree._Element) -> None:
    entry = feed.find(f"{ATOM}entry")
    assert entry is not None
    del entry.attrib["{http://www.w3.org/XML/1998/namespace}lang"]


def without_base(feed: etree._Element) -> None:
    del feed.attrib["{http://www.w3.org/XML/1998/namespace}base"]


def link_without_title(feed: etree._Element) -> None:
    link = feed.find(f"{ATOM}entry/{ATOM}link")
    assert link is not None
    del link.attrib["title"]


def unknown_scheme(feed: etree._Element) -> None:
    category = feed.find(f"{ATOM}category")
    assert category is not None
    category.set("scheme", "shoeSize")


def html_not_escaped(feed: etree._Element) -> None:
    summary = feed.find(f"{ATOM}entry/{ATOM}summary")
    assert summary is not None
    etree.SubElement(summary, f"{ATOM}p")


@pytest.mark.parametrize(
    "broken",
    [first_last, without_language, without_base, link_without_title, unknown_scheme, html_not_escaped],
)
def test_the_schema_refuses_what_the_guide_does(
    feed: etree._Element, broken: Callable[[etree._Element], None]
) -> None:
    broken(feed)
    assert not SCHEMA.validate(feed)


def test_feedparser_reads_it(client: FlaskClient) -> None:
    read = feedparser.parse(client.get("/infobutton/service", query_string=CONTEXT).data)
    assert not read.bozo
    assert read.feed.title == "Patient education"
    assert read.feed.language == "en"
    page, chosen = read.entries[:2]
    assert page.title == "IVIG Treatment for ITP"
    assert page.link == "http://localhost/topics/ivig-itp?lang=en#side-effects"
    assert page.summary_detail.type == "text/html"
    assert chosen.title == "Side effects of IVIG"
    assert "Your child might have a side effect that is not on these lists." in chosen.summary


def test_every_section_names_the_entry_of_its_page(client: FlaskClient) -> None:
    page, *sections = feedparser.parse(client.get("/infobutton/service", query_string=ITP).data).entries
    assert sections
    assert {section.source.id for section in sections} == {page.id}
    assert "source" not in page


def test_ids_are_tags_that_say_nothing_of_who_asked(client: FlaskClient, feed: etree._Element) -> None:
    ids = [str(one.text) for one in feed.iter(f"{ATOM}id")]
    assert all(TAG.fullmatch(one) for one in ids)
    other = {f"{MAIN}.c": "5666", f"{MAIN}.cs": "RXNORM"}
    medicine = etree.fromstring(client.get("/infobutton/service", query_string=other).data)
    assert set(ids) == {one.text for one in medicine.iter(f"{ATOM}id")}


def test_the_fhir_forms_that_it_links_to_were_built(client: FlaskClient, feed: etree._Element) -> None:
    links = [one.attrib for one in feed.iter(f"{ATOM}link") if one.get("type") == "application/fhir+json"]
    assert {str(link["rel"]) for link in links} == {"related"}
    assert "http://localhost/fhir/r4b/Composition/ivig-itp-education-en" in {link["href"] for link in links}
    assert len(links) == 6


def test_the_owners_of_the_codes_are_named(feed: etree._Element) -> None:
    rights = feed.findtext(f"{ATOM}rights") or ""
    for owner in ("SNOMED International", "RxNorm, courtesy of", "trademarks"):
        assert owner in rights


def test_what_was_asked_is_escaped(client: FlaskClient) -> None:
    words = """<b>"'&]]>\u00e9"""
    feed = etree.fromstring(client.get("/infobutton/service", query_string={f"{MAIN}.dn": words}).data)
    SCHEMA.assertValid(feed)
    assert feed.findtext(f"{ATOM}subtitle") == f"No topic for {words}"
