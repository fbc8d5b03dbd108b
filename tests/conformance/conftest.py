"""One running validator for all conformance tests, and what it found about each part, worked out once."""

from collections.abc import Iterator
from itertools import chain, zip_longest

import pytest

from tests.conformance import sdc, walk
from tests.conformance.corpus import RELEASES, adverse_events, built_resources, topic_in_two_languages
from tests.conformance.hl7_examples import PackageError
from tests.conformance.install import Unavailable, install, is_installed
from tests.conformance.official_validator import Finding, OfficialValidator
from tests.requirements import require

DEBIAN_PACKAGES = "apt install default-jdk-headless maven"


@pytest.fixture(scope="session")
def official_validator() -> Iterator[OfficialValidator]:
    """The validator, knowing all we built: profiles and value sets count, references must resolve."""
    require("java", install=DEBIAN_PACKAGES)
    if not is_installed():
        require("mvn", "javac", install=DEBIAN_PACKAGES)
        try:
            install()
        except Unavailable as error:
            pytest.skip(f"needs the network once, for make conformance-tools: {error}")
    try:
        definitions = {release: sdc.definitions(release) for release in RELEASES}
    except PackageError as error:
        pytest.skip(f"needs the network once: {error}")
    with OfficialValidator() as validator:
        for release in RELEASES:
            validator.load([*definitions[release], *built_resources(release), *adverse_events(release)])
        validator.load(topic_in_two_languages())
        yield validator


@pytest.fixture(scope="session")
def built_findings(official_validator: OfficialValidator) -> list[Finding]:
    # One of each release in turn: the releases' definitions are then read side by side.
    in_turn = chain.from_iterable(zip_longest(*(built_resources(release) for release in RELEASES)))
    return official_validator.validate_all(job for job in in_turn if job)


@pytest.fixture(scope="session")
def adverse_event_findings(official_validator: OfficialValidator) -> list[Finding]:
    return official_validator.validate_all(job for release in RELEASES for job in adverse_events(release))


@pytest.fixture(scope="session")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[walk.Answer]]:
    """The answers of the service to every request of the walk."""
    with walk.service(tmp_path_factory.mktemp("walk")) as client:
        yield [answer for release in RELEASES for answer in walk.through(client, release)]


@pytest.fixture(scope="session")
def walk_findings(official_validator: OfficialValidator, walked: list[walk.Answer]) -> list[Finding]:
    return official_validator.validate_all(answer.job for answer in walked)
