"""Anything that was raised, as a failure that can be answered.

What nobody foresaw is logged under a reference and told without its insides, whether it happened to a request
of its own or to one entry of a batch.
"""

from __future__ import annotations

import logging
import secrets
import traceback

from fhir_service.errors import Issue, ServiceError

LOG = logging.getLogger(__name__)


def told(error: Exception, method: str, path: str, *, is_personal: bool = False) -> ServiceError:
    """The failure itself, or for anything unforeseen a 500 that names the place in the log.

    The path names a resource of ours; the query may say what someone looked for and stays out of the log.

    :param is_personal: the request is about somebody; an exception's own words may repeat it, so the log
        gets only its type and where it was raised
    """
    if isinstance(error, ServiceError):
        return error
    reference = secrets.token_hex(6)
    if is_personal:
        raised = "".join(traceback.format_tb(error.__traceback__))
        kind = type(error).__name__
        LOG.error("Request %s failed: %s %s\n%s\n%s", reference, method, path, raised, kind)
    else:
        LOG.error("Request %s failed: %s %s", reference, method, path, exc_info=error)
    text = f"The service failed on this request. Its log says why under reference {reference}."
    return ServiceError.of([Issue("fatal", "exception", text)])
