"""Every operation that works, in one list: what is not here is neither routed nor advertised.

https://hl7.org/fhir/R4/operations.html
"""

from fhir_service.operations import versions
from fhir_service.operations.declaration import Operation

OPERATIONS: tuple[Operation, ...] = (versions.OPERATION,)
