"""Which resources carry each fact, release by release, as a table to read.

https://hl7.org/fhir/R4/provenance.html (the same question, asked of a whole resource)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .rules import Material
from .rules.facts_in_data import Held, held_data
from .topic import Fact

_SHOWN = 3


def report(material: Material) -> str:
    """A line for each fact: its section of the text, then what holds it as data in each release."""
    releases = list(material.built)
    held = {name: held_data(resources) for name, resources in material.built.items()}
    rows = [["fact", "section of the text", *releases]]
    for fact in material.topic.facts:
        rows.append([fact.id, fact.in_text.section, *(_data(fact, held[name]) for name in releases)])
    texts = ", ".join(
        f"{text.language} (draft)" if text.is_draft else text.language for text in material.topic.texts
    )
    title = f"{material.topic.slug}: {len(material.topic.facts)} facts, each in {texts}"
    return "\n".join([title, "", *_table(rows)])


def _data(fact: Fact, held: Sequence[Held]) -> str:
    """The resources that hold the fact; a few by name, the rest by number."""
    found = (one.name for wanted in fact.in_data for one in held if one.has(wanted))
    names = list(dict.fromkeys(found))
    if not names:
        return "text only"
    more = [f"+{len(names) - _SHOWN}"] if len(names) > _SHOWN else []
    return " ".join([*names[:_SHOWN], *more])


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
