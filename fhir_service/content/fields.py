"""The marshmallow fields and the base schema that all shapes of the sources are made of.

https://marshmallow.readthedocs.io/ (unknown fields raise; every value arrives as text, see `yaml_lines.py`)
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from marshmallow import Schema, ValidationError, fields, post_load, pre_load, validate
from marshmallow.experimental.context import Context

from fhir_service.phrases import GAP, LONGEST, words_of

from .finding import allowed, unknown_fact
from .names import Names
from .topic import Coding, Where
from .yaml_lines import LineDict

WHERE_KEY = "__where__"


class Reading(Context[tuple[str, Names]]):
    """What the fields need to know while a file is loaded: its name, and what references may point to."""


class Shape(Schema):
    """A mapping with fixed fields. With `MAKE` it becomes that dataclass, and knows its line."""

    MAKE: ClassVar[type | None] = None

    where = fields.Raw(data_key=WHERE_KEY)

    @pre_load
    def add_where(self, data: Any, **_: Any) -> Any:
        if not isinstance(data, LineDict):
            return data
        return {**data, WHERE_KEY: Where(Reading.get()[0], data.line)}

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Any:
        return self.MAKE(**data) if self.MAKE else data


class Words(fields.String):
    """Words of one line, however they are folded in the file."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        words = " ".join(str(super()._deserialize(value, attr, data, **kwargs)).split())
        if not words:
            raise ValidationError("is empty; allowed: words")
        return words


class FinderWords(Words):
    """A phrase that the finder looks for."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        phrase = super()._deserialize(value, attr, data, **kwargs)
        parts = [words_of(part) for part in phrase.split(GAP)]
        if not 1 <= len(parts) <= 2 or not all(1 <= len(part) <= LONGEST for part in parts):
            raise ValidationError(
                f"`{phrase}` cannot be looked for; allowed: one to {LONGEST} words, or two such parts "
                f"with `{GAP}` between them"
            )
        return phrase


class Code(fields.String):
    """`alias code` -> the verified Coding; `local code` -> a code of the topic itself."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        written = " ".join(str(super()._deserialize(value, attr, data, **kwargs)).split())
        names = Reading.get()[1]
        alias, _, code = written.partition(" ")
        if alias == "local":
            if code not in names.of("local"):
                raise ValidationError(
                    f"code `{written}` is not in this topic; {allowed(code, names.of('local'))}"
                )
            return Coding(names.local_system, code)
        found = names.codes.find(written)
        if isinstance(found, str):
            raise ValidationError(found)
        return found


class FactId(fields.String):
    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        fact = str(super()._deserialize(value, attr, data, **kwargs))
        facts = Reading.get()[1].facts
        if fact not in facts:
            raise ValidationError(unknown_fact(fact, facts))
        return fact


class Ref(fields.String):
    """The id of something else in the topic; `kind` says of what."""

    def __init__(self, kind: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> str:
        name = str(super()._deserialize(value, attr, data, **kwargs))
        known = Reading.get()[1].of(self.kind)
        if name not in known:
            raise ValidationError(f"`{name}` is none of the {self.kind}; {allowed(name, known)}")
        return name


class Tuple(fields.List[Any]):
    """A list that loads as a tuple: what is read stays as it was read."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        return tuple(super()._deserialize(value, attr, data, **kwargs))


def one_of(*choices: str, **kwargs: Any) -> fields.String:
    error = "`{input}` is not one of the words; allowed: {choices}"
    return fields.String(validate=validate.OneOf(choices, error=error), **kwargs)


def identifier(**kwargs: Any) -> fields.String:
    """An id that goes into FHIR ids (64 characters in all)."""
    form = validate.Regexp(
        r"[a-z0-9][a-z0-9-]{0,39}\Z",
        error="`{input}` is no id; allowed: lower-case letters, digits and `-`, 40 characters at most",
    )
    return fields.String(required=True, validate=form, **kwargs)


def date(**kwargs: Any) -> fields.String:
    return fields.String(validate=_is_date, **kwargs)


def partial_date(**kwargs: Any) -> fields.String:
    """YYYY, YYYY-MM or YYYY-MM-DD, kept as it is written."""
    return fields.String(validate=_is_partial_date, **kwargs)


def version(**kwargs: Any) -> fields.String:
    form = validate.Regexp(
        r"\d+\.\d+\.\d+\Z", error="`{input}` is no version; allowed: three numbers like 0.1.0"
    )
    return fields.String(validate=form, **kwargs)


def facts(*, required: bool = True) -> fields.Field[Any]:
    """The facts that an item rests on: at least one where they are required."""
    some = validate.Length(min=1, error="is empty; allowed: at least one fact of facts.csv")
    if required:
        return Tuple(FactId(), required=True, validate=some)
    return Tuple(FactId(), load_default=())


def codes(*, required: bool = False) -> fields.Field[Any]:
    if required:
        return Tuple(Code(), required=True, data_key="codes")
    return Tuple(Code(), load_default=(), data_key="codes")


def _is_date(value: str) -> None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) or not _exists(value):
        raise ValidationError(f"`{value}` is no date; allowed: YYYY-MM-DD")


def _is_partial_date(value: str) -> None:
    form = re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", value)
    if not form or not _exists(value + "-01-01"[len(value) - 4 :]):
        raise ValidationError(f"`{value}` is no date; allowed: YYYY, YYYY-MM or YYYY-MM-DD")


def _exists(value: str) -> bool:
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return False
    return True
