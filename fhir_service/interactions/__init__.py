"""Every interaction that works, in one list: what is not here is neither routed nor advertised.

https://hl7.org/fhir/R4/http.html
"""

from fhir_service.exchange import Interaction
from fhir_service.interactions import capabilities, read, search, vread

INTERACTIONS: tuple[Interaction, ...] = (
    capabilities.INTERACTION,
    read.INTERACTION,
    vread.INTERACTION,
    search.INTERACTION,
)
