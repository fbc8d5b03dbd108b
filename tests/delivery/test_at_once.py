"""Moderate answers leave as one list; what is streamed stays a stream, and everything is closed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fhir_service.delivery.at_once import at_once


class Body:
    """Chunks that tell whether they were asked for, and closed."""

    def __init__(self) -> None:
        self.asked = self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        self.asked = True
        yield from (b"one ", b"two")

    def close(self) -> None:
        self.closed = True


def answered(body: Body, *headers: tuple[str, str]) -> Any:
    def application(environ: dict[str, Any], start_response: Any) -> Body:
        start_response("200 OK", list(headers))
        return body

    started: list[Any] = []
    answer = at_once(application)({}, lambda *told: started.append(told))
    assert started == [("200 OK", list(headers), None)]
    return answer


def test_an_answer_of_known_length_is_one_list_and_closed() -> None:
    body = Body()
    assert answered(body, ("content-length", "7")) == [b"one two"]
    assert body.closed


@pytest.mark.parametrize("headers", [(), (("Content-Length", "1000001"),), (("Content-Length", ""),)])
def test_a_stream_stays_one(headers: tuple[tuple[str, str], ...]) -> None:
    body = Body()
    assert answered(body, *headers) is body
    assert not (body.asked or body.closed)
