"""What the software calls itself, in the CapabilityStatement and on the command line."""

NAME = "FHIR content service"
VERSION = "0.1.0"
# When the interface last changed: CapabilityStatement.date, which must not come from a clock.
RELEASED = "2026-11-23"
