"""$validate-code: whether a code is in a code system or a value set, and whether its display is right.

https://hl7.org/fhir/R4/codesystem-operation-validate-code.html and
https://hl7.org/fhir/R4/valueset-operation-validate-code.html

A code system that is not known is no failure but an answer: the code cannot be said to be valid.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fhir_service.errors import Issue
from fhir_service.fhir.canonicals import join_canonical, split_canonical
from fhir_service.search.keys import fold
from fhir_service.terminology.code_system import CodeSystem, Concept
from fhir_service.terminology.designations import Designation, display_in, is_in
from fhir_service.terminology.members import Choices, Member, Members, members_of
from fhir_service.terminology.problems import tx_issue, unknown_code_system_text
from fhir_service.terminology.resolver import Resolver, known_version, with_supplements
from fhir_service.terminology.value_set import ValueSet

# How many displays a message lists.
_MOST_DISPLAYS = 5


@dataclass(frozen=True, slots=True)
class Coding:
    """What is to be validated; `path` is where it stands: `Coding`, `CodeableConcept.coding[1]`, or ""."""

    code: str
    system: str | None = None
    version: str | None = None
    display: str | None = None
    path: str = ""

    def at(self, element: str) -> str:
        return f"{self.path}.{element}" if self.path else element

    @property
    def name(self) -> str:
        return f"{join_canonical(self.system, self.version) if self.system else ''}#{self.code}"


@dataclass(frozen=True, slots=True)
class Wish:
    """`allow_abstract` is false where a concept that only groups others is not good enough."""

    languages: tuple[str, ...] = ()
    allow_abstract: bool = True
    lenient_display: bool = False
    infer_system: bool = False
    choices: Choices = Choices()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`unknown_system` is the canonical of a code system that is not here and would have to be."""

    result: bool
    display: str | None = None
    code: str | None = None
    system: str | None = None
    version: str | None = None
    issues: tuple[Issue, ...] = ()
    unknown_system: str | None = None

    @property
    def message(self) -> str | None:
        said = [one.diagnostics for one in self.issues if one.severity == "error"] or [
            one.diagnostics for one in self.issues
        ]
        return " ".join(dict.fromkeys(said)) or None


def in_code_system(coding: Coding, system: CodeSystem, wish: Wish) -> Verdict:
    """Whether the code system has the code."""
    concept = system.find(coding.code)
    if concept is None:
        return _no_such_code(coding, system)
    verdict = Verdict(True, concept.display, concept.code, system.url, system.version)
    return _with_remarks(verdict, coding, concept, None, system, wish)


def in_any_code_system(coding: Coding, resolver: Resolver, wish: Wish) -> Verdict:
    """The same for the code system that the coding names; one that is not known is said so."""
    system = resolver.code_system(coding.system or "", coding.version)
    if system is None or not system.has_content:
        return _unknown_system(coding, coding.system or "", coding.version, resolver)
    return in_code_system(coding, with_supplements(resolver, system, wish.choices.supplements), wish)


def of_another_system(coding: Coding, url: str) -> Verdict:
    """The verdict on a coding that is not of the code system it is asked about."""
    text = f"`{coding.name}` is not of the code system `{url}`."
    issue = tx_issue("error", "code-invalid", "invalid-code", text, coding.at("system"))
    return Verdict(False, None, coding.code, coding.system, coding.version, (issue,))


def in_value_set(coding: Coding, value_set: ValueSet, resolver: Resolver, wish: Wish) -> Verdict:
    """Whether the code is a member of the value set.

    :raises NotFound: a value set that it includes is not known
    :raises Invalid: a filter makes no sense
    """
    choices = wish.choices
    if coding.system and coding.version:
        if resolver.code_system(coding.system) and not resolver.code_system(coding.system, coding.version):
            return _unknown_system(coding, coding.system, coding.version, resolver)
        # Where the value set names no version, that of the coding is the one to look into.
        own = join_canonical(coding.system, coding.version)
        choices = replace(choices, default=(*choices.default, own))
    members = members_of(value_set, resolver, choices)
    if coding.system is None:
        inferred = _inferred(coding, members) if wish.infer_system else None
        if inferred is None:
            return _without_system(coding, members, value_set, wish)
        coding = inferred
    assert coding.system is not None
    member = members.find(coding.system, coding.code)
    if member is not None and coding.version and coding.version != member.version:
        return _other_version(coding, member, value_set)
    if member is None or _is_named(members.missing_excludes, coding.system):
        return _not_a_member(coding, members, value_set, resolver, wish)
    verdict = Verdict(True, member.shown, member.code, member.system, member.version)
    system = next((one for one in members.code_systems if one.url == member.system), None)
    return _with_remarks(verdict, coding, member.concept, member, system, wish)


def any_of(verdicts: Sequence[Verdict]) -> Verdict:
    """The verdict on a concept: that on its first good coding; what is wrong with others is a warning."""
    good = next((one for one in verdicts if one.result), None)
    issues = tuple(issue for one in verdicts for issue in one.issues)
    if good is None:
        unknown = next((one.unknown_system for one in verdicts if one.unknown_system), None)
        return replace(verdicts[0], issues=issues, unknown_system=unknown, result=False)
    softened = tuple(
        replace(issue, severity="warning") if issue.severity == "error" else issue for issue in issues
    )
    return replace(good, issues=softened)


# What is wrong


def _no_such_code(coding: Coding, system: CodeSystem) -> Verdict:
    text = f"The code `{coding.code}` is not in the code system `{system.canonical}`."
    if system.content == "fragment":
        # A part of a code system cannot say what the other parts hold.
        text = f"{text} It is a fragment: the code may be in another part."
        issue = tx_issue("warning", "code-invalid", "invalid-code", text, coding.at("code"))
        return Verdict(True, None, coding.code, system.url, system.version, (issue,))
    issue = tx_issue("error", "code-invalid", "invalid-code", text, coding.at("code"))
    return Verdict(False, None, coding.code, system.url, system.version, (issue,))


def _unknown_system(coding: Coding, url: str, version: str | None, resolver: Resolver) -> Verdict:
    canonical = join_canonical(url, version)
    known = known_version(resolver, url, version)
    text = f"{unknown_code_system_text(canonical, known)} So the code `{coding.code}` cannot be validated."
    issue = tx_issue("error", "not-found", "not-found", text, coding.at("system"))
    return Verdict(False, None, coding.code, coding.system, coding.version, (issue,), canonical)


def _without_system(coding: Coding, members: Members, value_set: ValueSet, wish: Wish) -> Verdict:
    found = [one.system for one in members.members if one.code == coding.code]
    if not wish.infer_system:
        text = f"The code `{coding.code}` has no system, so it cannot be said which code it is."
    elif found:
        text = f"The code `{coding.code}` is in several systems: {', '.join(sorted(set(found)))}."
    else:
        text = f"No code `{coding.code}` is in the value set `{value_set.name}`."
    issue = tx_issue("error", "code-invalid", "not-in-vs", text, coding.at("code"))
    return Verdict(False, None, coding.code, None, None, (issue,))


def _inferred(coding: Coding, members: Members) -> Coding | None:
    systems = {one.system for one in members.members if one.code == coding.code}
    return replace(coding, system=systems.pop()) if len(systems) == 1 else None


def _other_version(coding: Coding, member: Member, value_set: ValueSet) -> Verdict:
    """The coding is of another version than the one that the value set names."""
    held = join_canonical(member.system, member.version)
    text = (
        f"The value set `{value_set.name}` has `{held}#{member.code}`, and the coding is of version"
        f" `{coding.version}`."
    )
    issue = tx_issue("error", "invalid", "vs-invalid", text, coding.at("version"))
    return Verdict(False, member.shown, member.code, member.system, coding.version, (issue,))


def _not_a_member(
    coding: Coding, members: Members, value_set: ValueSet, resolver: Resolver, wish: Wish
) -> Verdict:
    missing = _is_named((*members.missing, *members.missing_excludes), coding.system or "")
    if missing:
        return _unknown_system(coding, *split_canonical(missing), resolver)
    text = f"The code `{coding.name}` is not in the value set `{value_set.name}`."
    outside = tx_issue("error", "code-invalid", "not-in-vs", text, coding.at("code"))
    known = in_any_code_system(coding, resolver, wish)
    issues = (outside, *(one for one in known.issues if one.severity == "error"))
    return Verdict(
        False,
        known.display,
        coding.code,
        coding.system,
        known.version or coding.version,
        issues,
        known.unknown_system,
    )


def _is_named(canonicals: Iterable[str], system: str) -> str | None:
    return next((one for one in canonicals if one.partition("|")[0] == system), None)


# What is to be said of a code that is there


def _with_remarks(
    verdict: Verdict,
    coding: Coding,
    concept: Concept | None,
    member: Member | None,
    system: CodeSystem | None,
    wish: Wish,
) -> Verdict:
    own = member.display if member else None
    designations = member.every_designation if member else concept.designations if concept else ()
    language = system.language if system and not own else None
    shown = display_in(wish.languages, verdict.display, language, designations)
    issues: list[Issue] = []
    about = member or concept
    if about is not None and about.is_abstract and not wish.allow_abstract:
        text = f"The code `{coding.name}` only groups others; a code for something real is needed here."
        issues.append(tx_issue("error", "business-rule", "code-rule", text, coding.at("code")))
    if about is not None and about.is_inactive:
        text = f"The code `{coding.name}` is inactive: its use should be reviewed."
        issues.append(tx_issue("warning", "business-rule", "code-comment", text, coding.at("code")))
    displays = [own, concept.display if concept else None, *(one.value for one in designations)]
    issues += _display_issues(coding, [one for one in displays if one], designations, wish)
    result = not any(one.severity == "error" for one in issues)
    return replace(verdict, result=result, display=shown, issues=tuple(issues))


def _display_issues(
    coding: Coding, displays: Sequence[str], designations: Sequence[Designation], wish: Wish
) -> Iterable[Issue]:
    """Wrong words beside a right code may be a wrong code. Case, accents and spaces make no difference."""
    if coding.display is None or not displays:
        return
    if fold(coding.display) in map(fold, displays):
        return
    offered = [one.value for one in designations if any(is_in(one.language, tag) for tag in wish.languages)]
    listed = ", ".join(f"`{one}`" for one in list(dict.fromkeys([*offered, *displays]))[:_MOST_DISPLAYS])
    text = f"`{coding.display}` is no display of `{coding.name}`; valid: {listed}."
    severity = "warning" if wish.lenient_display else "error"
    yield tx_issue(severity, "invalid", "invalid-display", text, coding.at("display"))
