"""https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html"""

import pytest

from fhir_service.interactions import INTERACTIONS
from fhir_service.security.scopes import (
    ACTIONS,
    NEEDS,
    allows,
    common,
    covered_types,
    every_type,
    parse_scope,
    parse_scopes,
    written,
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("system/Medication.cruds", "system/Medication.cruds"),
        ("system/Medication.s", "system/Medication.s"),
        ("system/*.rs", "system/*.rs"),
        ("system/Medication.read", "system/Medication.rs"),
        ("system/*.write", "system/*.cud"),
        ("system/*.*", "system/*.cruds"),
    ],
)
def test_a_scope_of_smart_1_or_2_is_understood(text: str, meant: str) -> None:
    assert str(parse_scope(text)) == meant


@pytest.mark.parametrize(
    "text",
    [
        "patient/Medication.rs",
        "user/*.cruds",
        "launch",
        "system/Medication",
        "system/Medication.",
        "system/Medication.sr",
        "system/Medication.rr",
        "system/medication.rs",
        "system/Medication.rs?code=5666",
        "system/Medication.reads",
        "system/*.rs\n",
        "xsystem/*.rs",
    ],
)
def test_what_is_no_scope_of_a_system_grants_nothing(text: str) -> None:
    assert parse_scope(text) is None


def test_a_list_is_split_into_scopes_and_what_is_not_supported() -> None:
    scopes, unknown = parse_scopes("system/Binary.r openid  system/*.s openid")
    assert written(scopes) == "system/Binary.r system/*.s"
    assert unknown == ("openid",)


def test_a_scope_allows_its_actions_on_its_type_only() -> None:
    scopes, _ = parse_scopes("system/Medication.rs system/Binary.c")
    assert allows(scopes, "Medication", "r")
    assert not allows(scopes, "Medication", "c")
    assert not allows(scopes, "Binary", "r")
    assert not allows(scopes, "MedicationKnowledge", "r")


def test_only_a_scope_of_every_type_allows_what_is_asked_of_the_system() -> None:
    assert allows(parse_scopes("system/*.s")[0], "", "s")
    assert not allows(parse_scopes("system/Medication.s")[0], "", "s")


def test_a_search_may_look_into_the_types_of_its_scopes_only() -> None:
    scopes, _ = parse_scopes("system/Medication.rs system/Binary.r")
    assert covered_types(scopes, ("Medication", "Binary", "Basic"), "s") == {"Medication"}
    assert covered_types(every_type("rs"), ("Medication", "Basic"), "s") == {"Medication", "Basic"}


@pytest.mark.parametrize(
    ("asked", "granted", "both"),
    [
        ("system/*.cruds", "system/*.rs", "system/*.rs"),
        ("system/*.cruds", "system/Binary.r system/Basic.c", "system/Binary.r system/Basic.c"),
        ("system/Binary.cruds", "system/*.rs", "system/Binary.rs"),
        ("system/Binary.r system/Binary.s", "system/*.rs", "system/Binary.rs"),
        ("system/Binary.c", "system/*.rs", ""),
        ("system/Basic.r", "system/Binary.r", ""),
    ],
)
def test_a_client_gets_no_more_than_it_asks_for_and_was_registered_for(
    asked: str, granted: str, both: str
) -> None:
    assert written(common(parse_scopes(asked)[0], parse_scopes(granted)[0])) == both


@pytest.mark.parametrize(
    ("codes", "action"),
    [
        ("create", "c"),
        ("read vread history-instance", "r"),
        ("update patch", "u"),
        ("delete", "d"),
        ("search-type search-system search-compartment history-type history-system", "s"),
    ],
)
def test_an_interaction_needs_what_smart_says(codes: str, action: str) -> None:
    assert {NEEDS[code] for code in codes.split()} == {action}


def test_every_interaction_says_what_it_needs() -> None:
    assert {interaction.code for interaction in INTERACTIONS} <= NEEDS.keys()
    assert set("".join(NEEDS.values())) == set(ACTIONS)


def test_no_action_is_no_scope() -> None:
    assert every_type("") == ()
