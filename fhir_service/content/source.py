"""Reads the sources in `resources/`: publisher, common parts, codes, and every topic, all faults in one run.

https://hl7.org/fhir/R4/resource.html#id

    read_sources    resources folder -> Sources and every finding
      _read_shared    publisher.yaml, common.yaml, notices.<language>.md, pages.<language>.yaml, codes.csv
      _read_topic     topics/<slug>/: facts.csv, text.<language>.md, then topic.yaml, which refers to them
      _check_owners   ids that two topics both claim, and successors that are no topics
    load_sources    the same for programs: Sources, or SourceError with every finding
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError

from .education_text import read_text
from .explain import explain
from .fields import Reading
from .finder_entries import finder_entries, mapped_entries
from .finding import Finding, SourceError, allowed, at, unknown_fact
from .names import Names, collect_ids
from .notices import read_notices
from .publisher import Notices, PageWords, Publisher
from .readability import readability
from .schemas import CommonShape, PageWordsShape, PublisherShape, TopicShape
from .tables import CodeTable, read_codes, read_facts
from .topic import Fact, KeyPoint, Text, Topic, Where
from .yaml_lines import LineDict, read_yaml

RESOURCES = Path(__file__).parents[2] / "resources"
"""The sources of this repository."""

_LANGUAGE_FILE = re.compile(r"\w+\.([a-z]{2}(?:-[A-Z]{2})?)\.md")


@dataclass(frozen=True)
class Sources:
    """Everything that the builders and the rules read."""

    publisher: Publisher
    codes: CodeTable
    topics: tuple[Topic, ...]

    def topic(self, slug: str) -> Topic:
        return next(topic for topic in self.topics if topic.slug == slug)


def load_sources(resources: Path = RESOURCES) -> Sources:
    """The sources of a folder.

    :raises SourceError: with every finding of all files
    """
    sources, findings = read_sources(resources)
    if sources is None or findings:
        raise SourceError(findings)
    return sources


def read_sources(resources: Path) -> tuple[Sources | None, list[Finding]]:
    """The sources, as far as they could be read, and every finding."""
    findings: list[Finding] = []
    shared = _read_shared(resources, findings)
    if shared is None:
        return None, sorted(set(findings))
    publisher, codes = shared
    folders = sorted(path for path in (resources / "topics").glob("*") if path.is_dir())
    read = [_read_topic(folder, resources, publisher, codes, findings) for folder in folders]
    topics = tuple(topic for topic in read if topic is not None)
    _check_owners(topics, findings)
    _check_successors(topics, findings)
    return Sources(publisher, codes, topics), sorted(set(findings))


def local_system(publisher: Publisher, slug: str) -> str:
    """The canonical URL of a topic's own CodeSystem."""
    return publisher.canonical("CodeSystem", f"{slug}-cs")


def _read_shared(resources: Path, findings: list[Finding]) -> tuple[Publisher, CodeTable] | None:
    nothing = Names(CodeTable({}, {}))
    who = _load(PublisherShape(), resources, "publisher.yaml", nothing, findings)
    common = _load(CommonShape(), resources, "common.yaml", nothing, findings)
    table = _read(resources, "codes.csv", findings)
    codings = read_codes(table, "codes.csv", findings) if table is not None else {}
    notices = _read_notices(resources, findings)
    words = _read_page_words(resources, notices or (), findings)
    if who is None or common is None or table is None or notices is None or words is None:
        return None
    publisher = Publisher(
        base=who["base"],
        id=who["organization"]["id"],
        name=who["organization"]["name"],
        description=who["organization"]["description"],
        version=who["version"],
        released=who["released"],
        copyright=who["copyright"],
        packages=who["packages"],
        windows=common["windows"],
        code_systems=common["code_systems"],
        notices=notices,
        subtopics=common["subtopics"],
        page_words=words,
    )
    return publisher, CodeTable(codings, {system.alias: system.url for system in publisher.code_systems})


def _read_notices(resources: Path, findings: list[Finding]) -> tuple[Notices, ...] | None:
    """The service's words, English first; None when those of a language are at fault, or English has none."""
    read = []
    for name in _english_first("notices", resources):
        markdown = _read(resources, name, findings)
        if markdown is None:
            return None
        read.append(read_notices(markdown, name, _language(Path(name)), findings))
    found = tuple(notices for notices in read if notices)
    return found if len(found) == len(read) else None


def _read_page_words(
    resources: Path, notices: tuple[Notices, ...], findings: list[Finding]
) -> tuple[PageWords, ...] | None:
    """The words around a page, in each language that the service speaks; None when one lacks them."""
    found = []
    for language in (notice.language for notice in notices):
        data = _load(
            PageWordsShape(), resources, f"pages.{language}.yaml", Names(CodeTable({}, {})), findings
        )
        if data is not None:
            del data["where"]
            found.append(PageWords(language=language, **data))
    return tuple(found) if len(found) == len(notices) else None


def _read_topic(
    folder: Path, resources: Path, publisher: Publisher, codes: CodeTable, findings: list[Finding]
) -> Topic | None:
    """One topic; None when it cannot be read as a whole. Its faults are findings."""
    before, slug, place = len(findings), folder.name, f"topics/{folder.name}"
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,31}", slug):
        message = f"`{slug}` is no name of a topic; allowed: lower-case letters, digits, `-`, 32 at most"
        findings.append(Finding(f"{place}/topic.yaml", 1, message))
    file = f"{place}/topic.yaml"
    table, source = (_read(resources, path, findings) for path in (f"{place}/facts.csv", file))
    if table is None or source is None:
        # Without its facts or its fields, everything else would be told as a fault too.
        return None
    facts = read_facts(table, f"{place}/facts.csv", findings)
    texts = _read_texts(folder, resources, frozenset(facts), findings)
    raw = read_yaml(source, file, findings)
    if raw is None or not texts:
        return None
    names = Names(
        codes,
        facts=frozenset(facts),
        windows=frozenset(window.id for window in publisher.windows),
        subtopics=frozenset(subtopic.id for subtopic in publisher.subtopics),
        ids=collect_ids(raw, texts[0], file, findings),
        local_system=local_system(publisher, slug),
    )
    data = _load_shape(TopicShape(), raw, file, names, findings)
    _check_facts(raw, facts, file, findings)
    _check_stated(facts, texts, findings)
    if isinstance(raw.get("languages"), list):
        _check_languages(raw["languages"], texts, file, raw.key_lines["languages"], findings)
    _check_translations(raw, texts, facts, publisher, file, findings)
    if data is None or len(findings) > before:
        return None
    return _assemble(slug, data, texts, facts, publisher, findings)


def _read_texts(
    folder: Path, resources: Path, facts: frozenset[str], findings: list[Finding]
) -> tuple[Text, ...]:
    """The texts of the topic; English first, since topic.yaml is written in it."""
    texts = []
    for name in _english_first("text", folder):
        file = f"topics/{folder.name}/{name}"
        markdown = _read(resources, file, findings)
        if markdown is None:
            return ()
        texts.append(read_text(markdown, file, _language(Path(name)), facts, findings))
    return tuple(text for text in texts if text)


def _english_first(stem: str, folder: Path) -> list[str]:
    """`<stem>.<language>.md` for each language that is there, and for English in any case."""
    names = {path.name for path in folder.glob(f"{stem}.*.md")} - {f"{stem}.en.md"}
    return [f"{stem}.en.md", *sorted(names)]


def _assemble(
    slug: str,
    data: dict[str, Any],
    texts: tuple[Text, ...],
    statements: Mapping[str, tuple[str, Where]],
    publisher: Publisher,
    findings: list[Finding],
) -> Topic | None:
    """The topic from its checked parts."""
    texts = _declared(texts, data)
    before = len(findings)
    key_points = tuple(_key_point(point, texts[0], findings) for point in data.pop("key_points"))
    facts = tuple(_fact(fact_id, statements[fact_id][0], data) for fact_id in statements)
    finder = finder_entries(data.pop("finder"), publisher.subtopics)
    general = (data["any_side_effect"],) if data["any_side_effect"] else ()
    concepts = (*general, *data["groups"], *data["symptoms"], *data["terms"])
    finder += tuple(mapped_entries(finder, concepts, local_system(publisher, slug)))
    del data["facts"], data["languages"], data["translations"]
    if len(findings) > before:
        return None
    return Topic(
        slug=slug,
        title=texts[0].title,
        texts=texts,
        facts=facts,
        key_points=key_points,
        finder=finder,
        **data,
    )


def _declared(texts: tuple[Text, ...], data: dict[str, Any]) -> tuple[Text, ...]:
    """The texts with what topic.yaml says of each; a translation without a review is a draft."""
    own = replace(texts[0], short_title=data["short_title"], description=data["description"])
    others = [
        replace(
            text,
            short_title=said.short_title,
            description=said.description,
            review=said.review,
            is_draft=said.review is None,
        )
        for text in texts[1:]
        for said in [data["translations"][text.language]]
    ]
    return tuple(replace(text, readability=readability(text)) for text in (own, *others))


def _fact(fact_id: str, statement: str, data: dict[str, Any]) -> Fact:
    """The fact with its key words in every language."""
    entry = data["facts"][fact_id]
    translated = {language: said.key_words[fact_id] for language, said in data["translations"].items()}
    in_text = replace(entry["in_text"], translated=translated)
    return Fact(id=fact_id, statement=statement, **{**entry, "in_text": in_text})


def _key_point(point: dict[str, Any], text: Text, findings: list[Finding]) -> KeyPoint:
    """The key point with its words: those of the paragraph or item that states the same facts."""
    wanted = set(point["facts"])
    for section in text.walk():
        for paragraph in section.paragraphs:
            if {fact for statement in paragraph.statements for fact in statement.facts} == wanted:
                return KeyPoint(text=paragraph.text, **point)
    message = (
        f"key point `{point['id']}`: no item of the text states {', '.join(sorted(wanted))} and nothing else"
    )
    findings.append(at(point["where"], f"{message}; allowed: the facts of one list item"))
    return KeyPoint(text="", **point)


def _check_facts(
    raw: LineDict, facts: Mapping[str, tuple[str, Where]], file: str, findings: list[Finding]
) -> None:
    """Every fact has its key words, and no other fact has."""
    entries = raw.get("facts")
    if not isinstance(entries, LineDict):
        return
    for fact_id, (_, where) in facts.items():
        if fact_id not in entries:
            message = f"fact `{fact_id}` has no key words; allowed: `{fact_id}:` under `facts` in topic.yaml"
            findings.append(at(where, message))
    for fact_id in entries:
        if fact_id not in facts:
            message = unknown_fact(fact_id, facts)
            findings.append(Finding(file, entries.key_lines[fact_id], message))


def _check_stated(
    facts: Mapping[str, tuple[str, Where]], texts: tuple[Text, ...], findings: list[Finding]
) -> None:
    """Every text states every fact somewhere; where exactly is a rule's business."""
    for text in texts:
        stated = {fact for section in text.walk() for fact in section.facts} | set(text.title_facts)
        for fact_id, (statement, where) in facts.items():
            if fact_id not in stated:
                message = f"fact `{fact_id}` is stated nowhere in text.{text.language}.md"
                findings.append(
                    at(where, f"{message}; allowed: words that end with {{{fact_id}}}: {statement}")
                )


def _check_languages(
    languages: list[Any], texts: tuple[Text, ...], file: str, line: int, findings: list[Finding]
) -> None:
    there = [text.language for text in texts]
    for language in languages:
        if language not in there:
            message = f"`languages` names `{language}`: no text.{language}.md; {allowed(language, there)}"
            findings.append(Finding(file, line, message))
    for language in there:
        if language not in languages:
            message = (
                f"text.{language}.md is there, but `languages` does not name it; allowed: both or neither"
            )
            findings.append(Finding(file, line, message))


def _check_translations(
    raw: LineDict,
    texts: tuple[Text, ...],
    facts: Mapping[str, Any],
    publisher: Publisher,
    file: str,
    findings: list[Finding],
) -> None:
    """What a translation needs besides its text: names, key words for each fact, the service's notices."""
    others = [text.language for text in texts[1:]]
    told = raw.get("translations", LineDict(raw.line))
    for language in others if isinstance(told, LineDict) else ():
        if language not in told:
            message = f"`translations.{language}` is missing; allowed: its names and key words"
            findings.append(Finding(file, told.line, message))
    for language, one in told.items() if isinstance(told, LineDict) else ():
        if language not in others:
            message = f"`translations` names `{language}`: no text.{language}.md; {allowed(language, others)}"
            findings.append(Finding(file, told.key_lines[language], message))
        words = one.get("key_words") if isinstance(one, LineDict) else None
        if isinstance(words, LineDict):
            _check_key_words(words, facts, f"translations.{language}.key_words", file, findings)
    noticed = {notices.language for notices in publisher.notices}
    for text in texts:
        if text.language not in noticed:
            message = f"the service has no notices in `{text.language}`"
            findings.append(at(text.where, f"{message}; allowed: a file notices.{text.language}.md"))


def _check_key_words(
    words: LineDict, facts: Mapping[str, Any], path: str, file: str, findings: list[Finding]
) -> None:
    for fact_id in facts:
        if fact_id not in words:
            message = f"`{path}.{fact_id}` is missing; allowed: a line `{fact_id}: [...]` with key words"
            findings.append(Finding(file, words.line, message))
    for fact_id in words:
        if fact_id not in facts:
            findings.append(Finding(file, words.key_lines[fact_id], unknown_fact(fact_id, facts)))


def _check_owners(topics: tuple[Topic, ...], findings: list[Finding]) -> None:
    """Ids start with the slug or the product's id: no two topics may share one of these."""
    owners: dict[str, Topic] = {}
    for topic in topics:
        product = topic.product
        claims = [(topic.slug, topic.where)] + ([(product.id, product.where)] if product else [])
        for claim, where in claims:
            other = owners.setdefault(claim, topic)
            if other is not topic:
                message = (
                    f"duplicate id `{claim}`: the topic `{other.slug}` has it too; allowed: an id of its own"
                )
                findings.append(at(where, message))


def _check_successors(topics: tuple[Topic, ...], findings: list[Finding]) -> None:
    """What replaces a retired topic is a topic that is shown."""
    shown = [topic.slug for topic in topics if topic.retired is None]
    for topic in topics:
        successor = topic.retired.replaced_by if topic.retired else None
        if topic.retired and successor is not None and successor not in shown:
            message = f"`{successor}` is no topic that is shown; {allowed(successor, shown)}"
            findings.append(at(topic.retired.where, message))


def _load(
    schema: Schema, resources: Path, file: str, names: Names, findings: list[Finding]
) -> dict[str, Any] | None:
    source = _read(resources, file, findings)
    raw = None if source is None else read_yaml(source, file, findings)
    return None if raw is None else _load_shape(schema, raw, file, names, findings)


def _load_shape(
    schema: Schema, raw: LineDict, file: str, names: Names, findings: list[Finding]
) -> dict[str, Any] | None:
    try:
        with Reading((file, names)):
            data: dict[str, Any] = schema.load(raw)
    except ValidationError as error:
        findings.extend(explain(error.messages_dict, schema, raw, file))
        return None
    return data


def _read(resources: Path, file: str, findings: list[Finding]) -> str | None:
    """The words of a file; None, with a finding, when it is absent or not UTF-8."""
    try:
        return (resources / file).read_text(encoding="utf-8")
    except FileNotFoundError:
        findings.append(Finding(file, 1, "there is no such file; allowed: a file with this name"))
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        findings.append(Finding(file, line, "bytes that are not UTF-8; allowed: UTF-8 text"))
    return None


def _language(path: Path) -> str:
    found = _LANGUAGE_FILE.fullmatch(path.name)
    return found.group(1) if found else "en"
