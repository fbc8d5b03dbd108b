"""The table of docs/agreement.md: how often the gate and the official validator agree, and why not always.

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

import re
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterable

from fhir_service.releases import RELEASES
from tests.conformance.agreement import HELD_OUT, MUTATED, PUBLISHED, SEED, Comparison, agreement
from tests.conformance.hl7_examples import EXAMPLES, LARGEST
from tests.conformance.mutants import MUTATIONS

BROKEN = "broken invariant"

# Why only one of the two refuses: a pattern of what it says -> the cause.
ONLY_WE = {
    r"ele-1: ": "ele-1 as it is written (`hasValue() or (children().count() > id.count())`): an object that "
    "holds nothing but an `id` is refused. The official validator asks that of primitives only; of other "
    "objects its parser refuses `{}`.",
    r"refers to a ": "The type of the target is read off a literal reference (`Encounter/1`). The "
    "official validator looks at it only when it can fetch the target, which it cannot here.",
    r"`src` of `img`": "Stricter on purpose: a narrative may not load a picture from another host.",
    r"`style` of": "Stricter on purpose: a style may not load or run anything foreign.",
    r"empty array": "An empty array: the official validator passes over it in a few places.",
    r"is not a base64Binary": "The official validator does not read the base64 of this attachment.",
    r"is not an element id": "The `id` of an element may hold no spaces, as its definition says. The "
    "official validator does not look at it everywhere.",
    r"`` is not a": "An empty text beside extensions (`birthDate` and `_birthDate`): no text of a primitive "
    "may be empty; the official validator passes over it there.",
    r"is not a canonical": "An empty or relative canonical where the official validator does not look.",
}
ONLY_OFFICIAL = {
    r"B64_DECODE_FAIL": "White space within base64: R4's own pattern allows it, the official validator "
    "does not.",
    r"Entry_NoFullUrl": "R5's bdl-15 lets an entry of a transaction be without a fullUrl; the official "
    "validator asks for it.",
    r"#bdl-13": "R5's bdl-13 on a Bundle without entries: `is` of nothing gives nothing in FHIRPath, and a "
    "rule that gives nothing counts as met here; in the official validator it counts as broken.",
    r"DT_URL_INTERNAL": "A `#id` of a uri that is contained nowhere: uris need not resolve.",
}

HEADER = """\
# Agreement of the gate with the official validator

Written by `make agreement`; `make test` runs a seeded sample of it. The gate is
`fhir_service/releases/validator`, the official validator is HL7's (HAPI 8.8.1, core 6.7.9) offline.
Compared is accept or refuse, errors only, on HL7's examples as published
({packages})
and on mutants of {mutated} seeded examples a release, each changed in one thing
(tests/conformance/mutants.py). The gate was made while these disagreements were looked at (their seed is
`{seed}`), so these numbers say how far it was brought to agree; what it is worth on mutants that nobody had
seen stands in the last part.
Left out are {larger} files larger than {largest} kB, definitions and bundles of them, which take the official
validator minutes, and {unread} cases that the harness around it cannot read (most have no object as `meta`).
"""


def report(compared: list[Comparison], larger: int = 0, unread: int = 0) -> str:
    """Return the document; the numbers count the files and the cases that were left out."""
    packages = ", ".join(f"{one.name}@{one.version}" for one in EXAMPLES)
    numbers = {
        "largest": LARGEST // 1000,
        "mutated": MUTATED,
        "seed": SEED,
        "larger": larger,
        "unread": unread,
    }
    lines = [HEADER.format(packages=packages, **numbers)]
    lines += ["## Totals\n", *totals(compared)]
    lines += ["\n## By kind\n", *by_kind(compared, (PUBLISHED, *MUTATIONS))]
    lines += ["\n## Every disagreement, by its cause\n", *causes(compared)]
    lines += ["\n## What the gate does not judge\n", *set_aside(compared)]
    return "\n".join(lines) + "\n"


HELD_OUT_HEADING = "\n## Held out\n"
_HELD_OUT = """\

Mutants of {examples} examples a release by the seed `{seed}`, drawn when the gate was done and
looked at only to list the causes; no verdict of the gate was changed after them. What the seed
`{tuned}` makes as well is left out. Written by
{command}.
"""


def held_out_part(text: str) -> str:
    """Return the part of the document that compares held-out mutants; it stands last."""
    _, heading, rest = text.partition(HELD_OUT_HEADING)
    return heading + rest


def held_out_report(compared: list[Comparison], seed: str) -> str:
    command = f"`python -m tests.conformance.agreement --seed {shlex.quote(seed)}`"
    about = _HELD_OUT.format(seed=seed, examples=HELD_OUT, tuned=SEED, command=command)
    lines = [HELD_OUT_HEADING + about]
    lines += [*totals(compared), "", *by_kind(compared, MUTATIONS), "", *causes(compared)]
    return "\n".join(lines) + "\n"


def totals(compared: list[Comparison]) -> list[str]:
    parts = {
        "Structure, types, required bindings (mutants)": [kind for kind in MUTATIONS if kind != BROKEN],
        "With invariants (mutants)": list(MUTATIONS),
        "Published": [PUBLISHED],
    }
    there = {one.case.kind for one in compared}
    parts = {title: kinds for title, kinds in parts.items() if there.intersection(kinds)}
    lines = [f"| Release | {' | '.join(parts)} |", f"|---|{'---:|' * len(parts)}"]
    for release in RELEASES:
        cells = []
        for kinds in parts.values():
            part = [one for one in compared if one.case.release == release and one.case.kind in kinds]
            cells.append(f"{agreement(part):.2f} % of {len(part)}")
        lines.append(f"| {RELEASES[release].label} | {' | '.join(cells)} |")
    return lines


def by_kind(compared: list[Comparison], kinds: Iterable[str]) -> list[str]:
    lines = [
        "| Release | Kind | Cases | Both accept | Both refuse | Only we refuse | Only official | Agreement |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for release in RELEASES:
        for kind in kinds:
            part = [one for one in compared if (one.case.release, one.case.kind) == (release, kind)]
            counts = Counter((one.ours is not None, bool(one.official.errors)) for one in part)
            cells = [counts[False, False], counts[True, True], counts[True, False], counts[False, True]]
            numbers = " | ".join(map(str, [len(part), *cells]))
            lines.append(f"| {RELEASES[release].label} | {kind} | {numbers} | {agreement(part):.2f} % |")
    return lines


def cause(one: Comparison) -> str:
    """Return why a disagreement is one; what no cause explains stands for itself."""
    if one.ours is not None:
        for pattern, text in ONLY_WE.items():
            if re.search(pattern, one.ours):
                return text
        return f"UNEXPLAINED: {one.ours}"
    message_id, location, message = one.official.errors[0]
    for pattern, text in ONLY_OFFICIAL.items():
        if re.search(pattern, message_id):
            return text
    return f"UNEXPLAINED: {message_id} {location}: {message}"


def causes(compared: list[Comparison]) -> list[str]:
    groups: dict[tuple[str, str], list[Comparison]] = defaultdict(list)
    for one in compared:
        if not one.agrees:
            groups["only we refuse" if one.ours else "only the official refuses", cause(one)].append(one)
    lines = ["| Side | Count | Cause | For instance |", "|---|---:|---|---|"]
    for (side, text), found in sorted(groups.items(), key=lambda group: (group[0][0], -len(group[1]))):
        first = found[0].case
        lines.append(f"| {side} | {len(found)} | {text} | {first.release} {first.name} ({first.kind}) |")
    return lines


def set_aside(compared: list[Comparison]) -> list[str]:
    counts = Counter((one.case.release, reason) for one in compared for reason in one.official.outside)
    reasons = sorted({reason for _, reason in counts})
    labels = [RELEASES[release].label for release in RELEASES]
    lines = [
        "Errors of these kinds do not count above (cases that have one, among all; most are of the published",
        "examples, whose references and extensions are not in the packages):\n",
        f"| Kind of error | {' | '.join(labels)} |",
        f"|---|{'---:|' * len(labels)}",
    ]
    for reason in reasons:
        lines.append(f"| {reason} | {' | '.join(str(counts[release, reason]) for release in RELEASES)} |")
    return lines
