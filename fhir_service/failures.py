"""Anything that was raised, as a failure that can be answered.

What nobody foresaw is logged under a reference and told without its insides, whether it happened to a request
of its own or to one entry of a batch.
"""

from __future__ import annotations

import logging
import secrets

from fhir_service.errors import Issue, ServiceError

LOG = logging.getLogger(__name__)


def told(error: Exception, method: str, path: str) -> ServiceError:
    """The failure itself, or for anything unforeseen a 500 that names the place in the log.

    The path names a resource of ours; the query may say what someone looked for and stays out of the log.
    """
    if isinstance(error, ServiceError):
        return error
    reference = secrets.token_hex(6)
    LOG.error("Request %s failed: %s %s", reference, method, path, exc_info=error)
    failure = ServiceError(
        f"The service failed on this request. Its log says why under reference {reference}."
    )
    failure.issues = (Issue("fatal", "exception", failure.issues[0].diagnostics),)
    return failure
