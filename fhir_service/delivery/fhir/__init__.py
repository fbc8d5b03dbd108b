"""FHIR's REST API: routes -> reading -> negotiation -> dispatch -> rendering.

https://hl7.org/fhir/R4/http.html
"""
