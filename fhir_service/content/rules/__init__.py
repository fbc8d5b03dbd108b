"""The rules that content must keep, one file each; this is the whole list.

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

from ..finding import Finding
from . import (
    code_roles,
    codes_verified,
    counts,
    digits,
    draft_status,
    facts_in_data,
    facts_in_text,
    finder_words,
    reading_grade,
    references,
    release_types,
    review_claims,
    service_notice,
    source_review_date,
)
from .rule import Material, Rule

__all__ = ["RULES", "Material", "Rule", "evaluate"]

RULES: tuple[Rule, ...] = (
    facts_in_text.RULE,
    facts_in_data.RULE,
    codes_verified.RULE,
    code_roles.RULE,
    finder_words.RULE,
    digits.RULE,
    references.RULE,
    release_types.RULE,
    counts.RULE,
    reading_grade.RULE,
    source_review_date.RULE,
    review_claims.RULE,
    draft_status.RULE,
    service_notice.RULE,
)


def evaluate(material: Material) -> list[Finding]:
    """Every finding of every rule."""
    return sorted({finding for rule in RULES for finding in rule.check(material)})
