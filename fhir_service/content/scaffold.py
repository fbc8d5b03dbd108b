"""A new topic that lints and builds as it is, so that an author starts from something that works.

https://hl7.org/fhir/R4/composition.html
"""

from __future__ import annotations

import datetime
import re
from pathlib import Path

from .finding import Finding, SourceError

_FACTS = """\
id,section,fact
F01,what,Replace this line with the first fact of your page.
F02,metadata,The page was last reviewed in {month}.
F03,metadata,Title: {title}.
"""

_TEXT = """\
# {title} {{F03}}

## What is this? {{#what-is-this}}

Replace this line with the first fact of your page. {{F01}}

## Key points {{#key-points}}

- Replace this line too. {{F01}}

## When the source page was reviewed {{#reviewed}}

The page that these facts come from was last reviewed in {month}. {{F02}}
"""

_TOPIC = """\
# {title}
# Words for the reader stand in text.en.md; facts.csv holds the facts that everything here rests on.
# A code is written `alias code`: the aliases stand in ../../common.yaml, the codes in ../../codes.csv.
# ../ivig-itp/topic.yaml shows all that a topic can hold: product, indications, side effects, a plan.
version: 0.1.0
released: {today} # the only clock of the build
languages: [en]
short_title: {title}
description: Patient education. Say here in one sentence what it tells.
purpose: Say here whom it helps, and to do what.

source:
  title: {title}
  site: Name of the site
  about: Say here what the site says about itself.
  reviewed: {reviewed} # YYYY, YYYY-MM or YYYY-MM-DD, as the page has it
  facts: [F02, F03]

use_contexts:
  - {{kind: task, text: patient education, codes: [actcode PATEDUE]}}

key_points:
  - {{id: K1, facts: [F01]}}

# What a request may find the topic by: `about` selects the topic (with a product, `of` says whether it is the
# product or the condition), `excludes` forbids it, `mentions` only chooses a section. See docs/finder.md.
finder:
  about:
    - words: [{word}]

# How each fact is recognised in what is served: see `facts` of ivig-itp.
facts:
  F01:
    text: {{section: what-is-this, words: [Replace this line]}}
  F02:
    text: {{section: reviewed, words: [last reviewed, {month}]}}
    data: [{{words: [{reviewed}]}}]
  F03:
    text: {{section: title, words: [{title}]}}
    data: [{{words: [{title}]}}]
"""


def scaffold(resources: Path, slug: str, today: datetime.date) -> list[Path]:
    """Write the three files of a new topic.

    :raises SourceError: when the name is none, or is taken
    """
    folder = resources / "topics" / slug
    place = f"topics/{slug}"
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", slug):
        message = f"`{slug}` is no name of a topic; allowed: lower-case letters, digits, `-`, 32 at most"
        raise SourceError([Finding(place, 1, message)])
    if folder.exists():
        raise SourceError([Finding(place, 1, f"`{slug}` is there already; allowed: a new name")])
    values = {
        "title": slug.replace("-", " ").capitalize(),
        "word": slug.replace("-", " "),
        "today": today.isoformat(),
        "reviewed": today.strftime("%Y-%m"),
        "month": f"{today:%B} {today.year}",
    }
    folder.mkdir(parents=True)
    files = {"facts.csv": _FACTS, "text.en.md": _TEXT, "topic.yaml": _TOPIC}
    for name, pattern in files.items():
        (folder / name).write_text(pattern.format(**values), encoding="utf-8")
    return [folder / name for name in files]
