"""The finished education page of one language: one HTML file, without script or outside requests.

https://www.w3.org/TR/WCAG22/

It is what the Binary holds. It links to nothing, so that its bytes are the same on every host.
"""

from __future__ import annotations

from collections.abc import Iterator

from .narrative import bullets, escaped, heading, paragraph
from .publisher import Publisher, standing
from .topic import BulletList, Section, Text, Topic

_STYLE = """
:root{color-scheme:light dark}
body{font:1.125rem/1.6 system-ui,sans-serif;margin:0 auto;max-width:42rem;padding:1rem}
h1{font-size:1.75rem;line-height:1.25}
h2{font-size:1.375rem;line-height:1.3;margin-top:2rem}
h3{font-size:1.125rem}
.notice{border:2px solid;border-radius:.5rem;padding:.25rem 1rem}
footer{border-top:1px solid;margin-top:2rem}
@media print{body{max-width:none;padding:0}}
""".strip()


def section_blocks(section: Section) -> list[str]:
    """The paragraphs and lists of one section alone, as XHTML."""
    return [
        bullets(item.text for item in block.items) if isinstance(block, BulletList) else paragraph(block.text)
        for block in section.blocks
    ]


def education_page(topic: Topic, text: Text, publisher: Publisher) -> str:
    """The whole page: first what a reader must know of the words, the service notice at the foot."""
    notices = publisher.notice(text.language)
    body = [
        "<main>",
        *([f'<p class="notice">{escaped(notices.draft_translation)}</p>'] if text.is_draft else []),
        heading(text.title, 1),
        *(paragraph(line) for line in standing(topic, notices)),
        *(block for section in text.sections for block in _section(section, 2)),
        "</main>",
        "<footer>",
        f'<p class="notice">{escaped(notices.service)}</p>',
        paragraph(notices.absence),
        _legal_lines(topic, text, publisher),
        "</footer>",
    ]
    head = [
        "<!DOCTYPE html>",
        f'<html lang="{text.language}">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escaped(text.title)}</title>",
        f"<style>{_STYLE}</style>",
        "</head>",
        "<body>",
    ]
    return "\n".join([*head, *body, "</body>", "</html>", ""])


def _legal_lines(topic: Topic, text: Text, publisher: Publisher) -> str:
    """In the words of their owners, whatever the language of the page."""
    lines = escaped(" ".join(line for line in (publisher.copyright, topic.trademarks) if line))
    return f"<p>{lines}</p>" if text is topic.text else f'<p lang="{topic.language}">{lines}</p>'


def _section(section: Section, level: int) -> Iterator[str]:
    """A section under a heading that can be linked to, then the sections in it one level lower."""
    yield f'<section aria-labelledby="{section.code}">'
    yield f'<h{level} id="{section.code}">{escaped(section.title)}</h{level}>'
    yield from section_blocks(section)
    for part in section.sections:
        yield from _section(part, level + 1)
    yield "</section>"
