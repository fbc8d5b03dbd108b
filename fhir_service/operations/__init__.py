"""Every operation that works, in one list: what is not here is neither routed nor advertised.

https://hl7.org/fhir/R4/operations.html
"""

from fhir_service.operations import (
    apply,
    code_system_validate_code,
    data_requirements,
    document,
    expand,
    export,
    extract,
    lookup,
    package,
    populate,
    subsumes,
    translate,
    validate,
    value_set_validate_code,
    versions,
)
from fhir_service.operations.declaration import Operation

OPERATIONS: tuple[Operation, ...] = (
    versions.OPERATION,
    export.OPERATION,
    package.OPERATION,
    validate.OPERATION,
    document.OPERATION,
    lookup.OPERATION,
    code_system_validate_code.OPERATION,
    subsumes.OPERATION,
    expand.OPERATION,
    value_set_validate_code.OPERATION,
    translate.OPERATION,
    apply.PLAN,
    apply.ACTIVITY,
    *data_requirements.OPERATIONS,
    populate.OPERATION,
    extract.OPERATION,
)
