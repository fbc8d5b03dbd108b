"""The head of an answer."""

from __future__ import annotations

import pytest

from fhir_service.delivery.server.head import head_of


def test_a_head_is_the_status_line_and_the_headers_without_the_end() -> None:
    assert head_of(404, [("A", "b"), ("C", "é")]) == b"HTTP/1.1 404 Not Found\r\nA: b\r\nC: \xe9\r\n"


def test_a_status_without_a_name_is_told_by_its_number() -> None:
    assert head_of(299, []) == b"HTTP/1.1 299 \r\n"


@pytest.mark.parametrize("broken", ["a\nb", "a\rb", "a\r\nSet-Cookie: b", "a\r\n\r\nbody", "\r\n", "a\n\r"])
def test_a_line_break_is_refused_wherever_it_stands(broken: str) -> None:
    with pytest.raises(ValueError, match="line break"):
        head_of(200, [("A", broken)])
    with pytest.raises(ValueError, match="line break"):
        head_of(200, [(broken, "a")])


def test_what_is_not_latin_is_refused() -> None:
    with pytest.raises(ValueError):
        head_of(200, [("A", "\N{SNOWMAN}")])
