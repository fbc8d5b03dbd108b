"""A FHIR content service: patient education, written once, served in every release a portal speaks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from fhir_service.delivery.counts import Counts
    from fhir_service.settings import Settings
    from fhir_service.store.contract import Store


def create_app(
    settings: Settings,
    store: Store | None = None,
    resources: Path | None = None,
    counts: Counts | None = None,
) -> Flask:
    """The WSGI application: opens the store (unless one is given), wires everything, mounts every delivery.

    Call it in the process that answers: a store must not cross a fork. `counts` are those of /metrics, shared
    with the other workers; by default this process counts alone.
    """
    # Imported here, so that the command line and the content pipeline start without a web framework.
    from flask import Flask

    from fhir_service.content.package import npm_packages
    from fhir_service.content.published import RESOURCES, operation_definitions, search_parameters
    from fhir_service.delivery import auth, cds_hooks, health, infobutton, metrics, packages, pages
    from fhir_service.delivery.addresses import DoorRequest
    from fhir_service.delivery.at_once import at_once
    from fhir_service.delivery.base_url import depends_on
    from fhir_service.delivery.cache import KEPT, ResponseCache
    from fhir_service.delivery.doors import Doors
    from fhir_service.delivery.fhir import rendering, routes
    from fhir_service.delivery.read_your_writes import ReadYourWrites
    from fhir_service.delivery.wsgi import Application
    from fhir_service.exchange import Services
    from fhir_service.exports.folder import ExportFolder
    from fhir_service.exports.run import Exporter
    from fhir_service.exports.worker import Exports, exports_path
    from fhir_service.interactions import switched
    from fhir_service.operations import OPERATIONS, export_status
    from fhir_service.operations.routing import interactions_of
    from fhir_service.releases import RELEASES
    from fhir_service.releases.validator import validator
    from fhir_service.security.configuration import open_cds_clients, open_security
    from fhir_service.served_types import served_types
    from fhir_service.site_codes import read_site_codes
    from fhir_service.store import open_replicated_store, open_store
    from fhir_service.store.replicas import ReplicatedStore
    from fhir_service.store.token_use import TokenUses
    from fhir_service.topics import Topics

    if store is None and settings.database_read_urls:
        store = open_replicated_store(settings.database_url, settings.database_read_urls)
    store = store or open_store(settings.database_url)

    def seconds() -> int:
        return int(time.time())

    def now() -> int:
        return time.time_ns() // 1000

    def used() -> TokenUses:
        return TokenUses(open_store(settings.database_url), seconds)

    security = open_security(settings, used, seconds)
    interactions, switched_off = switched(settings.writes)
    parameters = store.search_parameters(search_parameters(resources or RESOURCES))
    folder = ExportFolder(exports_path(settings.database_url))
    exports = Exports(Exporter(folder, store, parameters, now))
    services = Services(
        settings=settings,
        store=store,
        interactions=(*interactions, *interactions_of(OPERATIONS), *export_status.INTERACTIONS),
        switched_off=switched_off,
        types={name: served_types(release, settings.types) for name, release in RELEASES.items()},
        search_parameters=parameters,
        operation_definitions=operation_definitions(resources or RESOURCES),
        now=now,
        exports=exports,
        validate=lambda release, resource: validator(release).validate(resource),
        validate_structure=lambda release, resource: validator(release).validate(resource, invariants=False),
        guard=security.guard,
    )
    app = Flask(__name__, static_folder=None)
    app.request_class = DoorRequest
    app.config["MAX_CONTENT_LENGTH"] = 1_000_000
    # Every view is synchronous; Flask would look whether it is, six times a request.
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]
    app.url_map.merge_slashes = False  # a redirect would lose the query of a form and the client's patience
    topics = Topics(resources or RESOURCES)
    app.register_blueprint(auth.create_blueprint(settings, security))
    app.register_blueprint(
        packages.create_blueprint(settings, security.guard, lambda: npm_packages(resources or RESOURCES))
    )
    doors = Doors(
        settings,
        topics,
        read_site_codes(settings, topics.neutral()),
        today=lambda: datetime.fromtimestamp(seconds(), UTC).date(),
        cds_clients=open_cds_clients(settings, used, seconds),
    )
    for door in (infobutton, cds_hooks, pages):
        app.register_blueprint(door.create_blueprint(doors))
    app.register_blueprint(health.create_blueprint(store))
    counts = counts or metrics.open_counts()
    app.register_blueprint(metrics.create_blueprint(counts))
    app.register_error_handler(Exception, rendering.render_failure)
    app.after_request(rendering.forbid_sniffing)
    fhir = routes.FhirDoor(at_once(app.wsgi_app), services, topics, auth.SMART_CONFIGURATION.paths)
    application: Application = metrics.measured(fhir, counts)
    if settings.reads == "open":
        cache = ResponseCache(
            application,
            store.watch,
            depends_on(settings),
            known=store.watched,
            count=metrics.count_cached(counts),
        )
        application = cache.answer
        app.extensions[KEPT] = {"look": cache.look, "kept": cache.kept, "count": metrics.count_kept(counts)}
    if isinstance(store, ReplicatedStore):
        application = ReadYourWrites(application, store)
    app.wsgi_app = application  # type: ignore[method-assign, assignment]
    exports.resume()
    return app
