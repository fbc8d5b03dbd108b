"""What a cache may do with an answer.

https://www.rfc-editor.org/rfc/rfc9111#section-5.2 and https://www.rfc-editor.org/rfc/rfc9110#section-13
"""

from __future__ import annotations

import hashlib

from flask import Response, request

REVALIDATED = "public, no-cache"
"""It may keep the answer but must ask whether it still holds: anything can be changed at any time."""
FOR_GOOD = "public, max-age=31536000, immutable"
NOT_KEPT = "no-store"


_CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE")


def kept(response: Response, cache_control: str = REVALIDATED) -> Response:
    """With an ETag of its bytes; 304 for who has them."""
    response.set_etag(hashlib.sha256(response.get_data()).hexdigest()[:32])
    response.headers["Cache-Control"] = cache_control
    return if_changed(response)


def if_changed(response: Response) -> Response:
    """304 or 412 in its place, where the request says so."""
    if not request.environ.keys().isdisjoint(_CONDITIONS):
        response.make_conditional(request)
        del response.headers["Date"]  # the server has its own, and there is to be one
    return response
