"""FHIRPath: expressions compiled ahead into closures, typed with a release's definitions.

https://hl7.org/fhirpath/N1/ and https://hl7.org/fhir/R4/fhirpath.html

    path = compile_path("Patient.name.given", "Patient", R4)
    path(patient)  -> [("string", "Eva"), ...]
"""

from .compiler import Path, compile_path, environment_of
from .errors import EvaluationError, PathError, UnavailableData, UnsupportedExpression
from .runtime import Environment, Item, Items, Unavailable

__all__ = [
    "Environment",
    "EvaluationError",
    "Item",
    "Items",
    "Path",
    "PathError",
    "Unavailable",
    "UnavailableData",
    "UnsupportedExpression",
    "compile_path",
    "environment_of",
]
