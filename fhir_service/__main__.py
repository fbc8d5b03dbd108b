"""`python -m fhir_service`: the same as the `fhir-service` command."""

from fhir_service.cli import main

if __name__ == "__main__":
    main(prog_name="fhir-service")
