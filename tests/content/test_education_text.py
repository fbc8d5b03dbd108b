"""The text in Markdown. https://spec.commonmark.org/0.31.2/"""

from __future__ import annotations

import pytest

from fhir_service.content.education_text import read_text
from fhir_service.content.finding import Finding
from fhir_service.content.topic import BulletList, Paragraph, Statement, Text, Where

GOOD = """\
# Title {F01}

## One {#one}

First words. {F01 F02} Second
words. {F03}

A lead-in: {-}

- an item {F02}
- two {F01} parts {F03}

### Inner {#inner}

More. {F02}

## Two {#two}

End. {F03}
"""


def read(markdown: str) -> tuple[Text | None, list[Finding]]:
    findings: list[Finding] = []
    return read_text(markdown, "text.en.md", "en", {"F01", "F02", "F03"}, findings), findings


def test_sections_paragraphs_and_lists_are_read_in_order() -> None:
    text, findings = read(GOOD)
    assert findings == []
    assert text is not None
    assert (text.title, text.title_facts) == ("Title", ("F01",))
    assert [section.code for section in text.walk()] == ["one", "inner", "two"]
    one = text.sections[0]
    assert [type(block) for block in one.blocks] == [Paragraph, Paragraph, BulletList]
    assert [paragraph.text for paragraph in one.paragraphs] == [
        "First words. Second words.",
        "A lead-in:",
        "an item",
        "two parts",
    ]
    assert one.facts == ("F01", "F02", "F03")


def test_a_statement_holds_its_words_facts_and_line() -> None:
    text, _ = read(GOOD)
    assert text is not None
    first = text.sections[0].paragraphs[0]
    assert first.statements == (
        Statement("First words.", ("F01", "F02"), Where("text.en.md", 5)),
        Statement("Second words.", ("F03",), Where("text.en.md", 5)),
    )
    assert text.sections[0].paragraphs[3].statements[0].where.line == 11


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("More. {F02}", "More.", 15, "`More.` names no fact; allowed: end it with {F..}"),
        ("More. {F02}", "More. {F09}", 15, "fact `F09` is not in facts.csv"),
        ("More. {F02}", "{F02}", 15, "stands after no words"),
        ("More. {F02}", "**More**. {F02}", 15, "`strong` is not plain text"),
        ("More. {F02}", "1. More {F02}", 15, "`ordered_list` is not plain text"),
        ("More. {F02}", "```\nx\n```", 15, "`fence` is not plain text"),
        ("- an item", "- - an item", 10, "a list stands in a list"),
        ("## One {#one}", "## One", 3, "the heading has no code"),
        ("{#two}", "{#one}", 17, "duplicate section code `one`; the first one is on line 3"),
        ("### Inner", "#### Inner", 13, "heading of level 4 here; allowed: level 3"),
        ("# Title {F01}\n\n## One {#one}", "# Title {F01}\n\n", 5, "words stand outside of a section"),
        ("More. {F02}", "", 13, "section `inner` is empty"),
        ("## Two", "# Two {F01}\n\n## Two", 17, "a second title"),
    ],
)
def test_a_fault_is_a_finding_with_its_line(old: str, new: str, line: int, message: str) -> None:
    _, findings = read(GOOD.replace(old, new))
    assert line in [finding.line for finding in findings if message in finding.message], findings


def test_a_text_without_title_is_refused() -> None:
    text, findings = read("## One {#one}\n\nWords. {F01}\n")
    assert text is None
    assert "the text has no title" in findings[-1].message
