"""Our concepts and the codes of others."""

from __future__ import annotations

from tests.content.builders.picking import Resource, by_id, of_type


def test_a_map_that_is_not_exact_says_why_where_the_release_demands_it(
    resources: list[Resource], release: str
) -> None:
    """cmd-1: R4 for narrower and inexact, R5 for source-is-broader-than-target."""
    demanding = {"narrower", "inexact", "source-is-broader-than-target", "not-related-to"}
    for concept_map in of_type(resources, "ConceptMap"):
        for element in concept_map["group"][0]["element"]:
            for target in element["target"]:
                relation = target["relationship" if release == "r5" else "equivalence"]
                assert "comment" in target or relation not in demanding, target


def test_maps_speak_the_words_of_their_release(resources: list[Resource], release: str) -> None:
    snomed = by_id(resources, "ConceptMap/ivig-itp-cm-snomed")
    relations = {element["code"]: element["target"][0] for element in snomed["group"][0]["element"]}
    mild, fever = relations["mild-chest-pain"], relations["fever"]
    if release == "r5":
        assert mild["relationship"] == "source-is-narrower-than-target"
        assert fever["relationship"] == "equivalent"
    else:
        assert mild["equivalence"] == "wider"
        assert fever["equivalence"] == "equivalent"
