"""The compose file and the Kubernetes manifests: valid, pinned, without secrets, true to the service.

https://github.com/compose-spec/compose-spec and https://kubernetes.io/docs/reference/kubernetes-api/
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from fhir_service.settings import Settings
from tests.checkout import PROJECT
from tests.npm import install

COMPOSE = PROJECT / "deploy" / "compose.yaml"
MANIFESTS = PROJECT / "deploy" / "kubernetes"
# The oldest that is to be had, and the newest.
KUBERNETES = ("1.30.0", kubernetes_validate.latest_version())
# Its schema is the operator's.
OPERATED = {"postgresql.cnpg.io/v1"}
KUSTOMIZATION = "kustomize.config.k8s.io/v1beta1"
# What the image says: Dockerfile.
IMAGE = {"HOST": "0.0.0.0", "PORT": "8000"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return read(COMPOSE)[0]


@pytest.fixture(scope="module")
def compose_schema() -> jsonschema.Draft7Validator:
    modules = install(Path(__file__).parent / "schemas")
    file = modules / "dclint" / "schemas" / "compose.schema.json"
    return jsonschema.Draft7Validator(json.loads(file.read_text()))


def read(file: Path) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(file.read_text()) if document]


def manifests() -> list[dict[str, Any]]:
    return [document for file in sorted(MANIFESTS.glob("*.yaml")) for document in read(file)]


def named(kind: str, name: str) -> dict[str, Any]:
    (found,) = [
        one for one in manifests() if (one["kind"], one.get("metadata", {}).get("name")) == (kind, name)
    ]
    return found


def values(part: Any, key: str) -> Iterator[Any]:
    """Every value of that key, however deep."""
    if isinstance(part, Mapping):
        if key in part:
            yield part[key]
        for one in part.values():
            yield from values(one, key)
    elif isinstance(part, list):
        for one in part:
            yield from values(one, key)


def test_the_compose_file_is_valid(
    compose: dict[str, Any], compose_schema: jsonschema.Draft7Validator
) -> None:
    assert [error.message for error in compose_schema.iter_errors(compose)] == []
    assert list(compose_schema.iter_errors({**compose, "service": {}})) != []


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_manifests_are_valid(version: str) -> None:
    checked = [one for one in manifests() if one["apiVersion"] not in OPERATED | {KUSTOMIZATION}]
    assert len(checked) >= 10
    for one in checked:
        kubernetes_validate.validate(one, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**checked[0], "spec2": {}}, version, strict=True)


def test_every_manifest_is_applied() -> None:
    (kustomization,) = read(MANIFESTS / "kustomization.yaml")
    files = {file.name for file in MANIFESTS.glob("*.yaml")} - {"kustomization.yaml"}
    assert set(kustomization["resources"]) == files
    for generated in kustomization["configMapGenerator"]:
        assert all((MANIFESTS / file).is_file() for file in generated["files"])


def test_every_image_is_pinned(compose: dict[str, Any]) -> None:
    images = [*values(compose, "image"), *values(manifests(), "image"), *values(manifests(), "imageName")]
    assert len(images) >= 7
    assert [image for image in images if not re.fullmatch(r".+:v?\d+\.\d+[\w.-]*", image)] == []


def test_no_file_holds_a_secret(compose: dict[str, Any]) -> None:
    told = [pair for one in values(compose, "environment") for pair in one.items()]
    secret = [(name, value) for name, value in told if re.search("PASSWORD|KEY|SECRET|TOKEN", name)]
    assert secret and all(re.fullmatch(r"\$\{\w+:\?\}", value) for _, value in secret)
    for settings in values(manifests(), "env"):
        for one in settings:
            assert ("value" in one) != bool(re.search("PASSWORD|KEY|SECRET|TOKEN", one["name"])), one
    assert not any(one["kind"] == "Secret" for one in manifests())
    example = (PROJECT / "deploy" / "example.env").read_text()
    asked = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    assert set(re.findall(r"^(\w+)=$", example, re.MULTILINE)) == asked


def test_the_service_takes_the_settings_of_both(compose: dict[str, Any]) -> None:
    by_compose = {
        name: re.sub(r"\$\{BASE_URL:\?[^}]*\}", "https://education.test", value)
        for name, value in compose["services"]["fhir-service"]["environment"].items()
    }
    container = next(values(named("Deployment", "fhir-service"), "containers"))[0]
    by_kubernetes = named("ConfigMap", "fhir-service")["data"] | {
        one["name"]: one["value"] for one in container["env"] if "value" in one
    }
    for environment in (by_compose, by_kubernetes):
        settings = Settings.from_environment(IMAGE | environment)
        assert settings.database_read_urls and settings.base_url == "https://education.test"
        known = {field.metadata["name"] for field in vars(Settings)["__dataclass_fields__"].values()}
        assert {name for name in environment if name.startswith("FHIR_SERVICE_")} <= known


def test_labels_ports_and_names_meet(compose: dict[str, Any]) -> None:
    configuration = (PROJECT / "deploy" / "nginx" / "nginx.conf").read_text()
    assert "server fhir-service:8000;" in configuration
    assert "fhir-service" in compose["services"]
    assert named("Service", "fhir-service")["spec"]["ports"][0]["port"] == 8000
    for name in ("fhir-service", "nginx"):
        deployment = named("Deployment", name)["spec"]
        labels = deployment["template"]["metadata"]["labels"]
        assert deployment["selector"]["matchLabels"] == labels
        assert named("Service", name)["spec"]["selector"] == labels
        assert named("PodDisruptionBudget", name)["spec"]["selector"]["matchLabels"] == labels
        (container,) = deployment["template"]["spec"]["containers"]
        assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert (
        named("Deployment", "fhir-service")["spec"]["template"]["spec"]["containers"][0]["livenessProbe"][
            "httpGet"
        ]["path"]
        == "/livez"
    )
    cluster = named("Cluster", "fhir-database")["spec"]
    addresses = named("ConfigMap", "fhir-service")["data"]
    owner, database = cluster["bootstrap"]["initdb"]["owner"], cluster["bootstrap"]["initdb"]["database"]
    for setting, service in (("DATABASE_URL", "rw"), ("DATABASE_READ_URLS", "ro")):
        url = addresses[f"FHIR_SERVICE_{setting}"]
        assert url.startswith(f"postgresql://{owner}@fhir-database-{service}/{database}?")
