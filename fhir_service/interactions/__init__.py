"""Every interaction that works, in one list: what is not here is neither routed nor advertised.

https://hl7.org/fhir/R4/http.html
"""

from fhir_service.exchange import Interaction
from fhir_service.interactions import (
    batch,
    capabilities,
    create,
    delete,
    history,
    patch,
    read,
    search,
    transaction,
    update,
    vread,
)

INTERACTIONS: tuple[Interaction, ...] = (
    capabilities.INTERACTION,
    read.INTERACTION,
    vread.INTERACTION,
    history.INSTANCE,
    history.TYPE,
    history.SYSTEM,
    search.TYPE,
    search.SYSTEM,
    search.COMPARTMENT,
    search.WHOLE_COMPARTMENT,
    create.INTERACTION,
    update.INTERACTION,
    update.CONDITIONAL,
    patch.INTERACTION,
    patch.CONDITIONAL,
    delete.INTERACTION,
    delete.CONDITIONAL,
    batch.INTERACTION,
    transaction.INTERACTION,
)


def switched(writes: str) -> tuple[tuple[Interaction, ...], tuple[Interaction, ...]]:
    """What can be asked with FHIR_SERVICE_WRITES set to this, and what is switched off by it."""
    if writes != "off":
        return INTERACTIONS, ()
    return (
        tuple(one for one in INTERACTIONS if not one.writes),
        tuple(one for one in INTERACTIONS if one.writes),
    )
