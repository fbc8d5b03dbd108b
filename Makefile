# Each target is one step; the work is in the named script. `make` alone explains them.
# Needs: make and Python 3.11 or newer with venv (Debian: apt install python3-venv make).

ENVIRONMENT = tools/environment.sh
SERVICE = .venv/bin/python -m fhir_service
TEST = .venv-test/bin/python

.DEFAULT_GOAL := help
.PHONY: help serve test lint format lock definitions build openapi conformance-tools round-trip agreement differential bench clean \
	serve-environment test-environment

help:  ## show this list
	@printf 'make TARGET, where TARGET is one of\n\n'
	@sed -n 's/^\([a-z-]*\):[^#]*## */  \1|/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "%-20s %s\n", $$1, $$2 }'
	@printf '\nStart with `make serve`, then open http://127.0.0.1:8000 (HOST, PORT and FHIR_SERVICE_* are honoured).\n'
	@printf 'The command line of the service itself: .venv/bin/fhir-service --help\n'

serve: serve-environment  ## serve the committed build on http://127.0.0.1:8000 until Ctrl-C
	@exec $(SERVICE) serve

test: test-environment  ## run every check this machine can run: lint, types, tests
	@exec tools/check.sh

lint: test-environment  ## only lint and types, without tests
	@exec tools/check.sh lint format types

format: test-environment  ## put the code into the house's format and mend what lint can mend
	@$(TEST) -m ruff format
	@$(TEST) -m ruff check --fix

build: serve-environment  ## build every topic's FHIR files from its source; commit what changes
	@exec $(SERVICE) topic build

openapi: test-environment  ## write openapi.yaml from the registries that route requests
	@exec $(TEST) -m fhir_service openapi

definitions: test-environment  ## compact HL7's definition packages into package data (needs npm, network)
	@$(TEST) tools/definitions.py
	@exec $(TEST) tools/base_snapshots.py

conformance-tools:  ## install the official HL7 validator for the tests (needs Maven, Java, network)
	@exec tests/conformance/install.py

round-trip: test-environment  ## run HL7's examples through JSON and XML and back (needs npm, network; two minutes)
	@PYTHONPATH=tools exec $(TEST) -m tests.formats.round_trip

agreement: test-environment conformance-tools  ## compare the gate with the official validator, write docs/agreement.md
	@exec $(TEST) -m tests.conformance.agreement --sample

differential: test-environment  ## compare search with brute force, write docs/differential.md
	@exec $(TEST) -m tests.search.differential --sample

bench: test-environment  ## measure, write docs/performance.md; BENCH=--help explains; PEER=http://…/fhir measures another server
	@exec $(TEST) -m bench.run $(if $(PEER),--peer $(PEER)) $(BENCH)

lock:  ## resolve pyproject.toml into requirements*.lock (needs network)
	@exec tools/lock.sh

clean:  ## remove the environments, caches and the local database
	@rm -rf .venv .venv-test .venv-tools .mypy_cache .pytest_cache .ruff_cache .hypothesis .schemathesis var \
		tests/conformance/validator/target
	@find fhir_service tests tools -name __pycache__ -prune -exec rm -rf {} +

serve-environment:
	@$(ENVIRONMENT) .venv requirements.lock

test-environment:
	@$(ENVIRONMENT) .venv-test requirements-test.lock
