"""The address that absolute links start with.

A Host header is the client's own word. It is believed only where it can name nothing but this machine, or
where a listed proxy vouches for it; anywhere else FHIR_SERVICE_BASE_URL says the address.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache

from fhir_service.delivery.wsgi import Environ
from fhir_service.errors import Invalid
from fhir_service.settings import Settings, is_loopback

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?P<port>:[0-9]{1,5})?", re.ASCII)

_SAID_BY_CLIENT = ("wsgi.url_scheme", "HTTP_HOST")


def base_url(environ: Environ, settings: Settings) -> str:
    """The service's own URL without trailing slash; Invalid for a host that is not believed."""
    if settings.base_url is not None:
        return settings.base_url
    scheme, host = environ["wsgi.url_scheme"], environ.get("HTTP_HOST", "")
    if _comes_from_proxy(environ, settings):
        scheme = _forwarded(environ, "HTTP_X_FORWARDED_PROTO") or scheme
        host = _forwarded(environ, "HTTP_X_FORWARDED_HOST") or host
        if _HOST.fullmatch(host) and scheme in ("http", "https"):
            return f"{scheme}://{host}"
        raise _refused(host)
    return _loopback_url(scheme, host)


# A client may say what it likes: few are remembered, and none that is refused.
@lru_cache(maxsize=64)
def _loopback_url(scheme: str, host: str) -> str:
    found = _HOST.fullmatch(host)
    if found is None or not is_loopback(found["name"]):
        raise _refused(host)
    return f"{scheme}://{host}"


def depends_on(settings: Settings) -> tuple[str, ...]:
    """What the address depends on, by the names of the WSGI environment: a cache must tell these apart."""
    if settings.base_url is not None:
        return ()
    if settings.trusted_proxies:  # who asks decides whether the others are believed
        return (*_SAID_BY_CLIENT, "HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST", "REMOTE_ADDR")
    return _SAID_BY_CLIENT


def _comes_from_proxy(environ: Environ, settings: Settings) -> bool:
    if not settings.trusted_proxies:
        return False
    try:
        address = ipaddress.ip_address(environ.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    return any(address in network for network in settings.trusted_proxies)


def _forwarded(environ: Environ, header: str) -> str:
    """The last value, which the proxy next to this service wrote; earlier ones are hearsay."""
    return str(environ.get(header, "")).rpartition(",")[2].strip()


def _refused(host: str) -> Invalid:
    return Invalid(
        f"Host `{host}` is not this service's address; the operator sets it with FHIR_SERVICE_BASE_URL.",
        issue_code="value",
        expression=("http.Host",),
    )
