"""The words of a resource, as they are kept for `_text` and `_content`."""

import pytest

from fhir_service.search import full_text


@pytest.mark.parametrize(
    ("narrative", "title", "kept"),
    [
        ("Given", "All", ("given", "all")),
        ("", "Fever and chills", ("", "fever and")),
        ("Given", "Fever", ("given", "feve")),
        ("Slowly ab", "Fever", ("slowly ab", "")),
        ("Slowly abc", "Fever", ("slowly abc", "")),
        ("Slowly, very slowly", "Fever", ("slowly  ve", "")),
    ],
)
def test_both_columns_and_the_space_between_have_no_more_than_the_most_characters(
    monkeypatch: pytest.MonkeyPatch, narrative: str, title: str, kept: tuple[str, str]
) -> None:
    monkeypatch.setattr(full_text, "MAXIMUM_CHARACTERS", 10)
    resource = {"resourceType": "Library", "title": title, "text": {"div": f"<div>{narrative}</div>"}}
    assert full_text.text_columns(resource) == kept
