"""The authoring pipeline: topic source in, FHIR resources of three releases out; offline, deterministic."""
