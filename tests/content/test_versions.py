"""Published versions: what is written once, what is refused, what the check tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from fhir_service.content.commands import topic as commands
from fhir_service.content.finding import SourceError
from fhir_service.content.source import Sources
from fhir_service.content.topic import Topic
from fhir_service.content.versions import changed_words, publish, read_versions
from tests.content.conftest import Edit

FOLDER = "topics/ivig-itp/versions/0.1.0"


@pytest.fixture
def ivig(sources: Sources) -> Topic:
    own = sources.topic("ivig-itp")
    return replace(own, texts=(own.text,))


def other_words(topic: Topic) -> Topic:
    return replace(topic, texts=(replace(topic.text, title="Other words"),))


def names(paths: list[Path]) -> list[str]:
    return sorted(path.name for path in paths)


def test_the_page_is_written_once(tmp_path: Path, ivig: Topic, sources: Sources) -> None:
    assert names(publish(tmp_path, ivig, sources.publisher)) == ["page.en.html", "version.json"]
    assert publish(tmp_path, ivig, sources.publisher) == []
    (version,) = read_versions(tmp_path, "ivig-itp").values()
    assert (version.version, version.released, [page.language for page in version.pages]) == (
        "0.1.0",
        "2026-11-23",
        ["en"],
    )


def test_other_words_need_another_version(tmp_path: Path, ivig: Topic, sources: Sources) -> None:
    publish(tmp_path, ivig, sources.publisher)
    before = (tmp_path / FOLDER / "page.en.html").read_bytes()
    with pytest.raises(SourceError) as refused:
        publish(tmp_path, other_words(ivig), sources.publisher)
    (finding,) = refused.value.findings
    assert "the words of page.en.html have changed but the version has not" in finding.message
    assert (tmp_path / FOLDER / "page.en.html").read_bytes() == before
    publish(tmp_path, replace(other_words(ivig), version="0.2.0"), sources.publisher)
    assert list(read_versions(tmp_path, "ivig-itp")) == ["0.1.0", "0.2.0"]


def test_a_notice_is_among_the_words(tmp_path: Path, ivig: Topic, sources: Sources) -> None:
    publish(tmp_path, ivig, sources.publisher)
    notices = (replace(sources.publisher.notices[0], service="Call us."), *sources.publisher.notices[1:])
    assert list(changed_words(tmp_path, ivig, replace(sources.publisher, notices=notices)))


def test_what_the_page_looks_like_may_change(
    tmp_path: Path, ivig: Topic, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path, ivig, sources.publisher)
    monkeypatch.setattr("fhir_service.content.page.STYLE", "body{color:red}")
    assert list(changed_words(tmp_path, ivig, sources.publisher)) == []
    assert publish(tmp_path, ivig, sources.publisher) == []


def test_a_published_file_that_was_touched_is_told(tmp_path: Path, ivig: Topic, sources: Sources) -> None:
    publish(tmp_path, ivig, sources.publisher)
    path = tmp_path / FOLDER / "page.en.html"
    path.write_bytes(path.read_bytes().replace(b"<style>", b"<style> "))
    (finding,) = changed_words(tmp_path, ivig, sources.publisher)
    assert (finding.file, "is not what was published" in finding.message) == (f"{FOLDER}/page.en.html", True)


def test_a_draft_is_not_published_and_joins_when_it_is_reviewed(
    tmp_path: Path, ivig: Topic, sources: Sources
) -> None:
    spanish = replace(ivig.text, language="es", is_draft=True)
    publish(tmp_path, replace(ivig, texts=(ivig.text, spanish)), sources.publisher)
    assert not (tmp_path / FOLDER / "page.es.html").exists()
    english = (tmp_path / FOLDER / "page.en.html").read_bytes()
    both = replace(ivig, texts=(ivig.text, replace(spanish, is_draft=False)))
    assert names(publish(tmp_path, both, sources.publisher)) == ["page.es.html", "version.json"]
    assert (tmp_path / FOLDER / "page.en.html").read_bytes() == english


def test_the_command_publishes_and_lint_tells_of_other_words(resources: Path, edit: Edit) -> None:
    run = CliRunner().invoke
    options = ["--resources", str(resources)]
    published = run(commands, ["publish", "ivig-itp", *options])
    assert published.exit_code == 0 and "page.en.html" in published.output
    assert "nothing has changed" in run(commands, ["publish", "ivig-itp", *options]).output
    assert run(commands, ["lint", *options]).exit_code == 0
    edit("notices.en.md", "This page is for learning.", "This page is for reading.")
    refused = run(commands, ["publish", "ivig-itp", *options])
    assert refused.exit_code == 1 and "0.1.0 is published; allowed: a new version" in refused.output
    assert "0.1.0 is published; allowed: a new version" in run(commands, ["lint", *options]).output
    assert run(commands, ["publish", "ivig-itp", "--replace", *options]).exit_code == 0
    assert run(commands, ["lint", *options]).exit_code == 0


def test_the_command_names_the_topics_there_are(resources: Path) -> None:
    result = CliRunner().invoke(commands, ["publish", "none", "--resources", str(resources)])
    assert result.exit_code == 1 and "no topic `none`; allowed: ivig-itp" in result.output
