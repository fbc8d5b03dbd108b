"""The `topic` commands, as an author types them. https://click.palletsprojects.com/en/stable/testing/"""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from fhir_service.cli import main

from .conftest import Edit


def run(*arguments: str, resources: Path | None = None) -> Result:
    place = ["--resources", str(resources)] if resources else []
    return CliRunner().invoke(main, ["topic", *arguments, *place])


def test_lint_says_what_is_good_with_its_figures(resources: Path) -> None:
    result = run("lint", resources=resources)
    assert result.exit_code == 0, result.output
    assert result.output.startswith("ivig-itp: good. 40 facts\n")
    assert "  en: Flesch-Kincaid " in result.output
    assert "resources: r4 " in result.output


def test_a_finding_is_a_line_that_an_editor_can_open(resources: Path, edit: Edit) -> None:
    line = edit("topics/ivig-itp/topic.yaml", "short_title:", "short:")
    result = run("lint", resources=resources)
    assert result.exit_code == 1
    told = [line for line in result.stderr.splitlines() if "unknown field" in line]
    assert len(told) == 1
    path, number, rest = told[0].split(":", 2)
    assert Path(path).resolve() == (resources / "topics/ivig-itp/topic.yaml").resolve()
    assert int(number) == line
    assert rest.startswith(" unknown field `short`; did you mean `short_title`? allowed: ")
    assert result.stderr.splitlines()[-1] == "2 findings; nothing was written."


def test_build_writes_what_check_then_finds_up_to_date(resources: Path, edit: Edit) -> None:
    assert run("build", "--check", resources=resources).exit_code == 1
    first = run("build", resources=resources)
    assert first.exit_code == 0, first.output
    again = run("build", resources=resources)
    assert again.output.startswith("0 of ")
    assert run("build", "--check", resources=resources).exit_code == 0
    edit("topics/ivig-itp/text.en.md", "- Headache {F26}", "- A headache {F26}")
    stale = run("build", "--check", resources=resources)
    assert stale.exit_code == 1
    assert "is stale: run `make build`" in stale.stderr


def test_build_writes_nothing_when_there_is_a_finding(resources: Path, edit: Edit) -> None:
    edit("topics/ivig-itp/text.en.md", "several hours", "4 hours")
    result = run("build", resources=resources)
    assert result.exit_code == 1
    assert "the number `4`" in result.stderr
    assert not list(resources.rglob("fhir"))


def test_a_recorded_review_of_these_words_makes_them_active(resources: Path, edit: Edit) -> None:
    words = run("lint", resources=resources).output.split("sha256 of the words: ")[1].split()[0]
    review = f"clinical_review: {{role: pediatric nurse, date: 2026-12-01, words_sha256: {words}}}\n"
    edit("topics/ivig-itp/topic.yaml", "use_contexts:", f"{review}use_contexts:")
    assert run("build", resources=resources).exit_code == 0, run("lint", resources=resources).stderr
    built = resources / "topics" / "ivig-itp" / "fhir" / "r4"
    library = json.loads((built / "Library-ivig-itp-library.json").read_bytes())
    assert (library["status"], library["lastReviewDate"]) == ("active", "2026-12-01")
    composition = json.loads((built / "Composition-ivig-itp-education-en.json").read_bytes())
    assert composition["status"] == "final"
    edit("topics/ivig-itp/text.en.md", "- Headache {F26}", "- A headache {F26}")
    changed = run("lint", resources=resources)
    assert (changed.exit_code, "the recorded review is of other words" in changed.stderr) == (1, True)


def test_new_writes_a_topic_that_builds(resources: Path) -> None:
    made = run("new", "asthma-inhaler", resources=resources)
    assert made.exit_code == 0, made.output
    assert made.output.splitlines()[0].endswith("topics/asthma-inhaler/facts.csv")
    assert run("build", resources=resources).exit_code == 0
    assert list((resources / "topics" / "asthma-inhaler" / "fhir" / "r5").glob("Composition-*.json"))
    again = run("new", "asthma-inhaler", resources=resources)
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)


def test_report_names_the_topics_there_are(resources: Path) -> None:
    assert "F40" in run("report", "ivig-itp", resources=resources).output
    unknown = run("report", "ivig", resources=resources)
    assert unknown.exit_code == 1
    assert "no topic `ivig`; allowed: ivig-itp" in unknown.stderr


def test_every_command_explains_itself() -> None:
    for command in ("lint", "build", "report", "new"):
        result = CliRunner().invoke(main, ["topic", command, "--help"])
        assert result.exit_code == 0
        assert len(result.output.splitlines()) > 6
