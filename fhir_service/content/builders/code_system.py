"""CodeSystem: the topic's own concepts (symptoms, terms, sections, actions), and what all topics share.

https://hl7.org/fhir/R4/codesystem.html

The hierarchy groups, it does not subsume: "fever and chills" is a bullet of the page, not a kind of fever.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..narrative import bullet_blocks, paragraph, titled
from ..topic import Group, Section, SideEffect, Symptom, Topic
from .artifact import DERIVED, ORIGIN_ID, derived_from, finished, mark_derived, metadata, topic_metadata
from .context import Context, TopicContext
from .datatypes import Element, Resource
from .structure_definition import ONSET_WINDOW_ID

NOT_SELECTABLE = {
    "code": "notSelectable",
    "uri": "http://hl7.org/fhir/concept-properties#notSelectable",
    "description": "Groups other concepts; not for use as a code.",
    "type": "boolean",
}


def build_common(context: Context) -> Iterable[Resource]:
    yield _onset_windows(context)
    yield _origin(context)


def build(context: TopicContext) -> Iterable[Resource]:
    topic = context.topic
    resource = topic_metadata(
        context,
        "CodeSystem",
        context.id("cs"),
        title=f"Concepts of “{topic.title}”, derived from the page",
        description=f"The concepts that the education text “{topic.title}” uses: its side effects in the "
        "words of a patient, the terms it explains, its sections and its steps. Concepts are "
        "grouped as on the page; a group does not subsume its members.",
    )
    mark_derived(context, resource)
    if context.is_r5:
        resource["relatedArtifact"] = [derived_from(context)]
    resource |= _contents(
        [group for group in _groups(context) if group.get("concept")],
        [NOT_SELECTABLE, *_properties(context)],
    )
    yield finished(context, resource, _blocks(resource))


def _contents(concepts: list[Element], properties: list[Element]) -> Resource:
    contents: Resource = {
        "caseSensitive": True,
        "hierarchyMeaning": "grouped-by",
        "compositional": False,
        "versionNeeded": False,
        "content": "complete",
        "count": sum(1 for _ in walk(concepts)),
    }
    if properties:
        contents["property"] = properties
    return contents | {"concept": concepts}


def walk(concepts: Iterable[Element]) -> Iterator[Element]:
    for concept in concepts:
        yield concept
        yield from walk(concept.get("concept", ()))


def _properties(context: TopicContext) -> list[Element]:
    base = context.code_system
    return [
        {
            "code": "onset-window",
            "uri": f"{base}#onset-window",
            "description": "When the side effect can start, seen from the treatment.",
            "type": "Coding",
        },
        {
            "code": "part-of",
            "uri": f"{base}#part-of",
            "description": "The bullet or the reaction that the page names the symptom in.",
            "type": "code",
        },
        {
            "code": "severity",
            "uri": f"{base}#severity",
            "description": "The severity word of the page, where it has one.",
            "type": "code",
        },
    ]


def _groups(context: TopicContext) -> list[Element]:
    topic = context.topic
    any_effect = topic.any_side_effect
    return [
        *(
            [_heading(any_effect.id, any_effect.text, any_effect.definition, _side_effects(context))]
            if any_effect
            else []
        ),
        _heading("term", "Term", "A term that the text explains.", _terms(topic)),
        _heading(
            "section", "Section", "A section of the text.", [_section(part) for part in topic.text.sections]
        ),
        _heading("action", "Step", "A step of the plan.", _actions(topic)),
    ]


def _heading(code: str, display: str, definition: str, concepts: list[Element]) -> Element:
    group = _concept(code, display, definition)
    group["property"] = [{"code": "notSelectable", "valueBoolean": True}]
    return group | {"concept": concepts} if concepts else group


def _concept(code: str, display: str, definition: str) -> Element:
    return {"code": code, "display": display, "definition": definition}


# --- side effects ---------------------------------------------------------------------------------------


def _side_effects(context: TopicContext) -> list[Element]:
    """The page's bullets: a group with its symptoms below it, or a symptom alone; then parts of reactions."""
    topic = context.topic
    placed: set[str] = set()
    concepts = []
    for bullet in (bullet for window in topic.windows for bullet in topic.bullets(window)):
        members = [topic.symptom(effect.symptom) for effect in bullet.effects]
        new = [symptom for symptom in members if symptom.id not in placed]
        placed.update(symptom.id for symptom in new)
        below = [_symptom(context, symptom) for symptom in new]
        if bullet.group is None:
            concepts += below
        elif bullet.group.id not in placed:
            placed.add(bullet.group.id)
            concepts.append(_group(context, bullet.group) | ({"concept": below} if below else {}))
    parts = (topic.symptom(part) for effect in topic.side_effects for part in effect.parts)
    for symptom in parts:
        if symptom.id not in placed:
            placed.add(symptom.id)
            concepts.append(_symptom(context, symptom))
    concepts += [
        _concept(warning.code, warning.title, warning.text) for warning in topic.warnings if warning.code
    ]
    return concepts


def _group(context: TopicContext, group: Group) -> Element:
    effects = [effect for effect in context.topic.side_effects if effect.group == group.id]
    properties = [*_windows(context, effects), *_severity(group)]
    definition = f"The page names these together: {group.text}."
    return _concept(group.id, group.text, definition) | {"property": properties}


def _symptom(context: TopicContext, symptom: Symptom) -> Element:
    topic = context.topic
    effects = [effect for effect in topic.side_effects if effect.symptom == symptom.id]
    reactions = [effect.symptom for effect in topic.side_effects if symptom.id in effect.parts]
    sentences = [effect.text for effect in effects]
    sentences += [f"Can be part of: {topic.symptom(reaction).text}." for reaction in reactions]
    concept = _concept(symptom.id, symptom.text, " ".join(sentences))
    wholes = dict.fromkeys([effect.group for effect in effects if effect.group] + reactions)
    part_of = [{"code": "part-of", "valueCode": whole} for whole in wholes]
    properties = [*_windows(context, effects), *part_of, *_severity(symptom)]
    return concept | {"property": properties} if properties else concept


def _windows(context: TopicContext, effects: list[SideEffect]) -> list[Element]:
    """One onset-window for each window that the page names the side effect in."""
    return [
        {"code": "onset-window", "valueCoding": window_coding(context, window)}
        for window in dict.fromkeys(effect.window for effect in effects)
    ]


def _severity(concept: Group | Symptom) -> list[Element]:
    return [{"code": "severity", "valueCode": concept.severity}] if concept.severity else []


def window_coding(context: Context, window_id: str) -> Element:
    window = context.publisher.window(window_id)
    system = context.canonical("CodeSystem", ONSET_WINDOW_ID)
    return {"system": system, "code": window.id, "display": window.display}


# --- terms, sections, actions ---------------------------------------------------------------------------


def _terms(topic: Topic) -> list[Element]:
    terms = [_concept(term.id, term.text, term.definition) for term in topic.terms]
    if topic.mechanism:
        terms.append(_concept(topic.mechanism.id, topic.mechanism.title, topic.mechanism.text))
    return terms


def _section(section: Section) -> Element:
    concept = _concept(section.code, section.title, f"The section “{section.title}”.")
    below = [_section(part) for part in section.sections]
    return concept | {"concept": below} if below else concept


def _actions(topic: Topic) -> list[Element]:
    actions = topic.plan.walk() if topic.plan else ()
    return [_concept(action.id, action.title, action.text) for action in actions]


# --- for all topics -------------------------------------------------------------------------------------


def _onset_windows(context: Context) -> Resource:
    resource = metadata(
        context,
        "CodeSystem",
        ONSET_WINDOW_ID,
        title="Onset windows of side effects",
        description="When a possible side effect can start, seen from the treatment. All topics share these "
        "windows.",
    )
    resource["valueSet"] = context.canonical("ValueSet", ONSET_WINDOW_ID)
    concepts = [
        _concept(window.id, window.display, window.definition) for window in context.publisher.windows
    ]
    resource |= _contents(concepts, [])
    return finished(context, resource, _blocks(resource))


def _origin(context: Context) -> Resource:
    resource = metadata(
        context,
        "CodeSystem",
        ORIGIN_ID,
        title="Origin of an artifact",
        description="Marks what is not on the cited page itself but was made from it, such as a form or a "
        "plan.",
    )
    definition = (
        "Made from the facts of the cited page; the page itself holds no such form, plan or list of codes."
    )
    resource |= _contents([_concept(DERIVED, "Derived from a page", definition)], [])
    return finished(context, resource, _blocks(resource))


def _blocks(resource: Resource) -> list[str]:
    return [paragraph(resource["title"]), paragraph(resource["description"]), _tree(resource["concept"])]


def _tree(concepts: Iterable[Element]) -> str:
    return bullet_blocks(
        titled(concept["display"], concept["definition"]) + _tree(concept.get("concept", ()))
        for concept in concepts
    )
