"""The narrative of a resource: small, valid XHTML made from plain values, every text escaped.

https://hl7.org/fhir/R4/narrative.html#xhtml

A block is a finished piece of XHTML. Builders join blocks that they make from the elements of the resource
they just built, so that the words and the elements cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

XHTML = "http://www.w3.org/1999/xhtml"


def escaped(words: str) -> str:
    """The words as XHTML text."""
    return escape(words, quote=False)


def paragraph(words: str) -> str:
    return f"<p>{escaped(words)}</p>"


def heading(words: str, level: int = 3) -> str:
    return f"<h{level}>{escaped(words)}</h{level}>"


def bullets(lines: Iterable[str]) -> str:
    """A list with one escaped line each; nothing at all when there is no line."""
    return bullet_blocks(escaped(line) for line in lines)


def bullet_blocks(blocks: Iterable[str]) -> str:
    """A list whose items are finished blocks (for lists within lists)."""
    items = "".join(f"<li>{block}</li>" for block in blocks)
    return f"<ul>{items}</ul>" if items else ""


def titled(title: str, words: str) -> str:
    """Words after their title, for a list item."""
    return f"<b>{escaped(title)}:</b> {escaped(words)}"


def labelled(label: str, words: str) -> str:
    return f"<p>{titled(label, words)}</p>"


def narrative(blocks: Iterable[str], language: str, status: str = "generated") -> dict[str, Any]:
    """A Narrative; `additional`: it also holds words that stand in no element (a notice, for instance)."""
    lang = escape(language)
    content = "".join(blocks)
    return {"status": status, "div": f'<div xmlns="{XHTML}" xml:lang="{lang}" lang="{lang}">{content}</div>'}
