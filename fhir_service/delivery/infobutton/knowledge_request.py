"""A knowledge request: its parameters as the one context that the finder answers.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208

A value that is wrong is refused where going on without it would answer something else: what is asked about,
the aspect, the age, who reads, the language, the media type. Gender, task and encounter choose nothing; a
code that is not on their list, perhaps of a newer release, is left out, and the answer does not name it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fhir_service.age import AGE_GROUPS, MESH, age_of
from fhir_service.content.topic import Coding
from fhir_service.context import Age, Asked, Context
from fhir_service.delivery.languages import is_language_tag
from fhir_service.errors import Invalid

from .code_systems import ACT_CODE, CODE_SYSTEMS, GENDER, system_name, system_uri
from .parameters import (
    AGE,
    AGE_GROUP,
    CALLBACK,
    ENCOUNTER,
    GENDER_OF_PATIENT,
    MAIN,
    PERFORMER_LANGUAGE,
    RECIPIENT,
    RECIPIENT_LANGUAGE,
    RESPONSE_TYPE,
    SUBTOPIC,
    TASK,
    Given,
    Number,
    Pieces,
    numbered,
    read_parameters,
)
from .response_types import ResponseType, response_type
from .value_lists import ENCOUNTERS, GENDERS, RECIPIENTS, TASKS, UNITS

# Clients of MedlinePlus have sent `sp`; the others are ISO 639-2.
_LANGUAGES = {"sp": "es", "eng": "en", "spa": "es"}
Pairs = tuple[tuple[str, str], ...]

_FUNCTION = re.compile(r"[A-Za-z_$][\w$.]{0,127}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Parameters and values as an answer echoes them; code systems by name."""

    main: Pairs = ()
    subtopic: Pairs = ()
    recipient: Pairs = ()
    age: Pairs = ()
    language: Pairs = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeRequest:
    """What is asked, and how it is to be written; `response_type` is None where the client did not say."""

    context: Context
    told: Told
    response_type: ResponseType | None = None
    callback: str | None = None


def read_request(pairs: Iterable[tuple[str, str]]) -> KnowledgeRequest:
    """The request that these parameters make.

    :raises Invalid: one of them cannot be understood; the message names it and what is allowed
    :raises UnsupportedMediaType: the type of the answer is not made here
    """
    given = read_parameters(pairs)
    asked_type = given.one(RESPONSE_TYPE).get("")
    kind = response_type(asked_type) if asked_type else None
    recipient = _one_of(RECIPIENT, given.one(RECIPIENT).get(""), RECIPIENTS)
    age, age_told = _age(given)
    language, language_told = _language(given)
    context = Context(
        asked=_asked(given.each(MAIN)),
        subtopic=_concept(SUBTOPIC, None, given.one(SUBTOPIC)),
        recipient=RECIPIENTS[recipient] if recipient else None,
        language=language,
        task=_on_list(given.one(TASK), TASKS, ACT_CODE),
        age=age,
        gender=_on_list(given.one(GENDER_OF_PATIENT), GENDERS, GENDER),
        setting=_on_list(given.one(ENCOUNTER), ENCOUNTERS, ACT_CODE),
    )
    told = Told(
        main=tuple(pair for number, pieces in given.each(MAIN) for pair in _echo(MAIN, number, pieces)),
        subtopic=tuple(_echo(SUBTOPIC, None, given.one(SUBTOPIC))) if context.subtopic else (),
        recipient=((RECIPIENT, recipient),) if recipient else (),
        age=age_told,
        language=language_told,
    )
    callback = _callback(given.one(CALLBACK).get(""), kind)
    return KnowledgeRequest(context=context, told=told, response_type=kind, callback=callback)


def normalised(asked: KnowledgeRequest) -> str:
    """The same text for all requests that mean the same; it tells nothing of what was asked.

    What a cache may use as its key, with the headers that the answer varies on.
    """
    return hashlib.sha256(repr(asked).encode()).hexdigest()


def is_function(text: str) -> bool:
    """Whether it names a function, and is nothing else that a script could run."""
    return _FUNCTION.fullmatch(text) is not None


def _asked(groups: Iterable[tuple[Number, Pieces]]) -> tuple[Asked, ...]:
    concepts = (_concept(MAIN, number, pieces) for number, pieces in groups)
    asked = tuple(dict.fromkeys(concept for concept in concepts if concept))
    if not asked:
        raise _refused(
            f"{MAIN}.c",
            f"What is asked about is missing: `{MAIN}.c` with `{MAIN}.cs`, or words in `{MAIN}.dn`.",
            "required",
        )
    return asked


def _concept(stem: str, number: Number, pieces: Pieces) -> Asked | None:
    """The code and the words of one group; None when it has neither."""
    name, original = pieces.get("dn"), pieces.get("ot")
    if "c" not in pieces:
        words = tuple(dict.fromkeys(one for one in (name, original) if one))
        return Asked(words=words) if words else None
    coding = Coding(_system(stem, number, pieces), pieces["c"], name)
    return Asked(codings=(coding,), words=(original,) if original else ())


def _echo(stem: str, number: Number, pieces: Pieces) -> Iterator[tuple[str, str]]:
    if "c" in pieces:
        yield numbered(f"{stem}.c", number), pieces["c"]
        yield numbered(f"{stem}.cs", number), system_name(_system(stem, number, pieces))
    if "c" in pieces or "dn" in pieces:  # empty, as MedlinePlus echoes it
        yield numbered(f"{stem}.dn", number), pieces.get("dn", "")
    if "ot" in pieces:
        yield numbered(f"{stem}.ot", number), pieces["ot"]


def _system(stem: str, number: Number, pieces: Pieces) -> str:
    name = numbered(f"{stem}.cs", number)
    text = pieces.get("cs") or pieces.get("csn")
    if text is None:
        raise _refused(
            name, f"`{numbered(f'{stem}.c', number)}` needs its code system in `{name}`.", "required"
        )
    system = system_uri(text)
    if system is None:
        names = ", ".join(known.name for known in CODE_SYSTEMS)
        raise _refused(name, f"`{name}` is no code system; allowed: an OID, a URI, or one of {names}.")
    return system


def _on_list(pieces: Pieces, codes: frozenset[str], system: str) -> str | None:
    """The code, if it is one of these of this code system, which is the default one."""
    named = pieces.get("cs") or pieces.get("csn")
    if named is not None and system_uri(named) != system:
        return None
    return pieces["c"] if pieces.get("c") in codes else None


def _age(given: Given) -> tuple[Age | None, Pairs]:
    """The age, or else the age group."""
    pieces = given.one(AGE)
    group = _age_group(given.one(AGE_GROUP))
    if "v" in pieces:
        return _age_in_units(pieces), tuple((f"{AGE}.{piece}", pieces[piece]) for piece in ("v", "u"))
    return (AGE_GROUPS[group], ((f"{AGE_GROUP}.c", group),)) if group else (None, ())


def _age_in_units(pieces: Pieces) -> Age:
    unit = _one_of(f"{AGE}.u", pieces.get("u"), UNITS)
    if unit is None:
        units = ", ".join(UNITS)
        raise _refused(f"{AGE}.u", f"`{AGE}.v` needs its unit in `{AGE}.u`: {units}.", "required")
    age = age_of(pieces["v"], unit)
    if age is None:
        raise _refused(f"{AGE}.v", f"`{AGE}.v` is no age; allowed: a number such as 5 or 0.5.")
    return age


def _age_group(pieces: Pieces) -> str | None:
    named = pieces.get("cs") or pieces.get("csn")
    if "c" in pieces and named is not None and system_uri(named) != MESH:
        raise _refused(f"{AGE_GROUP}.cs", f"`{AGE_GROUP}.cs` is not MeSH, whose age groups are allowed.")
    return _one_of(f"{AGE_GROUP}.c", pieces.get("c"), AGE_GROUPS)


def _language(given: Given) -> tuple[str | None, Pairs]:
    """That of the reader, or else that of who asks; both must be one."""
    told = [(f"{stem}.c", given.one(stem).get("c")) for stem in (RECIPIENT_LANGUAGE, PERFORMER_LANGUAGE)]
    read = [(name, _language_tag(name, value)) for name, value in told if value]
    return (read[0][1], (read[0],)) if read else (None, ())


def _language_tag(name: str, value: str) -> str:
    tag = value.replace("_", "-").lower()
    if not is_language_tag(tag):
        raise _refused(name, f"`{name}` is no language; allowed: a language tag such as en or es.")
    return _LANGUAGES.get(tag, tag)


def _callback(function: str | None, kind: ResponseType | None) -> str | None:
    if kind is None or kind.form != "jsonp":
        return None
    if function is None:
        raise _refused(CALLBACK, f"`{CALLBACK}` is needed: the function to call with the answer.", "required")
    if not is_function(function):
        raise _refused(
            CALLBACK,
            f"`{CALLBACK}` is no function's name; allowed: at most 128 letters, digits, dots, _ and $, "
            "the first a letter, _ or $.",
        )
    return function


def _one_of(name: str, value: str | None, allowed: Iterable[str]) -> str | None:
    if value is not None and value not in allowed:
        raise _refused(name, f"`{name}` has a value that is not known; allowed: {', '.join(allowed)}.")
    return value


def _refused(name: str, text: str, issue_code: str = "value") -> Invalid:
    return Invalid(text, issue_code=issue_code, expression=(f"http.{name}",))
