"""Which interaction a method and a path mean, from the registry of interactions.

https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fhir_service.exchange import Interaction

_SEGMENTS = {
    "{compartment}": "(?P<compartment>[A-Z][A-Za-z]*)",
    "{type}": "(?P<type>[A-Z][A-Za-z]*)",
    "{id}": "(?P<id>[^/_$][^/]*)",
    "{version}": "(?P<version>[^/]+)",
}
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Routes:
    """The routes of some interactions, compiled once."""

    def __init__(self, interactions: Iterable[Interaction]) -> None:
        self._routes = [
            (interaction, route.method, _pattern(route.path))
            for interaction in interactions
            for route in interaction.routes
        ]

    def find(self, method: str, path: str) -> tuple[Interaction, dict[str, str]] | None:
        """The interaction, and what the path names: compartment, type, id, version."""
        for interaction, known, pattern in self._routes:
            if known == method and (match := pattern.fullmatch(path)):
                return interaction, match.groupdict()
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """Every method that a path answers, HEAD and OPTIONS included; none when no route has it."""
        found = {method for _, method, pattern in self._routes if pattern.fullmatch(path)}
        if not found:
            return ()
        found |= {"OPTIONS", "HEAD"} if "GET" in found else {"OPTIONS"}
        return tuple(method for method in _METHODS if method in found)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("/".join(_SEGMENTS.get(segment, re.escape(segment)) for segment in path.split("/")))
