"""Every clinical code of a topic has a role: it selects the topic, or it is only mentioned in it.

https://hl7.org/fhir/R4/metadatatypes.html#UsageContext
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding, at
from ..topic import Coding, Group, Symptom, Term, Topic, Where
from .rule import Material, Rule


def check(material: Material) -> Iterator[Finding]:
    clinical = {system.url: system.alias for system in material.publisher.code_systems if system.clinical}
    roles: dict[Coding, str] = {}
    for entry in material.topic.finder:
        if entry.coding is not None:
            other = roles.setdefault(entry.coding, entry.role)
            if other != entry.role:
                message = (
                    f"code `{clinical.get(entry.coding.system, 'local')} {entry.coding.code}` has both roles"
                )
                yield at(entry.where, f"{message}; allowed: `about` or `mentions`")
    for where, coding in _used(material.topic):
        if coding.system in clinical and coding not in roles:
            message = f"code `{clinical[coding.system]} {coding.code}` has no role"
            yield at(
                where, f"{message}; allowed: name it under `finder` as `about` or in a section of `mentions`"
            )


def _used(topic: Topic) -> Iterator[tuple[Where, Coding]]:
    """The codes that say what the topic is about, or what happens in it. An age selects nothing by itself."""
    product = topic.product
    if product:
        parts = [product.ingredient, product.route, product.appearance, product.classification]
        for coding in (*product.codings, *(coding for part in parts if part for coding in part.codings)):
            yield product.where, coding
    for indication in topic.indications:
        for coding in (*indication.disease.codings, *indication.status.codings):
            yield indication.where, coding
    concepts: list[Term | Symptom | Group] = [*topic.terms, *topic.symptoms, *topic.groups]
    for concept in concepts + ([topic.any_side_effect] if topic.any_side_effect else []):
        for mapping in concept.maps:
            yield concept.where, mapping.coding
    for premedication in topic.premedications:
        for coding in premedication.codings:
            yield premedication.where, coding
    for action in topic.plan.walk() if topic.plan else ():
        for coding in action.codings:
            yield action.where, coding


RULE = Rule("code_roles", "Every clinical code of a topic is `about` or `mentions`, never both.", check)
