"""The education page of one language: the body that every page shows, and the finished page of one file.

https://www.w3.org/TR/WCAG22/

    topic_body        the sections, wherever they are shown: pages, embeds, Infobutton, the finished page
    education_page    one HTML file without script or outside requests: what the Binary holds. It links to
                      nothing, so that its bytes are the same on every host

The side effects are a picture of time. One band without a gap goes over all of it, and says in words that
side effects can happen during or after treatment and that others are possible; the lists stand on it side by
side, so that no blank between them reads as a safe time. Which section is what is told by its facts, never by
its name or its language.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from .narrative import bullets, escaped, heading, paragraph
from .publisher import Publisher, standing
from .topic import BulletList, Paragraph, Section, Statement, Text, Topic

STYLE = Path(__file__).with_name("page.css").read_text(encoding="utf-8").strip()
"""For everything that a body or a finished page is made of; it asks for nothing else."""


def source_hash(text: str) -> str:
    """A style or script as a Content-Security-Policy allows it: https://www.w3.org/TR/CSP3/#grammardef-hash-source"""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def section_blocks(section: Section) -> list[str]:
    """The paragraphs and lists of one section alone, as XHTML."""
    return [_block(block) for block in section.blocks]


def topic_body(topic: Topic, text: Text, *, section: str | None = None) -> str:
    """The sections as HTML under headings of level 2; with a code, the whole section that holds it.

    A part of a section is never shown alone: the late side effects without "others are possible" would say
    less than the facts.
    """
    body = _Body(topic, text)
    shown = [one for one in text.sections if section is None or section in (part.code for part in one.walk())]
    return "\n".join(line for one in shown for line in body.section(one, 2))


def lead_lines(topic: Topic, text: Text, publisher: Publisher) -> list[str]:
    """What stands above the sections: whether it is a draft translation, retired, and reviewed."""
    notices = publisher.notice(text.language)
    draft = [f'<p class="draft">{escaped(notices.draft_translation)}</p>'] if text.is_draft else []
    said = (f'<p class="review">{escaped(line)}</p>' for line in standing(topic, notices))
    return [*draft, heading(text.title, 1), *said]


def closing_lines(topic: Topic, text: Text, publisher: Publisher) -> list[str]:
    """What stands at the foot of every page and embed, the service notice first."""
    notices = publisher.notice(text.language)
    return [
        f'<p class="notice">{escaped(notices.service)}</p>',
        paragraph(notices.absence),
        _legal_lines(topic, text, publisher),
    ]


def _legal_lines(topic: Topic, text: Text, publisher: Publisher) -> str:
    """In the words of their owners, whatever the language of the page."""
    lines = escaped(" ".join(line for line in (publisher.copyright, topic.trademarks) if line))
    return f"<p>{lines}</p>" if text is topic.text else f'<p lang="{topic.language}">{lines}</p>'


def education_page(topic: Topic, text: Text, publisher: Publisher, *, header: str = "") -> str:
    """The whole page: the review line near the top, the service notice at the foot.

    :param header: a finished block that stands above the page
    """
    body = [
        *([f"<header>{header}</header>"] if header else []),
        "<main>",
        *lead_lines(topic, text, publisher),
        topic_body(topic, text),
        "</main>",
        "<footer>",
        *closing_lines(topic, text, publisher),
        "</footer>",
    ]
    head = [
        "<!DOCTYPE html>",
        f'<html lang="{text.language}">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escaped(text.title)}</title>",
        f"<style>{STYLE}</style>",
        "</head>",
        "<body>",
    ]
    return "\n".join([*head, *body, "</body>", "</html>", ""])


@dataclass(frozen=True)
class _Body:
    """The sections of one text, each told apart by the facts it states."""

    topic: Topic
    text: Text

    def section(self, section: Section, level: int) -> Iterator[str]:
        """A section under a heading that can be linked to, then the sections in it one level lower."""
        kind = self._kind(section)
        name = f' class="{kind}"' if kind else ""
        yield f'<section{name} aria-labelledby="{section.code}">'
        yield f'<h{level} id="{section.code}">{escaped(section.title)}</h{level}>'
        windows = [part for part in section.sections if part.code in self._windows]
        if windows:
            yield from self._picture(section, windows, level)
        else:
            yield from section_blocks(section)
        for part in section.sections:
            if part not in windows:
                yield from self.section(part, level + 1)
        yield "</section>"

    def _picture(self, section: Section, windows: list[Section], level: int) -> Iterator[str]:
        """The section's own words on the band, then the lists of the onset windows placed on it."""
        yield '<div class="time">'
        yield '<div class="band">'
        yield from section_blocks(section)
        yield from (paragraph(statement.text) for statement in self._unlisted)
        yield "</div>"
        yield '<div class="spans">'
        for window in windows:
            yield from self.section(window, level + 1)
        yield "</div>"
        yield "</div>"

    def _kind(self, section: Section) -> str:
        """What the section is for the reader; empty when it is nothing special."""
        facts = set(section.facts)
        kinds = {
            "key": {fact for point in self.topic.key_points for fact in point.facts},
            "tell": {fact for warning in self.topic.warnings for fact in warning.facts},
            "source": set(self.topic.source.facts),
        }
        return next((kind for kind, own in kinds.items() if facts and facts <= own), "")

    @cached_property
    def _windows(self) -> frozenset[str]:
        """The codes of the sections that list the side effects of an onset window."""
        facts = {fact for effect in self.topic.side_effects for fact in effect.facts}
        return frozenset(section.code for section in self.text.walk() if facts & set(section.facts))

    @cached_property
    def _unlisted(self) -> tuple[Statement, ...]:
        """That other side effects are possible, in the words of this text."""
        facts = {fact for warning in self.topic.warnings if warning.code for fact in warning.facts}
        statements = (
            statement
            for section in self.text.walk()
            for words in section.paragraphs
            for statement in words.statements
        )
        return tuple(one for one in statements if one.facts and set(one.facts) <= facts)


def _block(block: Paragraph | BulletList) -> str:
    if isinstance(block, BulletList):
        return bullets(item.text for item in block.items)
    return paragraph(block.text)
