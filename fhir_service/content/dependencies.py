"""What must be loaded before a FHIR package: the packages it depends on, found in a folder, each once.

https://hl7.org/fhir/R4/packages.html and https://confluence.hl7.org/display/FHIR/NPM+Package+Specification

    NAME#VERSION.tgz or NAME-VERSION.tgz in the folder    is loaded first, after what it depends on itself
    loaded before, in this version                        is not looked for
    HL7's definitions of a release that is served         are known without their package
    anything else                                         is missing: an error, before anything is loaded, or
                                                          a remark where that is allowed

A version may be a pattern: `4.0.x` is the greatest that fits, `latest` the greatest there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fhir_service.content.sources import Source, SourceError, open_source
from fhir_service.releases import RELEASES

IsLoaded = Callable[[str, str], bool]
"""Whether the store has this package in this version."""

_REFERENCE = re.compile(r"(?P<name>[a-z0-9][a-z0-9._-]*)#(?P<version>[A-Za-z0-9.+-]+)", re.ASCII)


@dataclass
class Plan:
    """The sources in the order in which they must be loaded, and what people should know of it."""

    sources: list[Source] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def plan(
    given: Iterable[str], folder: Path | None, is_loaded: IsLoaded, *, allow_missing: bool = False
) -> Plan:
    """Files and folders as given (or NAME#VERSION of a package in the folder), each after its dependencies.

    Dependencies are looked for in `folder`, by default beside the package. Raises SourceError.
    """
    planner = _Planner(folder, is_loaded, allow_missing)
    for text in given:
        planner.add(open_source(_path_of(text, folder)), ())
    return planner.plan


def _path_of(text: str, folder: Path | None) -> Path:
    path = Path(text)
    if path.exists():
        return path
    reference = _REFERENCE.fullmatch(text.removesuffix(".tgz"))
    looked_in = folder or Path()
    found = reference and _find(reference["name"], reference["version"], looked_in)
    if not found:
        raise SourceError(f"{text}: there is no such file, and no such package in {looked_in}")
    return found


class _Planner:
    def __init__(self, folder: Path | None, is_loaded: IsLoaded, allow_missing: bool) -> None:
        self.plan = Plan()
        self._folder = folder
        self._is_loaded = is_loaded
        self._allow_missing = allow_missing
        self._seen: set[Path] = set()

    def add(self, source: Source, wanted_by: Sequence[str]) -> None:
        """Depth first; a package is noted before its dependencies, so that a cycle comes to an end."""
        if source.path.resolve() in self._seen:
            return
        self._seen.add(source.path.resolve())
        if source.about:
            path = (*wanted_by, f"{source.about.canonical}#{source.about.version}")
            for name, version in source.about.dependencies.items():
                self._add_dependency(name, version, self._folder or source.path.parent, path)
        self.plan.sources.append(source)

    def _add_dependency(self, name: str, version: str, folder: Path, wanted_by: Sequence[str]) -> None:
        if self._is_loaded(name, version):
            return
        found = _find(name, version, folder)
        if found:
            self.add(open_source(found), wanted_by)
        elif _is_own_definition(name, version):
            self._remark(
                f"{name}#{version} is not loaded: the service has HL7's definitions of that release."
            )
        elif self._allow_missing:
            self._remark(f"{' needs '.join(wanted_by)} needs {name}#{version}, which is missing.")
        else:
            raise SourceError(
                f"{' needs '.join(wanted_by)} needs {name}#{version}, which is neither loaded nor in {folder}"
                f" (as {name}#{version}.tgz or {name}-{version}.tgz). Put it there, name its folder with"
                " --packages, or go on without it with --allow-missing."
            )

    def _remark(self, text: str) -> None:
        if text not in self.plan.remarks:
            self.plan.remarks.append(text)


def _find(name: str, version: str, folder: Path) -> Path | None:
    """The file of a package: of this version, or the greatest that fits a pattern."""
    named = re.compile(rf"{re.escape(name)}[#-](?P<version>[0-9].*)\.tgz")
    found = [
        (match["version"], file) for file in folder.glob("*.tgz") if (match := named.fullmatch(file.name))
    ]
    fitting = [(_order(each), file) for each, file in found if _fits(each, version)]
    return max(fitting)[1] if fitting else None


def _fits(version: str, wanted: str) -> bool:
    if wanted == "latest":
        return True
    if wanted.endswith(".x"):
        return version.startswith(wanted[:-1])
    return version == wanted


def _order(version: str) -> tuple[list[int], bool, str]:
    """Numbers by their value; a pre-release (`1.0.0-ballot`) before its release."""
    numbers, dash, label = version.partition("-")
    return [int(part) if part.isdecimal() else -1 for part in numbers.split(".")], not dash, label


def _is_own_definition(name: str, version: str) -> bool:
    """The core package of a release that is served, by its name of today or that of old (`hl7.fhir.core`)."""
    return any(
        name in (f"hl7.fhir.{release.name}.core", "hl7.fhir.core") and _fits(release.fhir_version, version)
        for release in RELEASES.values()
    )
