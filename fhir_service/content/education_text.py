"""The education text of one language, read from Markdown: plain words, each run with the facts it states.

https://spec.commonmark.org/0.31.2/

    # Title {F40}                     the title and its facts
    ## Heading {#code}                a section; `###` is a section within it
    Some words. {F01 F02} More. {F03} a run of words ends with the facts it states
    These can happen: {-}             ... or with {-} when it states none (a lead-in)
    - An item {F04}                   a list item is written like a paragraph

Nothing else is allowed: no bold, links, tables or numbers in lists. The words have to work in every door.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .finding import Finding, unknown_fact
from .topic import BulletList, Paragraph, Section, Statement, Text, Where

_MARK = re.compile(r"\{(-|[^{}#][^{}]*)\}")
_CODE = re.compile(r"\s*\{#([^{}]*)\}\s*$")
_CODE_FORM = re.compile(r"[a-z][a-z0-9-]*")
_CONTAINERS = {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}
_CLOSING = {"heading_close", "paragraph_close"}


@dataclass
class _OpenSection:
    """A section while it is being read."""

    code: str
    title: str
    level: int
    where: Where
    blocks: list[Paragraph | BulletList] = field(default_factory=list)
    sections: list[_OpenSection] = field(default_factory=list)

    def finished(self) -> Section:
        sections = tuple(section.finished() for section in self.sections)
        return Section(
            code=self.code, title=self.title, blocks=tuple(self.blocks), sections=sections, where=self.where
        )


def read_text(
    markdown: str, file: str, language: str, facts: Collection[str], findings: list[Finding]
) -> Text | None:
    """The text; None when it has no title. Every fault becomes a finding."""
    reader = _Reader(file, facts, findings)
    for block, token in _blocks(markdown, file, findings):
        reader.take(block, token)
    if reader.title is None:
        findings.append(Finding(file, 1, "the text has no title; allowed: a first line `# Title {F..}`"))
        return None
    reader.check_empty_sections()
    return Text(
        language=language,
        title=reader.title.text,
        title_facts=reader.title.statements[0].facts,
        sections=tuple(section.finished() for section in reader.top),
        where=reader.title.statements[0].where,
    )


def _blocks(markdown: str, file: str, findings: list[Finding]) -> Iterator[tuple[str, Token]]:
    """(kind, inline token): kind is h1..h6, p, or li-first / li for the items of a list."""
    kind, depth, first = "p", 0, False
    for token in MarkdownIt("commonmark").parse(markdown):
        line = token.map[0] + 1 if token.map else 1
        if token.type == "bullet_list_open":
            depth, first = depth + 1, True
            if depth > 1:
                findings.append(Finding(file, line, "a list stands in a list; allowed: one level"))
        elif token.type == "bullet_list_close":
            depth -= 1
        elif token.type == "heading_open":
            kind = token.tag
        elif token.type == "paragraph_open":
            kind = "p" if not depth else "li-first" if first else "li"
            first = False
        elif token.type == "inline":
            yield kind, token
        elif token.type not in _CONTAINERS | _CLOSING:
            name = token.type.removesuffix("_open")
            message = f"`{name}` is not plain text; allowed: headings, paragraphs, bullets"
            if not token.type.endswith("_close"):
                findings.append(Finding(file, line, message))


class _Reader:
    """Puts the blocks into sections, in order."""

    def __init__(self, file: str, facts: Collection[str], findings: list[Finding]) -> None:
        self.file, self.facts, self.findings = file, facts, findings
        self.title: Paragraph | None = None
        self.top: list[_OpenSection] = []
        self.open: list[_OpenSection] = []
        self.seen: dict[str, int] = {}

    def take(self, kind: str, token: Token) -> None:
        line = token.map[0] + 1 if token.map else 1
        if kind == "h1":
            self._take_title(token, line)
        elif kind.startswith("h"):
            self._take_heading(int(kind[1]), token, line)
        elif not self.open:
            self._fault(
                line, "words stand outside of a section; allowed: after a heading `## Heading {#code}`"
            )
        else:
            self._take_words(kind, Paragraph(tuple(self._statements(token, line))))

    def check_empty_sections(self) -> None:
        for section in self.top:
            for inner in (section, *section.sections):
                if not inner.blocks and not inner.sections:
                    self._fault(
                        inner.where.line, f"section `{inner.code}` is empty; allowed: words or sections"
                    )

    def _take_title(self, token: Token, line: int) -> None:
        if self.title is not None:
            self._fault(line, "a second title; allowed: one line that starts with `# `")
            return
        self.title = Paragraph(tuple(self._statements(token, line)) or (Statement("", (), self._at(line)),))

    def _take_heading(self, level: int, token: Token, line: int) -> None:
        found = _CODE.search(token.content)
        code = found.group(1) if found else ""
        if not _CODE_FORM.fullmatch(code):
            self._fault(
                line, f"the heading has no code; allowed: `{'#' * level} Heading {{#code}}`, lower-case"
            )
        if code in self.seen:
            self._fault(line, f"duplicate section code `{code}`; the first one is on line {self.seen[code]}")
        self.seen[code] = line
        while self.open and self.open[-1].level >= level:
            self.open.pop()
        if level != len(self.open) + 2:
            self._fault(line, f"heading of level {level} here; allowed: level {len(self.open) + 2}")
        section = _OpenSection(code, _CODE.sub("", token.content).strip(), level, self._at(line))
        (self.open[-1].sections if self.open else self.top).append(section)
        self.open.append(section)

    def _take_words(self, kind: str, paragraph: Paragraph) -> None:
        blocks = self.open[-1].blocks
        if kind == "li" and blocks and isinstance(blocks[-1], BulletList):
            blocks[-1] = BulletList((*blocks[-1].items, paragraph))
        else:
            blocks.append(paragraph if kind == "p" else BulletList((paragraph,)))

    def _statements(self, token: Token, line: int) -> Iterator[Statement]:
        words = token.content
        self._check_plain(token, line)
        start = 0
        for mark in _MARK.finditer(words):
            here = line + words[: mark.start()].count("\n")
            run = " ".join(words[start : mark.start()].split())
            facts = () if mark.group(1) == "-" else tuple(mark.group(1).split())
            self._check_facts(facts, here)
            if not run:
                self._fault(here, f"`{mark.group()}` stands after no words; allowed: at the end of words")
            lead = len(words[start : mark.start()]) - len(words[start : mark.start()].lstrip())
            yield Statement(run, facts, self._at(line + words[: start + lead].count("\n")))
            start = mark.end()
        rest = " ".join(words[start:].split())
        if rest:
            here = line + words.rstrip().count("\n")
            self._fault(
                here,
                f"`{_short(rest)}` names no fact; allowed: end it with {{F..}}, or {{-}} if it states none",
            )
            yield Statement(rest, (), self._at(here))

    def _check_plain(self, token: Token, line: int) -> None:
        for child in token.children or ():
            if child.type not in ("text", "softbreak"):
                name = child.type.removesuffix("_open")
                if not child.type.endswith("_close"):
                    self._fault(line, f"`{name}` is not plain text; allowed: words only")

    def _check_facts(self, facts: tuple[str, ...], line: int) -> None:
        for fact in facts:
            if fact not in self.facts:
                self._fault(line, unknown_fact(fact, self.facts))

    def _fault(self, line: int, message: str) -> None:
        self.findings.append(Finding(self.file, line, message))

    def _at(self, line: int) -> Where:
        return Where(self.file, line)


def _short(words: str) -> str:
    return words if len(words) <= 40 else words[:37] + "..."
