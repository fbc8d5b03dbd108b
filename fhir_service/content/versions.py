"""Published versions: the page of each version as it was shown, kept for good.

https://www.rfc-editor.org/rfc/rfc5829 (navigation between versions)

    resources/topics/<slug>/versions/<version>/version.json           which content, of which day, which pages
    resources/topics/<slug>/versions/<version>/page.<language>.html   the bytes that are served

A patient's record can say what was shown by naming the page of a version. So its bytes never change again,
and words that differ need a new version; what pages look like may be mended meanwhile. A draft translation is
not published: nobody stands for its words yet.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path

from .build import TOPICS
from .finding import Finding, SourceError, at
from .narrative import escaped
from .neutral import content_hash, dump_neutral, publisher_file, read_neutral, topic_file
from .page import STYLE, education_page, source_hash
from .publisher import Publisher
from .topic import Text, Topic, nearest_language

VERSIONS = "versions"
VERSION_FILE = "version.json"


@dataclass(frozen=True, kw_only=True)
class PublishedPage:
    language: str
    title: str
    sha256: str
    """of the file, in hexadecimal"""
    style: str
    """the hash of its style, as a Content-Security-Policy names it"""

    @property
    def file_name(self) -> str:
        return f"page.{self.language}.html"


@dataclass(frozen=True, kw_only=True)
class PublishedVersion:
    version: str
    released: str
    content_hash: str
    """the RFC 6920 name of all that the topic said and showed"""
    pages: tuple[PublishedPage, ...]

    def page(self, language: str) -> PublishedPage | None:
        """The page in a language, or in the wider one: es-MX is answered by es."""
        by_language = {page.language: page for page in self.pages}
        nearest = nearest_language(language, by_language)
        return by_language[nearest] if nearest else None


def version_page(topic: Topic, text: Text, publisher: Publisher, *, is_published: bool = True) -> bytes:
    """The page of the topic's version: the finished page, under a line that says which version it is.

    Its only link is relative, so that its bytes are the same on every host.
    """
    topic = replace(topic, retired=None)  # a version says what it said
    words = publisher.words(text.language)
    said = words.kept.replace("{version}", topic.version).replace("{date}", topic.released)
    own = "" if text.language == topic.language else f"?lang={text.language}"
    current = f'<a href="../../{topic.slug}{own}">{escaped(words.current)}</a>'
    header = f"<p>{escaped(said if is_published else words.unpublished)} {current}</p>"
    return education_page(topic, text, publisher, header=header).encode()


def publish(resources: Path, topic: Topic, publisher: Publisher, *, anew: bool = False) -> list[Path]:
    """Write the pages of the topic's version that are not published yet; the files that were written.

    :param anew: write them anew, whatever they said: only while they have been shown to nobody
    :raises SourceError: when a published page says something else
    """
    if not anew and (findings := list(changed_words(resources, topic, publisher))):
        raise SourceError(findings)
    folder = _folder(resources, topic.slug) / topic.version
    before = None if anew else _read(folder)
    kept = before.pages if before else ()
    texts = [
        text
        for text in topic.texts
        if not text.is_draft and text.language not in {one.language for one in kept}
    ]
    if not texts:
        return []
    written = {}
    pages = list(kept)
    for text in texts:
        content = version_page(topic, text, publisher)
        page = PublishedPage(
            language=text.language,
            title=text.title,
            sha256=hashlib.sha256(content).hexdigest(),
            style=source_hash(STYLE),
        )
        pages.append(page)
        written[folder / page.file_name] = content
    version = PublishedVersion(
        version=topic.version,
        released=topic.released,
        content_hash=before.content_hash if before else _content_hash(topic, publisher),
        pages=tuple(pages),
    )
    written[folder / VERSION_FILE] = dump_neutral(version)
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in written.items():
        path.write_bytes(content)
    return list(written)


def read_versions(resources: Path, slug: str) -> dict[str, PublishedVersion]:
    """Every published version of a topic, the oldest first."""
    folders = _folder(resources, slug).glob(f"*/{VERSION_FILE}")
    found = [version for file in folders if (version := _read(file.parent))]
    return {one.version: one for one in sorted(found, key=lambda one: (one.released, _order(one.version)))}


def read_page(resources: Path, slug: str, version: PublishedVersion, page: PublishedPage) -> bytes:
    return (_folder(resources, slug) / version.version / page.file_name).read_bytes()


def changed_words(resources: Path, topic: Topic, publisher: Publisher) -> Iterator[Finding]:
    """Published pages that are not what they were, and those of this version that say something else now."""
    place = f"{TOPICS}/{topic.slug}/{VERSIONS}"
    for version in read_versions(resources, topic.slug).values():
        for page in version.pages:
            content = read_page(resources, topic.slug, version, page)
            if hashlib.sha256(content).hexdigest() != page.sha256:
                message = "is not what was published; allowed: no change, a record may point to it"
                yield Finding(f"{place}/{version.version}/{page.file_name}", 1, message)
            text = topic.text_in(page.language)
            if version.version != topic.version or text is None:
                continue
            if words_of(content) != words_of(version_page(topic, text, publisher)):
                message = f"the words of {page.file_name} have changed but the version has not: "
                yield at(topic.where, f"{message}{topic.version} is published; allowed: a new version")


def words_of(page: bytes) -> str:
    """All that a reader of a page reads between the line about its version and the end."""
    reader = _Reader()
    reader.feed(page.decode())
    reader.close()
    return " ".join(" ".join(reader.words).split())


class _Reader(HTMLParser):
    _APART = frozenset(("head", "header"))

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._apart = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in self._APART:
            self._apart = tag

    def handle_endtag(self, tag: str) -> None:
        if tag == self._apart:
            self._apart = ""

    def handle_data(self, data: str) -> None:
        if not self._apart:
            self.words.append(data)


def _content_hash(topic: Topic, publisher: Publisher) -> str:
    return content_hash(topic_file(topic), publisher_file(publisher))


def _folder(resources: Path, slug: str) -> Path:
    return resources / TOPICS / slug / VERSIONS


def _read(folder: Path) -> PublishedVersion | None:
    file = folder / VERSION_FILE
    return read_neutral(PublishedVersion, file.read_bytes()) if file.is_file() else None


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
