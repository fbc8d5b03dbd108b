"""`/metrics`: what was answered, by which door and how fast, as Prometheus reads it.

https://prometheus.io/docs/instrumenting/exposition_formats/ and
https://prometheus.io/docs/practices/naming/

Only numbers: no path, no query, no address of a client. Each worker counts, and any of them tells the sums of
all. What the response cache answers is counted apart, without a time: to take it would cost a tenth of it.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Any

from flask import Blueprint, Response, request

from fhir_service.delivery.cache_control import NOT_KEPT
from fhir_service.delivery.counts import Counts
from fhir_service.delivery.wsgi import Application, Environ, first_part
from fhir_service.version import VERSION

DOORS = (
    "fhir", "infobutton", "cds-services", "auth", "packages", "topics", "embed", "integrate", "other",
)  # fmt: skip
"""By the first part of the path; what is none of the others' is `other`, the list of topics among it."""
_STATUSES = ("2xx", "3xx", "4xx", "5xx")
# Upper bounds in seconds.
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, float("inf"))

_ANSWERS, _WITHIN, _SECONDS, _CACHED, _KEPT = "answers", "within", "seconds", "cached", "kept"


def open_counts(file: int | None = None) -> Counts:
    """All that is counted, in that descriptor of `counts.shared_file`."""
    answers = [(_ANSWERS, door, status) for door in DOORS for status in _STATUSES]
    within = [(_WITHIN, door, bound) for door in DOORS for bound in _BOUNDS]
    return Counts([*answers, *within, *((_SECONDS, door) for door in DOORS), _CACHED, _KEPT], file)


def count_cached(counts: Counts) -> Callable[[], None]:
    """For the response cache: called once for each answer that it gives by itself."""
    return lambda: counts.add(_CACHED)


def count_kept(counts: Counts) -> Callable[[], None]:
    """The same for what a worker's thread of connections gives, which alone counts."""
    return counts.adder(_KEPT)


def measured(application: Application, counts: Counts) -> Application:
    """The same application, whose answers are counted and timed until they begin."""

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        status = "5xx"

        def start(line: str, *rest: Any) -> Any:
            nonlocal status
            status = f"{line[0]}xx"
            return start_response(line, *rest)

        begun = time.perf_counter()
        try:
            return application(environ, start)
        finally:
            seconds = time.perf_counter() - begun
            first = first_part(environ["PATH_INFO"])
            door = first if first in DOORS else "other"
            counts.add((_ANSWERS, door, status))
            counts.add((_WITHIN, door, _BOUNDS[bisect_left(_BOUNDS, seconds)]))
            counts.add((_SECONDS, door), seconds)

    return answer


def create_blueprint(counts: Counts) -> Blueprint:
    blueprint = Blueprint("metrics", __name__)

    @blueprint.get("/metrics")
    def metrics() -> Response:
        # Imported when somebody asks: most never do, and every worker would hold it in memory.
        from prometheus_client.exposition import choose_encoder
        from prometheus_client.registry import CollectorRegistry

        registry = CollectorRegistry()
        registry.register(_Collector(counts))
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        response = Response(encode(registry), content_type=content_type)
        response.headers["Cache-Control"] = NOT_KEPT
        return response

    return blueprint


class _Collector:
    """What prometheus_client asks for its metrics."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Any]:
        from prometheus_client.metrics_core import (
            CounterMetricFamily,
            HistogramMetricFamily,
            InfoMetricFamily,
        )

        total = self._counts.total
        yield InfoMetricFamily("fhir_service_build", "What is running.", {"version": VERSION})
        answers = CounterMetricFamily(
            "fhir_service_answers",
            "Answers that the application made, by door and status.",
            labels=("door", "status"),
        )
        seconds = HistogramMetricFamily(
            "fhir_service_answer_seconds",
            "Time until such an answer began.",
            labels=("door",),
        )
        for door in DOORS:
            for status in _STATUSES:
                answers.add_metric((door, status), total((_ANSWERS, door, status)))
            within = accumulate(total((_WITHIN, door, bound)) for bound in _BOUNDS)
            buckets = [(_written(bound), number) for bound, number in zip(_BOUNDS, within, strict=True)]
            seconds.add_metric((door,), buckets, total((_SECONDS, door)))
        yield answers
        yield seconds
        yield CounterMetricFamily(
            "fhir_service_cached_answers",
            "Answers that the response cache gave without the application.",
            value=total(_CACHED) + total(_KEPT),
        )


def _written(bound: float) -> str:
    return "+Inf" if bound == float("inf") else str(bound)
