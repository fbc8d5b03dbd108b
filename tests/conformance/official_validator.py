"""The official HL7 validator as a function: one Java process for all releases, without a network.

https://hl7.org/fhir/R4/validation.html
"""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.conformance.install import CLASSPATH

Resource = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A resource to validate; `name` tells a reader where it came from."""

    release: str
    name: str
    resource: Resource


@dataclass(frozen=True)
class Finding:
    """One message of the validator about one resource."""

    release: str
    name: str
    severity: str
    location: str
    message_id: str
    message: str

    @property
    def is_error(self) -> bool:
        return self.severity in ("error", "fatal")

    def __str__(self) -> str:
        return (
            f"{self.severity} {self.release} {self.name}: {self.location}: {self.message} [{self.message_id}]"
        )


class OfficialValidator:
    """The running process. Load what resources refer to (profiles, value sets ...), then validate."""

    def __enter__(self) -> Self:
        self._log = tempfile.TemporaryFile(mode="w+")
        self._process = subprocess.Popen(
            [
                "java",
                "-Xmx1500m",
                "-XX:+UseParallelGC",
                "-Dorg.slf4j.simpleLogger.defaultLogLevel=error",
                "-cp",
                CLASSPATH,
                "conformance.Main",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()
        self._log.close()

    def load(self, jobs: Iterable[Job]) -> None:
        """Make conformance resources known; only before the first validation."""
        for _ in self._run(list(jobs), load=True):
            pass

    def validate(self, release: str, resource: Resource, name: str = "") -> list[Finding]:
        return self.validate_all([Job(release, name, resource)])

    def validate_all(self, jobs: Iterable[Job]) -> list[Finding]:
        """Validate many at once, which uses all cores; findings come in the order of the jobs."""
        jobs = list(jobs)
        findings = [(number, finding) for number, job_findings in self._run(jobs) for finding in job_findings]
        return [finding for _, finding in sorted(findings, key=lambda numbered: numbered[0])]

    def _run(self, jobs: list[Job], *, load: bool = False) -> Iterator[tuple[int, list[Finding]]]:
        # The process takes in all jobs before it waits for anyone to read its answers: no deadlock.
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin and stdout
        for number, job in enumerate(jobs):
            line = {"id": number, "release": job.release, "load": load, "resource": job.resource}
            stdin.write(json.dumps(line) + "\n")
        stdin.flush()
        answers = [stdout.readline() for _ in jobs]  # all, or the next caller would read what is left
        if not all(answers):
            raise RuntimeError(f"the validator stopped: {self._log_text()}")
        for answer in answers:
            yield self._read(jobs, json.loads(answer))

    def _read(self, jobs: list[Job], answer: dict[str, Any]) -> tuple[int, list[Finding]]:
        return read_answer(jobs, answer)

    def _log_text(self) -> str:
        self._log.seek(0)
        return self._log.read()


def read_answer(jobs: list[Job], answer: dict[str, Any]) -> tuple[int, list[Finding]]:
    number = int(answer["id"])
    job = jobs[number]
    if "failure" in answer:
        raise RuntimeError(f"the validator failed on {job.release} {job.name}: {answer['failure']}")
    return number, [
        Finding(
            job.release,
            job.name,
            issue["severity"],
            issue["location"] or "",
            issue["message_id"] or "",
            issue["message"],
        )
        for issue in answer["issues"]
    ]
