"""The promise of the data: every search parameter can be evaluated, or is listed with the reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fhir_service.fhir.path import compile_path
from fhir_service.releases import RELEASES, Release

ALL = pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)

# Answered by the search itself, not from an index of one expression.
WITHOUT_EXPRESSION = {
    "r4": {"_content", "_query", "_text"},
    "r4b": {"_content", "_filter", "_has", "_list", "_query", "_text", "_type"},
    "r5": {"_content", "_filter", "_has", "_list", "_query", "_text", "_type"},
}


@ALL
def test_every_parameter_compiles_for_each_of_its_types(release: Release) -> None:
    for code, type_name, expression in _expressions(release):
        path = compile_path(expression, type_name, release)
        assert path.types != frozenset(), f"{code} can give nothing for {type_name}"


@ALL
def test_every_component_compiles_for_what_the_composite_stands_on(release: Release) -> None:
    for row in release.search_parameter_data:
        if "components" not in row:
            continue
        for base in row["base"]:
            for type_name in compile_path(row["expression"], base, release).types or ():
                for component in row["components"]:
                    path = compile_path(component["expression"], type_name, release)
                    assert path.types != frozenset(), (row["url"], component)


@ALL
def test_parameters_without_an_expression_are_the_known_ones(release: Release) -> None:
    found = {row["code"] for row in release.search_parameter_data if row["expression"] is None}
    assert found == WITHOUT_EXPRESSION[release.name]


@ALL
def test_what_is_left_out_says_why(release: Release) -> None:
    kept = {(row["url"], base) for row in release.search_parameter_data for base in row["base"]}
    for row in release.left_out["search-parameters"]:
        assert len(row["reason"]) > 20
        assert not kept & {(row["url"], base) for base in row["base"]}
    for row in release.left_out["required-bindings"]:
        assert row["reason"] and release.required_codes(row["url"]) is None


def test_nothing_but_examples_extensions_and_errata_is_left_out() -> None:
    counts = {
        name: (len(release.search_parameter_data), len(release.left_out["search-parameters"]))
        for name, release in RELEASES.items()
    }
    # R4: its own list of parameters (Bundle/searchParams in the package) has 1375 entries.
    assert counts == {"r4": (1375, 25), "r4b": (1414, 25), "r5": (1236, 9)}


@ALL
def test_a_code_means_one_parameter_for_a_type(release: Release) -> None:
    seen: dict[tuple[str, str], str] = {}
    for row in release.search_parameter_data:
        for base in row["base"]:
            assert seen.setdefault((base, row["code"]), row["url"]) == row["url"]


@ALL
def test_targets_are_types_of_the_release(release: Release) -> None:
    for row in release.search_parameter_data:
        assert set(row["target"]) <= release.resource_types, row["url"]


def _expressions(release: Release) -> Iterator[tuple[str, str, str]]:
    for row in release.search_parameter_data:
        for base in row["base"]:
            if row["expression"] is not None:
                yield row["code"], base, row["expression"]
