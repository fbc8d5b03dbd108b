"""Whether a request may be answered; `dispatch` asks this once for each interaction, batch entries included.

https://www.rfc-editor.org/rfc/rfc6750#section-3 and https://hl7.org/fhir/R4/security.html#authorization/access%20control

    what is open needs no token, and none is looked at    401 invalid_token       no or no good token
    writing that is off is refused whatever the token     403 insufficient_scope  a good one that allows less
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from fhir_service.errors import Forbidden, Unauthorized
from fhir_service.security.errors import TokenError
from fhir_service.security.scopes import EVERY_TYPE, NEEDS, Scope, Scopes, allows, every_type, written

if TYPE_CHECKING:  # most services need no token, and none of what checks one
    from fhir_service.security.tokens import Verifier

READING = "rs"
WRITING = "cud"

_BEARER = re.compile(r"bearer +(?P<token>[A-Za-z0-9._~+/-]+=*) *", re.ASCII | re.IGNORECASE)
_LONGEST = 16_000


class TokenRequired(Unauthorized):
    """No token was sent; RFC 6750 has no error code for that."""


class InvalidToken(Unauthorized):
    """A token was sent that is not believed."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The access token is refused. {reason}.", expression=("http.Authorization",))
        self._reason = reason

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{self._reason}"'}


class InsufficientScope(Forbidden):
    """A good token that does not allow this."""

    def __init__(self, missing: Scopes, granted: Scopes) -> None:
        super().__init__(
            f"This needs the scope {written(missing)}; the access token has {written(granted) or 'none'}.",
            expression=("http.Authorization",),
        )
        self._missing = missing

    @property
    def headers(self) -> dict[str, str]:
        scope = written(self._missing)
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Who may read and write: `open`, `token`, and for writing `off`. The default is that of the settings."""

    reads: str = "open"
    writes: str = "off"
    verifier: Verifier | None = None

    @property
    def open_scopes(self) -> Scopes:
        """What everybody may do."""
        reading = READING if self.reads == "open" else ""
        return every_type(reading + (WRITING if self.writes == "open" else ""))


def authorise(
    authorization: str | None,
    guard: Guard,
    interaction_code: str,
    type_name: str = "",
    *,
    needs: str | None = None,
) -> Scopes:
    """Raise Unauthorized or Forbidden unless the interaction is allowed on the type ("" is the system).

    Returns all that the caller may do, for what an interaction does besides: a search that includes resources
    of other types, a conditional create that searches first.
    """
    needs = NEEDS[interaction_code] if needs is None else needs
    everybody = guard.open_scopes
    if _are_open(everybody, needs):
        return everybody
    if guard.writes == "off" and set(needs) & set(WRITING):
        raise Forbidden("Writing is off here; the operator allows it with FHIR_SERVICE_WRITES.")
    granted = everybody + _scopes_of(authorization, guard.verifier)
    if not _covers(granted, type_name, needs):
        missing = frozenset(action for action in needs if not allows(granted, type_name, action))
        raise InsufficientScope((Scope(type_name or "*", missing),), granted)
    return granted


def granted_scopes(authorization: str | None, guard: Guard) -> Scopes:
    """All that the caller may do; raises Unauthorized where reading needs a token and there is no good one.

    For what gives each caller as much as is allowed, where `authorise` would ask for everything.
    """
    if guard.reads == "open":
        return guard.open_scopes
    return guard.open_scopes + _scopes_of(authorization, guard.verifier)


@lru_cache(maxsize=64)  # asked for every request, and once more for a search
def _are_open(everybody: Scopes, needs: str) -> bool:
    """Whether all may do this; what is open is so for every type."""
    return _covers(everybody, EVERY_TYPE, needs)


def _covers(scopes: Scopes, type_name: str, actions: str) -> bool:
    return all(allows(scopes, type_name, action) for action in actions)


def _scopes_of(authorization: str | None, verifier: Verifier | None) -> Scopes:
    if not authorization:
        raise TokenRequired(
            "This needs an access token; .well-known/smart-configuration below the base says from where.",
            expression=("http.Authorization",),
        )
    found = _BEARER.fullmatch(authorization) if len(authorization) <= _LONGEST else None
    if found is None:
        raise InvalidToken("Allowed: Authorization: Bearer, and the token")
    if verifier is None:
        raise InvalidToken("No issuer is trusted here")
    try:
        return verifier.scopes(found["token"])
    except TokenError as error:
        raise InvalidToken(str(error)) from None
