"""The probes and the metrics in openapi.yaml.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from collections.abc import Mapping

from .parts import Json, failures, json_content, object_of

_METRICS = {"text/plain": {"schema": {"type": "string"}}}


def paths() -> Json:
    def probe(summary: str, statuses: Mapping[str, str]) -> Json:
        content = json_content(object_of({"status": {"type": "string"}}, []))
        return {"get": {"summary": summary, "tags": ["health"], "responses": failures(statuses, content)}}

    return {
        "/livez": probe("Whether the process lives", {"200": "It does"}),
        "/readyz": probe(
            "Whether it can answer",
            {"200": "It can", "503": "The database does not answer, or its index is not built yet"},
        ),
        "/metrics": {
            "get": {
                "summary": "What was answered, by which door and how fast, as Prometheus reads it",
                "tags": ["health"],
                "responses": failures({"200": "Counts of all workers since the start"}, _METRICS),
            }
        },
    }
