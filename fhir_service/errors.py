"""Every failure the service can answer with; FHIR answers each as an OperationOutcome.

https://hl7.org/fhir/R4/http.html#2.21.0.4 and https://hl7.org/fhir/R4/valueset-issue-type.html

    ServiceError                  500 exception
    ├── Invalid                   400 invalid       malformed request, bad parameter value
    ├── NotSupported              400 not-supported what the service does not do, or not here
    ├── Unauthorized              401 login
    ├── Forbidden                 403 forbidden
    ├── NotFound                  404 not-found
    │   └── TypeNotServed         404 not-supported a resource type that is not served here
    ├── MethodNotAllowed          405 not-supported carries the allowed methods
    ├── NotAcceptable             406 not-supported no offered media type fits Accept
    ├── Conflict                  409 conflict
    │   └── Contended             409 transient     two writers met; the same request again may well succeed
    ├── Gone                      410 deleted
    ├── PreconditionFailed        412 conflict
    ├── TooLarge                  413 too-long
    ├── UnsupportedMediaType      415 not-supported
    ├── Unprocessable             422 processing
    └── Unavailable               503 transient

Handlers raise; each door turns a failure into bytes in one place, in its own form: FHIR's is
`delivery/fhir/rendering.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Issue:
    """One `OperationOutcome.issue`; `expression` is FHIRPath, or `http.<name>` for a parameter or header.

    `details` is the system and code of a coding that says more exactly what kind of problem it is.
    """

    severity: str
    code: str
    diagnostics: str
    expression: tuple[str, ...] = ()
    details: tuple[str, str] | None = None


class ServiceError(Exception):
    """A failure with its HTTP status and FHIR issue code; `diagnostics` names the offending thing."""

    status = 500
    issue_code = "exception"

    def __init__(
        self,
        diagnostics: str,
        *,
        issue_code: str | None = None,
        expression: Sequence[str] = (),
        more: Sequence[Issue] = (),
    ) -> None:
        super().__init__(diagnostics)
        first = Issue("error", issue_code or self.issue_code, diagnostics, tuple(expression))
        self.issues: tuple[Issue, ...] = (first, *more)

    @classmethod
    def of(cls, issues: Sequence[Issue]) -> Self:
        """The failure that these issues tell; there is at least one, and the first is foremost."""
        failure = cls(issues[0].diagnostics)
        failure.issues = tuple(issues)
        return failure

    @property
    def headers(self) -> dict[str, str]:
        """Headers that the answer must carry besides the usual ones."""
        return {}


class Invalid(ServiceError):
    status = 400
    issue_code = "invalid"


class NotSupported(ServiceError):
    status = 400
    issue_code = "not-supported"


class Unauthorized(ServiceError):
    status = 401
    issue_code = "login"

    @property
    def headers(self) -> dict[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(ServiceError):
    status = 403
    issue_code = "forbidden"


class NotFound(ServiceError):
    status = 404
    issue_code = "not-found"


class TypeNotServed(NotFound):
    issue_code = "not-supported"


class MethodNotAllowed(ServiceError):
    status = 405
    issue_code = "not-supported"

    def __init__(self, diagnostics: str, allowed: Sequence[str]) -> None:
        super().__init__(diagnostics)
        self.allowed = tuple(allowed)

    @property
    def headers(self) -> dict[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class NotAcceptable(ServiceError):
    status = 406
    issue_code = "not-supported"


class Conflict(ServiceError):
    status = 409
    issue_code = "conflict"


class Contended(Conflict):
    issue_code = "transient"


class Gone(ServiceError):
    status = 410
    issue_code = "deleted"


class PreconditionFailed(ServiceError):
    status = 412
    issue_code = "conflict"


class TooLarge(ServiceError):
    status = 413
    issue_code = "too-long"


class UnsupportedMediaType(ServiceError):
    status = 415
    issue_code = "not-supported"


class Unprocessable(ServiceError):
    status = 422
    issue_code = "processing"


class Unavailable(ServiceError):
    status = 503
    issue_code = "transient"

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}
