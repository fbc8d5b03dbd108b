"""Clinical reasoning and forms: what a definition means for one subject, and what answers to a form say.

https://hl7.org/fhir/R4/clinicalreasoning-module.html and https://build.fhir.org/ig/HL7/sdc/

Pure: no store, no Flask, no clock. Definitions, data and the time are what the caller gives; nothing that is
made here is stored.
"""

from .activity import apply_activity
from .application import Inputs
from .data_requirements import data_requirements
from .plan import apply_plan

__all__ = ["Inputs", "apply_activity", "apply_plan", "data_requirements"]
