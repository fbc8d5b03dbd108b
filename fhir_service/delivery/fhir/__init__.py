"""FHIR's REST API: routes -> negotiation -> dispatch -> rendering.

https://hl7.org/fhir/R4/http.html
"""
