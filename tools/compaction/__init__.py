"""Turns HL7's published definition packages into the small data files under fhir_service/releases/data."""
