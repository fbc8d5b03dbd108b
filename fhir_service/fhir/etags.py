"""Conditions on versions: ETags, lists of them, and dates.

https://hl7.org/fhir/R4/http.html#versions and https://www.rfc-editor.org/rfc/rfc9110#section-13
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from fhir_service.errors import Invalid, PreconditionFailed
from fhir_service.fhir.dates import to_microseconds

ANY = "*"

_ETAG = re.compile(r'(?:W/)?"([^"]*)"')
# A comma within quotes separates nothing; between commas there may be nothing (RFC 9110, section 5.6.1).
_LIST = re.compile(rf"[\s,]*{_ETAG.pattern}(?:\s*,\s*(?:{_ETAG.pattern})?)*\s*")
_SECOND = 1_000_000


def read_etags(header: str, text: str) -> frozenset[str]:
    """The ETags that a header lists, without quotes; compared weakly, so `W/` makes no difference.

    :raises Invalid: it is neither `*` nor a list of ETags
    """
    if text.strip() == ANY:
        return frozenset((ANY,))
    if not _LIST.fullmatch(text):
        raise Invalid(
            f'{header}: `{text}` is no ETag; write W/"1", several separated by commas, or *.',
            issue_code="value",
            expression=(f"http.{header}",),
        )
    # `"*"` is an ETag like any other and means no more than itself; no version has it.
    return frozenset(_ETAG.findall(text)) - {ANY}


def lists(header: str, text: str, etag: str | None) -> bool:
    """Whether a header lists this ETag; None stands for what is not there, which even `*` does not mean."""
    etags = read_etags(header, text)
    return etag is not None and (ANY in etags or etag in etags)


def is_unchanged(
    etag: str | None, last_modified: int | None, if_none_match: str, if_modified_since: int
) -> bool:
    """Whether the client has it already: a conditional read. The date counts only without If-None-Match."""
    if if_none_match:
        try:
            return lists("If-None-Match", if_none_match, etag)
        except Invalid:
            return False  # of a reader, what is not understood is no condition
    return last_modified is not None and last_modified <= if_modified_since


def require_current(
    etag: str | None, last_modified: int | None, if_match: str, if_unmodified_since: int
) -> None:
    """Raise PreconditionFailed if it is not what the client knows. The date counts only without If-Match."""
    now = "there is none" if etag is None else f'the current version is W/"{etag}"'
    if if_match:
        if not lists("If-Match", if_match, etag):
            raise PreconditionFailed(f"If-Match: {if_match}, but {now}.", expression=("http.If-Match",))
    elif last_modified is not None and last_modified > if_unmodified_since:
        raise PreconditionFailed(
            f"If-Unmodified-Since: {now}, which is newer.", expression=("http.If-Unmodified-Since",)
        )


def read_http_date(text: str, otherwise: int) -> int:
    """The last microsecond that an HTTP date means, in any of its three forms; `otherwise` for other text.

    https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7; the oldest form names no zone, and means UTC.
    """
    try:
        date = parsedate_to_datetime(text)
        if date.tzinfo is None:
            date = datetime.strptime(text, "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return otherwise
    return to_microseconds(date) + _SECOND - 1
