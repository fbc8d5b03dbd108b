"""The parameters of a knowledge request: their table, and how names with numbers are read.

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208

A name is the path through HL7's model; its last letters are the piece of the data type (`.c` code, `.cs` code
system, `.dn` display name, `.v` value, `.u` unit ...). What may be given several times is numbered:
`mainSearchCriteria.v.c`, `mainSearchCriteria.v.c1`, each with the `.cs` and `.dn` of the same number. What is
not in the table is ignored, as the specification says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from fhir_service.age import AGE_GROUPS
from fhir_service.errors import Invalid

from .value_lists import FORMS, RECIPIENTS, UNITS

Number = int | None
"""None: the name had none, and comes first."""
Pieces = Mapping[str, str]

LONGEST_VALUE = 1000

_CODED = ("c", "cs", "csn", "dn", "ot")
_NUMBERED = re.compile(r"(.*?)([0-9]{1,3})", re.ASCII)
# What XML cannot hold: https://www.w3.org/TR/xml/#charsets
_NO_TEXT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row: `pieces` are what may follow the stem; an empty one is the stem itself."""

    stem: str
    pieces: tuple[str, ...]
    meaning: str
    repeats: bool = False
    is_used: bool = True
    """whether the answer depends on it; the others are known and have no effect here"""
    allowed: Mapping[str, Collection[str]] = field(default_factory=dict)
    """piece -> its values, where another one is refused"""
    is_credential: bool = False
    """meant for others: not described to who reads about the service"""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{self.stem}.{piece}" if piece else self.stem for piece in self.pieces)


MAIN = "mainSearchCriteria.v"
SUBTOPIC = "subTopic.v"
TASK = "taskContext.c"
GENDER_OF_PATIENT = "patientPerson.administrativeGenderCode"
AGE = "age.v"
AGE_GROUP = "ageGroup.v"
RECIPIENT = "informationRecipient"
RECIPIENT_LANGUAGE = "informationRecipient.languageCode"
PERFORMER_LANGUAGE = "performer.languageCode"
ENCOUNTER = "encounter.c"
RESPONSE_TYPE = "knowledgeResponseType"
CALLBACK = "callback"

PARAMETERS = (
    Parameter(MAIN, _CODED, "What is asked about: a code with its code system, or words", repeats=True),
    Parameter(SUBTOPIC, _CODED, "The aspect that is wanted, such as adverse effects (MeSH Q000009)"),
    Parameter(AGE, ("v", "u"), "Age of the patient: a number, and its unit in UCUM", allowed={"u": UNITS}),
    Parameter(
        AGE_GROUP,
        _CODED,
        "Age group of the patient, as MeSH has it; `age.v` goes before it",
        allowed={"c": AGE_GROUPS},
    ),
    Parameter(GENDER_OF_PATIENT, _CODED, "Gender of the patient: M, F or UN"),
    Parameter(RECIPIENT, ("",), "Who will read", allowed={"": RECIPIENTS}),
    Parameter(RECIPIENT_LANGUAGE, _CODED, "Language to answer in; goes before the performer's"),
    Parameter(PERFORMER_LANGUAGE, _CODED, "Language of who asks"),
    Parameter(TASK, _CODED, "What the user is doing (ActCode), such as PROBLISTREV"),
    Parameter(ENCOUNTER, _CODED, "Kind of encounter (ActCode), such as AMB"),
    Parameter(RESPONSE_TYPE, ("",), "Media type of the answer", allowed={"": FORMS}),
    Parameter(CALLBACK, ("",), "Function that application/javascript calls with the answer"),
    Parameter(
        "severityObservation.interpretationCode", _CODED, "Whether a result is abnormal", is_used=False
    ),
    Parameter("informationRecipient.healthCareProvider.c", _CODED, "Speciality of the reader", is_used=False),
    Parameter("performer", ("",), "Who asks: PAT or PROV", is_used=False),
    Parameter("performer.healthCareProvider.c", _CODED, "Speciality of who asks", is_used=False),
    Parameter("serviceDeliveryLocation.id", ("root",), "Where care is given", is_used=False),
    Parameter("observation.c", _CODED, "A further finding", repeats=True, is_used=False),
    Parameter("observation.v", (*_CODED, "v", "u"), "Value of the finding", repeats=True, is_used=False),
    Parameter("locationOfInterest.addr", ("ZIP", "CTY", "STA", "CNT"), "A place", is_used=False),
    Parameter("representedOrganization.id", ("root",), "Organisation that asks", is_used=False),
    Parameter("assignedEntity.representedOrganization", ("n",), "Name of the organisation", is_used=False),
    Parameter("assignedAuthorizedPerson.id", ("root",), "Person who asks", is_used=False),
    Parameter(
        "holder.assignedEntity",
        ("n", "certificateText"),
        "User and secret for a content vendor",
        is_used=False,
        is_credential=True,
    ),
    Parameter("knowledgeRequestNotification.effectiveTime", ("v",), "When it was asked", is_used=False),
    Parameter("executionMode", ("",), "For the vendor's own use", is_used=False),
    Parameter("transform", ("",), "Of OpenInfobutton", is_used=False),
    Parameter("xsltTransform", ("",), "Of OpenInfobutton", is_used=False),
)


@dataclass(frozen=True, slots=True)
class Given:
    """The known parameters of one request that hold something, by stem and number."""

    groups: Mapping[tuple[str, Number], Pieces]

    def one(self, stem: str) -> Pieces:
        return self.groups.get((stem, None), {})

    def each(self, stem: str) -> list[tuple[Number, Pieces]]:
        """All groups of a stem, the one without a number first, then in the order of their numbers."""
        found = [(number, pieces) for (name, number), pieces in self.groups.items() if name == stem]
        return sorted(found, key=lambda group: -1 if group[0] is None else group[0])


def read_parameters(pairs: Iterable[tuple[str, str]]) -> Given:
    """The pairs as groups; empty values count as not given.

    :raises Invalid: a parameter was given twice or may not be numbered, or its value is no text
    """
    groups: dict[tuple[str, Number], dict[str, str]] = {}
    counted: Counter[tuple[str, Number]] = Counter()
    for written, value in pairs:
        name, number, parameter = _known(_respelt(written))
        if parameter is None:
            continue
        counted[name, number] += 1
        if counted[name, number] > 1:
            raise _refused(written, _given_twice(written, name, parameter))
        if number is not None and not parameter.repeats:
            raise _refused(written, f"`{name}` may be given only once, without a number.")
        if not parameter.is_used:
            continue
        value = _checked(written, value).strip()
        if value:
            piece = name.removeprefix(parameter.stem).removeprefix(".")
            groups.setdefault((parameter.stem, number), {})[piece] = value
    return Given(groups)


def numbered(name: str, number: Number) -> str:
    """The name as the client has written it."""
    return name if number is None else f"{name}{number}"


def _respelt(name: str) -> str:
    """Both spellings are in use: https://connect.medlineplus.gov answers with a capital letter."""
    return "i" + name[1:] if name.startswith("InformationRecipient") else name


def _known(written: str) -> tuple[str, Number, Parameter | None]:
    parameter = _by_name().get(written)
    if parameter is not None:
        return written, None, parameter
    split = _NUMBERED.fullmatch(written)
    if split is None:
        return written, None, None
    return split[1], int(split[2]), _by_name().get(split[1])


def _checked(name: str, value: str) -> str:
    if len(value) > LONGEST_VALUE:
        raise _refused(name, f"`{name}` is longer than {LONGEST_VALUE} characters.")
    if _NO_TEXT.search(value):
        raise _refused(name, f"`{name}` holds a character that is no text.")
    return value


def _given_twice(written: str, name: str, parameter: Parameter) -> str:
    if not parameter.repeats:
        return f"`{written}` was given more than once."
    return (
        f"`{written}` was given more than once. Number what repeats: "
        f"{name}, {name}1, {name}2, each with the other parts under the same number."
    )


def _refused(name: str, text: str) -> Invalid:
    return Invalid(text, issue_code="value", expression=(f"http.{name}",))


@cache
def _by_name() -> dict[str, Parameter]:
    return {name: parameter for parameter in PARAMETERS for name in parameter.names}
