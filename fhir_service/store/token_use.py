"""Which client assertions were used, so that none is used twice, by any worker of any instance.

https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html (the `jti` of an assertion)
"""

from __future__ import annotations

from collections.abc import Callable

from fhir_service.store.relational import RelationalStore


class TokenUses:
    """Keys that were seen, each until its time (seconds since 1970, as `now` gives it)."""

    def __init__(self, store: RelationalStore, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now

    def seen(self, key: str, until: int) -> bool:
        """Whether the key was seen before; of several that ask at once, one is told no."""
        with self._store.write() as transaction:
            transaction.execute("DELETE FROM token_use WHERE until < ?", (self._now(),))
            inserted = transaction.execute(
                "INSERT INTO token_use (assertion, until) VALUES (?, ?)"
                " ON CONFLICT DO NOTHING RETURNING assertion",
                (key, until),
            )
        return not inserted
