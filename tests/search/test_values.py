import pytest

from fhir_service.search.values import split, split_once, unescape


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b", ["a", "b"]),
        (r"a\,b,c", [r"a\,b", "c"]),
        (r"a\\,b", [r"a\\", "b"]),
        ("", [""]),
        ("a,", ["a", ""]),
    ],
)
def test_only_unescaped_separators_split(text: str, parts: list[str]) -> None:
    assert split(text, ",") == parts


def test_both_sides_of_a_bar_come_unescaped() -> None:
    assert split_once(r"http://s|a\|b\,c", "|") == ("http://s", "|", "a|b,c")
    assert split_once("a", "|") == ("a", "", "")
    assert unescape(r"a\$b\\c") == r"a$b\c"
