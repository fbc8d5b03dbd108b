"""What both Atom feeds of the service say alike: names for good, and moments.

https://www.rfc-editor.org/rfc/rfc4287 and https://www.rfc-editor.org/rfc/rfc4151 (tag URIs)
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from fhir_service.content.publisher import Publisher

NAMESPACE = "http://www.w3.org/2005/Atom"

# The year since which these names are given out; it must never change (RFC 4151, section 2.1).
_TAGGED_SINCE = "2026"


def tag(publisher: Publisher, *path: str) -> str:
    """The name of a feed or entry, the same on every host: https://www.rfc-editor.org/rfc/rfc4151#section-2.1"""
    authority = urlsplit(publisher.base).hostname or "localhost"
    return f"tag:{authority},{_TAGGED_SINCE}:{quote('/'.join(path))}"


def moment(date: str) -> str:
    """A date has a time here; of a day, its first: https://www.rfc-editor.org/rfc/rfc4287#section-3.3"""
    return f"{date}T00:00:00Z"
