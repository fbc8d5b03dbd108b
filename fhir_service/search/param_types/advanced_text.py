"""Advanced text handling: whole words and phrases in the text of a value, as R5 has it.

https://hl7.org/fhir/R5/search.html#modifiertextadvanced and #modifiertextstring

The query is read as that of `_text`; what it looks into is one text: a display, a concept's own words, a
string. Rows stand in the table of strings, each text as its words with a space around every one.
"""

from __future__ import annotations

from fhir_service.errors import Invalid
from fhir_service.search.full_text import read_groups, words
from fhir_service.search.keys import KEY_LENGTH, hash_key
from fhir_service.search.param_types import Row
from fhir_service.search.predicates import AnyOf, Indexed, Key, Predicate, any_of, like

# A long text is kept in two pieces that overlap by so much: a phrase is whole in one of them.
_LONGEST = KEY_LENGTH // 2


def words_row(text: str) -> Row:
    spaced = f" {' '.join(words(text))} "
    rest = spaced[KEY_LENGTH - _LONGEST :] if len(spaced) > KEY_LENGTH else ""
    return spaced[:KEY_LENGTH], hash_key(spaced), rest, ""


def words_predicate(key: Key, text: str) -> Predicate:
    groups = read_groups(key[1], text)
    return any_of(Indexed("string", key, tuple(_holds(key, phrase) for phrase in group)) for group in groups)


def _holds(key: Key, phrase: tuple[str, ...]) -> AnyOf:
    spaced = f" {' '.join(phrase)} "
    if len(spaced) > _LONGEST:
        raise Invalid(f"`{key[1]}` takes at most {_LONGEST - 2} characters in one phrase")
    return AnyOf(((like("folded", "%", spaced, "%"),), (like("folded_rest", "%", spaced, "%"),)))
