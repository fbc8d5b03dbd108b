"""The one context model: who asks about what, for whom, and why (design, decision 9).

https://www.hl7.org/implement/standards/product_brief.cfm?product_id=208 (Infobutton names its parts) and
https://cds-hooks.hl7.org/2.0/

Infobutton parameters, CDS Hooks requests and page parameters all become this object; `finder` answers it.
A context is never logged, and no cache keeps it in the clear.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fhir_service.age import Age
from fhir_service.content.topic import Coding

__all__ = ["Age", "Asked", "Context", "Recipient"]

Recipient = Literal["patient", "provider"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing that is asked about: codes that mean the same (system as FHIR's URI), and words for it.

    A coding's display is its own: it may select and exclude as words do, but chooses no section.
    """

    codings: tuple[Coding, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of a request; everything but what is asked may be missing."""

    asked: tuple[Asked, ...] = ()
    subtopic: Asked | None = None
    recipient: Recipient | None = None
    language: str | None = None
    """BCP 47, as it was asked for"""
    task: str | None = None
    """v3-ActCode, such as PATEDUE"""
    age: Age | None = None
    gender: str | None = None
    """v3-AdministrativeGender: M, F, UN"""
    setting: str | None = None
    """v3-ActCode of the encounter, such as AMB"""
