"""The names and values of a query string or form.

https://hl7.org/fhir/R4/http.html#2.21.0.3
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from fhir_service.errors import Invalid

MOST_PARAMETERS = 500


def read_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """The decoded pairs, in order, empty values kept.

    :raises Invalid: what is encoded is no text, or there are too many
    """
    if not text:
        return ()
    try:
        text.encode()  # what came as it is, not by percent signs, must be UTF-8 too
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except UnicodeError:  # whose own words would repeat what was sent
        raise Invalid("The parameters cannot be read: they are not UTF-8.", issue_code="structure") from None
    except ValueError:
        raise Invalid(f"There are more than {MOST_PARAMETERS} parameters.", issue_code="too-long") from None
    for name, value in pairs:
        if "\0" in name + value:
            raise Invalid(f"The parameter `{name}` holds a NUL character.", issue_code="value")
    return tuple(pairs)
