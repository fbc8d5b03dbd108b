"""The shapes of `topic.yaml`, `publisher.yaml` and `common.yaml`: each field once, each with what it allows.

https://hl7.org/fhir/R4/conformance-rules.html (the vocabulary of the fields is FHIR's own)
"""

from __future__ import annotations

from dataclasses import fields as dataclass_fields
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from . import publisher as shared
from . import topic
from .fields import (
    Code,
    FinderWords,
    Ref,
    Shape,
    Tuple,
    Words,
    codes,
    date,
    facts,
    identifier,
    one_of,
    partial_date,
    version,
)


class CodedTextShape(Shape):
    MAKE = topic.CodedText
    text = Words(required=True)
    codings = codes()
    facts = facts(required=False)


class MappingShape(Shape):
    coding = Code(required=True, data_key="code")
    relation = one_of("equivalent", "wider", "narrower", "inexact", "relatedto", required=True)
    comment = Words(load_default=None)

    @validates_schema
    def says_why(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("relation") in ("narrower", "inexact") and not data.get("comment"):
            raise ValidationError(f"is missing: relation `{data['relation']}` needs a reason", "comment")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> topic.Mapping:
        return topic.Mapping(coding=data["coding"], relation=data["relation"], comment=data["comment"])


def maps() -> fields.Field[Any]:
    return Tuple(fields.Nested(MappingShape), load_default=())


def coded_text(*, required: bool = False) -> fields.Field[Any]:
    return fields.Nested(CodedTextShape, required=True) if required else fields.Nested(CodedTextShape)


class SourceShape(Shape):
    MAKE = topic.SourcePage
    title = Words(required=True)
    site = Words(required=True)
    about = Words(required=True)
    reviewed = partial_date(required=True)
    facts = facts()


class ReviewShape(Shape):
    MAKE = topic.Review
    role = Words(required=True)
    date = date(required=True)
    words_sha256 = fields.String(
        required=True,
        validate=validate.Regexp(r"[0-9a-f]{64}\Z", error="is no sha256; allowed: 64 hex digits"),
    )


def key_words(**kwargs: Any) -> fields.Field[Any]:
    return Tuple(Words(), validate=validate.Length(min=1, error="is empty; allowed: key words"), **kwargs)


class TranslationShape(Shape):
    MAKE = topic.Translation
    short_title = Words(required=True)
    description = Words(required=True)
    key_words = fields.Dict(keys=fields.String(), values=key_words(), required=True)
    review = fields.Nested(ReviewShape, load_default=None)


class RetirementShape(Shape):
    MAKE = topic.Retirement
    date = date(required=True)
    reason = Words(required=True)
    replaced_by = fields.String(load_default=None)


class UseContextShape(Shape):
    kind = one_of("age", "focus", "task", "user", required=True)
    text = Words(required=True)
    codings = codes(required=True)
    facts = facts(required=False)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> topic.UseContext:
        kind = data.pop("kind")
        return topic.UseContext(kind=kind, value=topic.CodedText(**data))


class AdministrationShape(Shape):
    MAKE = topic.Administration
    text = Words(required=True)
    facts = facts()


class ProductShape(Shape):
    MAKE = topic.Product
    id = identifier()
    name = Words(required=True)
    short_name = Words(required=True)
    synonyms = Tuple(Words(), load_default=())
    codings = codes(required=True)
    ingredient = coded_text(required=True)
    route = coded_text(required=True)
    appearance = fields.Nested(CodedTextShape, load_default=None)
    classification = fields.Nested(CodedTextShape, load_default=None)
    population = fields.Nested(CodedTextShape, load_default=None)
    administration = fields.Nested(AdministrationShape, load_default=None)
    facts = facts()


class IndicationShape(Shape):
    MAKE = topic.Indication
    id = identifier()
    text = Words(required=True)
    disease = coded_text(required=True)
    status = coded_text(required=True)
    intended_effect = fields.Nested(CodedTextShape, load_default=None)
    facts = facts()


class MechanismShape(Shape):
    MAKE = topic.Mechanism
    id = identifier()
    title = Words(required=True)
    text = Words(required=True)
    section = Ref("sections", required=True)
    facts = facts()


class TermShape(Shape):
    MAKE = topic.Term
    id = identifier()
    text = Words(required=True)
    definition = Words(required=True)
    maps = maps()
    facts = facts()


class SymptomShape(Shape):
    MAKE = topic.Symptom
    id = identifier()
    text = Words(required=True)
    question = Words(load_default=None)
    severity = one_of("mild", "severe", load_default=None)
    maps = maps()


class GroupShape(Shape):
    MAKE = topic.Group
    id = identifier()
    text = Words(required=True)
    severity = one_of("mild", "severe", load_default=None)
    maps = maps()


class SideEffectShape(Shape):
    MAKE = topic.SideEffect
    id = identifier()
    symptom = Ref("symptoms", required=True)
    window = Ref("windows", required=True)
    text = Words(required=True)
    group = Ref("groups", load_default=None)
    parts = Tuple(Ref("symptoms"), load_default=())
    facts = facts()


class WarningShape(Shape):
    MAKE = topic.Warning
    id = identifier()
    code = fields.String(load_default=None)
    title = Words(required=True)
    text = Words(required=True)
    facts = facts()


class PremedicationShape(Shape):
    MAKE = topic.Premedication
    id = identifier()
    name = Words(required=True)
    brand = Words(load_default=None)
    codings = codes(required=True)
    facts = facts()


class HomeMedicineShape(Shape):
    MAKE = topic.HomeMedicine
    text = Words(required=True)
    facts = facts()


class RelatedActionShape(Shape):
    target = Ref("actions", required=True, data_key="to")
    relationship = one_of(
        "before-start",
        "before",
        "before-end",
        "concurrent",
        "after-start",
        "after",
        "after-end",
        required=True,
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> topic.RelatedAction:
        return topic.RelatedAction(data["target"], data["relationship"])


class PlanActionShape(Shape):
    MAKE = topic.PlanAction
    id = identifier()
    title = Words(required=True)
    text = Words(required=True)
    condition = Words()
    reason = Words()
    codings = codes()
    participants = Tuple(one_of("care-team", "patient", "related-person"))
    related = Tuple(fields.Nested(RelatedActionShape))
    selection = one_of("any", "all", "all-or-none", "exactly-one", "at-most-one", "one-or-more")
    required = one_of("must", "could", "must-unless-documented")
    premedication = Ref("premedications")
    questionnaire = fields.Boolean()
    documentation = Tuple(Ref("key_points"))
    actions = Tuple(fields.Nested(lambda: PlanActionShape()))
    facts = facts()


class PlanShape(Shape):
    MAKE = topic.Plan
    title = Words(required=True)
    text = Words(required=True)
    goal = fields.Nested(CodedTextShape, load_default=None)
    actions = Tuple(fields.Nested(PlanActionShape), required=True)


class KeyPointShape(Shape):
    """The words are in the text; here are the id and the facts that find them."""

    id = fields.String(required=True)
    facts = facts()


class FinderAboutShape(Shape):
    of = one_of("product", "condition", load_default=None)
    broader = fields.Boolean(load_default=False)
    codings = codes()
    words = Tuple(FinderWords(), load_default=())


class FinderMentionsShape(Shape):
    section = Ref("sections", required=True)
    subtopics = Tuple(Ref("subtopics"), load_default=())
    codings = codes()
    words = Tuple(FinderWords(), load_default=())


class FinderShape(Shape):
    about = Tuple(
        fields.Nested(FinderAboutShape),
        required=True,
        validate=validate.Length(min=1, error="is empty; allowed: what selects the topic"),
    )
    excludes = Tuple(FinderWords(), load_default=())
    mentions = Tuple(fields.Nested(FinderMentionsShape), load_default=())


class InTextShape(Shape):
    section = fields.String(required=True)
    words = key_words(required=True)

    @validates_schema
    def is_section(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("section") not in (None, "title"):
            Ref("sections").deserialize(data["section"])

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> topic.InText:
        return topic.InText(section=data["section"], words=data["words"])


class InDataShape(Shape):
    resource = fields.String(load_default=None)
    codings = codes()
    window = Ref("windows", load_default=None)
    words = Tuple(Words(), load_default=())

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> topic.InData:
        del data["where"]
        return topic.InData(**data)


class FactShape(Shape):
    in_text = fields.Nested(InTextShape, required=True, data_key="text")
    in_data = Tuple(fields.Nested(InDataShape), load_default=(), data_key="data")


class TopicShape(Shape):
    """topic.yaml; `source.py` puts the text and the facts to it."""

    version = version(required=True)
    released = date(required=True)
    experimental = fields.Boolean(load_default=True)
    languages = Tuple(
        fields.String(
            validate=validate.Regexp(r"[a-z]{2}(-[A-Z]{2})?\Z", error="`{input}` is no language; allowed: en")
        ),
        required=True,
        validate=validate.Length(min=1, error="is empty; allowed: at least one language"),
    )
    short_title = Words(required=True)
    description = Words(required=True)
    purpose = Words(required=True)
    trademarks = Words(load_default=None)
    source = fields.Nested(SourceShape, required=True)
    clinical_review = fields.Nested(ReviewShape, load_default=None)
    translations = fields.Dict(
        keys=fields.String(), values=fields.Nested(TranslationShape), load_default=dict
    )
    retired = fields.Nested(RetirementShape, load_default=None)
    use_contexts = Tuple(fields.Nested(UseContextShape), load_default=())
    product = fields.Nested(ProductShape, load_default=None)
    indications = Tuple(fields.Nested(IndicationShape), load_default=())
    mechanism = fields.Nested(MechanismShape, load_default=None)
    terms = Tuple(fields.Nested(TermShape), load_default=())
    any_side_effect = fields.Nested(TermShape, load_default=None)
    symptoms = Tuple(fields.Nested(SymptomShape), load_default=())
    groups = Tuple(fields.Nested(GroupShape), load_default=())
    side_effects = Tuple(fields.Nested(SideEffectShape), load_default=())
    warnings = Tuple(fields.Nested(WarningShape), load_default=())
    premedications = Tuple(fields.Nested(PremedicationShape), load_default=())
    home_medicine = fields.Nested(HomeMedicineShape, load_default=None)
    plan = fields.Nested(PlanShape, load_default=None)
    key_points = Tuple(fields.Nested(KeyPointShape), load_default=())
    finder = fields.Nested(FinderShape, required=True)
    facts = fields.Dict(keys=fields.String(), values=fields.Nested(FactShape), required=True)

    @validates_schema(skip_on_field_errors=False)
    def has_a_product(self, data: dict[str, Any], **_: Any) -> None:
        for name in ("indications", "side_effects", "warnings"):
            if data.get(name) and not data.get("product"):
                raise ValidationError("stand without a product; allowed: with a field `product`", name)

    @validates_schema(skip_on_field_errors=True)
    def says_what_selects_it(self, data: dict[str, Any], **_: Any) -> None:
        """Who asks must know whether a topic with a product was found by it or by what it is given for."""
        message = "is missing; allowed: product, condition"
        entries = enumerate(data["finder"]["about"])
        silent = {number: {"of": [message]} for number, entry in entries if not entry["of"]}
        if data["product"] and silent:
            raise ValidationError({"finder": {"about": silent}})


class OrganizationShape(Shape):
    id = identifier()
    name = Words(required=True)
    description = Words(required=True)


class PackagesShape(Shape):
    r4 = Words(required=True)
    r4b = Words(required=True)
    r5 = Words(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, str]:
        return {name: value for name, value in data.items() if name != "where"}


class PublisherShape(Shape):
    """publisher.yaml"""

    base = fields.String(
        required=True,
        validate=validate.Regexp(
            r"https?://[^\s/]+(/[^\s/]+)*\Z", error="`{input}`: allowed: http(s) URL, no / at its end"
        ),
    )
    organization = fields.Nested(OrganizationShape, required=True)
    copyright = Words(required=True)
    version = version(required=True)
    released = date(required=True)
    packages = fields.Nested(PackagesShape, required=True)


class DelayShape(Shape):
    comparator = one_of("<", "<=", ">=", ">", required=True)
    value = fields.Integer(required=True)
    unit = Words(required=True)
    code = Words(required=True)
    qualifier = Words(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> shared.Delay:
        del data["where"]
        return shared.Delay(**data)


class OnsetWindowShape(Shape):
    MAKE = shared.OnsetWindow
    id = identifier()
    short = identifier()
    display = Words(required=True)
    definition = Words(required=True)
    delay = fields.Nested(DelayShape, load_default=None)


class CodeSystemShape(Shape):
    alias = identifier()
    url = fields.String(required=True)
    title = Words(required=True)
    clinical = fields.Boolean(required=True)
    notice = Words(load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> shared.CodeSystemNotice:
        del data["where"]
        return shared.CodeSystemNotice(**data)


class SubtopicShape(Shape):
    """An aspect that a request may ask for. Its codes are no content: no resource is built of them."""

    id = identifier()
    system = fields.String(required=True)
    codes = Tuple(fields.String(), required=True)
    words = Tuple(FinderWords(), load_default=())

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> shared.Subtopic:
        codings = tuple(topic.Coding(data["system"], code) for code in data["codes"])
        return shared.Subtopic(id=data["id"], codings=codings, words=data["words"], where=data["where"])


class CommonShape(Shape):
    """common.yaml"""

    windows = Tuple(fields.Nested(OnsetWindowShape), required=True, data_key="onset_windows")
    code_systems = Tuple(fields.Nested(CodeSystemShape), required=True)
    subtopics = Tuple(fields.Nested(SubtopicShape), load_default=())


PLACES = {
    "version": ("{version}", "{date}"),
    "kept": ("{version}", "{date}"),
    "not_there": ("{tag}",),
    "readability": ("{value}", "{formula}"),
    "found_one": ("{asked}",),
    "found_several": ("{number}", "{asked}"),
    "found_none": ("{asked}",),
}
"""The page words that a value is filled into."""


def _page_words(name: str) -> fields.Field[Any]:
    def has_places(value: str) -> None:
        missing = [place for place in PLACES.get(name, ()) if place not in value]
        if missing:
            raise ValidationError(f"lacks {', '.join(missing)}; allowed: words with that in them")

    return Words(required=True, validate=has_places)


# pages.<language>.yaml: every key in every language, so that no page mixes two.
PageWordsShape = Shape.from_dict(
    {one.name: _page_words(one.name) for one in dataclass_fields(shared.PageWords) if one.name != "language"},
    name="PageWordsShape",
)
