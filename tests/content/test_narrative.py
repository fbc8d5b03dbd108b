"""Narrative blocks."""

from __future__ import annotations

from xml.etree import ElementTree

from fhir_service.content.narrative import bullet_blocks, bullets, labelled, narrative, paragraph

WORDS = 'a < b & "c" <script>alert(1)</script>'


def test_words_are_escaped_in_every_block() -> None:
    for block in (paragraph(WORDS), bullets([WORDS]), labelled("x", WORDS), labelled(WORDS, "x")):
        assert "<script" not in block
        text = "".join(ElementTree.fromstring(block).itertext())
        assert WORDS in text


def test_a_list_without_items_is_nothing() -> None:
    """An empty list is not allowed in XHTML."""
    assert bullets([]) == ""
    assert bullet_blocks([]) == ""


def test_the_language_is_said_in_both_ways() -> None:
    assert narrative([paragraph("Hola")], "es") == {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml" xml:lang="es" lang="es"><p>Hola</p></div>',
    }
