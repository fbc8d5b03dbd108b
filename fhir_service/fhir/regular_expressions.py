"""Regular expressions that anyone may write: matched in linear time by RE2, so that none can stop a worker.

https://github.com/google/re2/wiki/Syntax

What RE2 cannot do, looking around and back references, is refused. A dot is any character, as FHIRPath has
it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

LONGEST = 1000


@lru_cache(maxsize=512)
def regular_expression(pattern: str) -> Any:
    """The compiled expression: `search`, `fullmatch` and `sub` as in Python's own module.

    :raises ValueError: it is none, or none that is understood here
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"a regular expression has at most {LONGEST} characters")
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error
        raise ValueError(f"`{pattern}` is no regular expression that is understood here: {reason}") from None
