"""Lines of JSON paths."""

from __future__ import annotations

from fhir_service.releases.validator.positions import lines_of

TEXT = """{
  "a": 1,
  "b": [
    {"c": "}"},
    [1,
     2, {"d\\u0065": {
        "f": null}}]
  ],
  "g": {"a": "x,\\"y",
        "b": []}
}
"""


def test_every_path_has_its_line() -> None:
    lines = {
        (): 1,
        ("a",): 2,
        ("b",): 3,
        ("b", 0): 4,
        ("b", 0, "c"): 4,
        ("b", 1): 5,
        ("b", 1, 0): 5,
        ("b", 1, 1): 6,
        ("b", 1, 2): 6,
        ("b", 1, 2, "de"): 6,
        ("b", 1, 2, "de", "f"): 7,
        ("g",): 9,
        ("g", "a"): 9,
        ("g", "b"): 10,
    }
    assert lines_of(TEXT, lines) == lines


def test_a_path_that_is_not_there_has_the_line_of_its_nearest_ancestor() -> None:
    assert lines_of(TEXT, [("g", "z", 3), ("b", 7)]) == {("g", "z", 3): 9, ("b", 7): 3}
