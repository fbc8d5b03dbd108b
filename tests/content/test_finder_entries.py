"""The codes of a topic's own: they have the role of the code that means the same, and of no other."""

import pytest

from fhir_service.content.finder_entries import mapped_entries
from fhir_service.content.topic import Coding, FinderEntry, Mapping, Relation, Term

OTHER = Coding("urn:other", "1")
ABOUT = FinderEntry(coding=OTHER, word=None, role="about", of="condition", broader=True)


def mapped(relation: Relation, *more: FinderEntry) -> list[FinderEntry]:
    maps = (Mapping(coding=OTHER, relation=relation),)
    term = Term(id="own", text="own", definition="Its own.", maps=maps, facts=())
    return list(mapped_entries((ABOUT, *more), [term], "urn:local"))


def test_an_equivalent_code_gives_its_role() -> None:
    (entry,) = mapped("equivalent")
    assert (entry.coding, entry.role, entry.of) == (Coding("urn:local", "own"), "about", "condition")
    assert (entry.broader, entry.mapped) == (True, True)


@pytest.mark.parametrize("relation", ["wider", "narrower", "inexact", "relatedto"])
def test_no_other_relation_gives_one(relation: Relation) -> None:
    assert mapped(relation) == []


def test_a_role_of_its_own_counts_more() -> None:
    own = FinderEntry(coding=Coding("urn:local", "own"), word=None, role="mentions", section="a")
    assert mapped("equivalent", own) == []
