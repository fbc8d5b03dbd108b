"""Terminology: what codes mean, which belong to a value set, and how they map to each other.

https://hl7.org/fhir/R4/terminology-module.html

Pure: everything is found through a `Resolver` (resolver.py), which gives compiled code systems, value sets
and concept maps; who stores them, and how a request arrives, is not known here.
"""
