"""What can go wrong with a FHIRPath expression: when it is compiled, and when it is evaluated.

https://hl7.org/fhirpath/N1/

    PathError
    ├── UnsupportedExpression   compile time: not FHIRPath, or something this engine does not do
    └── EvaluationError         run time: the data does not fit (many items where one is demanded)
        └── UnavailableData     run time: the expression asks for something that is not here
"""

from __future__ import annotations


class PathError(ValueError):
    """A FHIRPath expression that gives no answer."""


class UnsupportedExpression(PathError):
    """An expression that cannot be compiled; the message names the part."""


class EvaluationError(PathError):
    """An expression that this data cannot be evaluated for."""


class UnavailableData(EvaluationError):
    """An expression that asks for data that exists but is not here; the message names it."""
