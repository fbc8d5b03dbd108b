"""The topics as the doors beside FHIR show them: pages, Infobutton and CDS Hooks.

https://www.rfc-editor.org/rfc/rfc8941 (the header that names the content)

They are read from what `fhir-service topic build` wrote, once in each worker. So a page, a feed entry and a
FHIR resource of one build are the same content, and each answer names its hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from fhir_service.content.build import COMMON, DRAFTS, TOPICS
from fhir_service.content.neutral import PUBLISHER_FILE, TOPIC_FILE, content_hash, read_neutral
from fhir_service.content.publisher import Publisher
from fhir_service.content.topic import Topic
from fhir_service.content.versions import PublishedPage, PublishedVersion, read_page, read_versions
from fhir_service.releases import RELEASES

CONTENT_HEADER = "Topic-Content"


@dataclass(frozen=True, eq=False)
class BuiltTopic:
    """A topic, and the hash of everything that is built of it (an RFC 6920 name, as in its Library).

    It is read once, and equal to nothing but itself: what is made of it can be kept by it.
    """

    topic: Topic
    content_hash: str
    folder: Path
    """its `fhir` folder"""

    @property
    def slug(self) -> str:
        return self.topic.slug

    @cached_property
    def files(self) -> frozenset[str]:
        """Its resources, as `<release>/<Type>-<id>.json`; draft translations too, should they be served."""
        return frozenset(
            f"{release}/{file.name}"
            for release in RELEASES
            for place in (release, f"{release}/{DRAFTS}")
            for file in (self.folder / place).glob("*.json")
        )


@dataclass(frozen=True)
class Topics:
    """What is built below a resources folder; read when it is first asked for."""

    resources: Path

    @cached_property
    def publisher(self) -> Publisher:
        return read_neutral(Publisher, self._publisher_file)

    @cached_property
    def by_slug(self) -> Mapping[str, BuiltTopic]:
        """In the order of their slugs."""
        files = sorted((self.resources / TOPICS).glob(f"*/fhir/{TOPIC_FILE}"))
        read = (self._read(file) for file in files)
        return {built.slug: built for built in read}

    @property
    def shown(self) -> Mapping[str, BuiltTopic]:
        """Those that are not retired."""
        return {slug: built for slug, built in self.by_slug.items() if built.topic.retired is None}

    def neutral(self) -> Iterator[Topic]:
        """The topics alone; nothing is read before the first is asked for."""
        for built in self.by_slug.values():
            yield built.topic

    def holding(self, release: str, type_name: str, logical_id: str) -> BuiltTopic | None:
        """The topic that a resource was built of: ids begin with its slug or with its product's id."""
        if not logical_id.startswith(self._claims):
            return None
        parts = logical_id.split("-")
        for length in range(len(parts), 0, -1):
            built = self._by_claim.get("-".join(parts[:length]))
            if built and f"{release}/{type_name}-{logical_id}.json" in built.files:
                return built
        return None

    @cached_property
    def _claims(self) -> tuple[str, ...]:
        return tuple(self._by_claim)

    @cached_property
    def _by_claim(self) -> Mapping[str, BuiltTopic]:
        claims = {built.slug: built for built in self.by_slug.values()}
        products = ((built.topic.product, built) for built in self.by_slug.values())
        return claims | {product.id: built for product, built in products if product}

    @cached_property
    def published(self) -> Mapping[str, Mapping[str, PublishedVersion]]:
        """By slug and version, the oldest first."""
        return {slug: read_versions(self.resources, slug) for slug in self.by_slug}

    def published_page(self, slug: str, version: PublishedVersion, page: PublishedPage) -> bytes:
        return read_page(self.resources, slug, version, page)

    def _read(self, file: Path) -> BuiltTopic:
        content = file.read_bytes()
        topic = read_neutral(Topic, content)
        return BuiltTopic(topic, content_hash(content, self._publisher_file), file.parent)

    @cached_property
    def _publisher_file(self) -> bytes:
        return (self.resources / COMMON / "fhir" / PUBLISHER_FILE).read_bytes()


def content_header(topics: Iterable[BuiltTopic]) -> str:
    """The value of `Topic-Content`: a dictionary of slugs and hashes (RFC 8941)."""
    return ", ".join(f'{built.slug}="{built.content_hash}"' for built in topics)
