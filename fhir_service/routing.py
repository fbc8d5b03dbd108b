"""Which interaction a method and a path mean, from the registry of interactions.

https://hl7.org/fhir/R4/http.html#summary
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
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
        self._routes: dict[bool, list[tuple[Interaction, str, re.Pattern[str]]]] = {True: [], False: []}
        for interaction in interactions:
            for route in interaction.routes:
                entry = (interaction, route.method, _pattern(route.path))
                self._routes["$" in route.path].append(entry)

    def find(self, method: str, path: str) -> tuple[Interaction, dict[str, str]] | None:
        """The interaction, and what the path names: compartment, type, id, version."""
        # Only operations have a `$` in their paths, so the two need not be looked through for each other.
        for interaction, known, pattern in self._routes["$" in path]:
            if known == method and (match := pattern.fullmatch(path)):
                return interaction, match.groupdict()
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """Every method that a path answers, HEAD and OPTIONS included; none when no route has it."""
        found = {method for _, method, pattern in self._routes["$" in path] if pattern.fullmatch(path)}
        if not found:
            return ()
        found |= {"OPTIONS", "HEAD"} if "GET" in found else {"OPTIONS"}
        return tuple(method for method in _METHODS if method in found)


@cache  # each entry of a transaction has Services of its own
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("/".join(_SEGMENTS.get(segment, re.escape(segment)) for segment in path.split("/")))
