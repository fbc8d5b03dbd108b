"""Clinical reasoning: what a plan or an activity means for one subject, and what data it needs.

https://hl7.org/fhir/R4/clinicalreasoning-module.html

Pure: no store, no Flask, no clock. Definitions and data come through two functions of `Inputs`; nothing that
is made here is stored.
"""

from .activity import apply_activity
from .application import Inputs
from .data_requirements import data_requirements
from .plan import apply_plan

__all__ = ["Inputs", "apply_activity", "apply_plan", "data_requirements"]
