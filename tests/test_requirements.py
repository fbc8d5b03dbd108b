"""A missing tool is a skip that says what to install, and a failure under `REQUIRE_ALL=1`."""

import pytest

pytest_plugins = ["pytester"]

TESTS = """
    import pytest
    from tests.requirements import require

    def test_present():
        require("sh", "/bin/s*", install="nothing")

    def test_absent():
        require("sh", "no-such-command", install="apt install it")

    @pytest.mark.xfail(strict=True)
    def test_known_failure():
        assert False
"""


@pytest.fixture
def inner(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makepyfile(TESTS)
    pytester.makeconftest("from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport")
    return pytester


def test_missing_command_skips_with_one_line_that_says_what_to_install(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUIRE_ALL", raising=False)
    result = inner.runpytest("-rs")
    result.assert_outcomes(passed=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["SKIPPED*needs no-such-command: apt install it"])


def test_skip_is_a_failure_when_everything_is_required(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_ALL", "1")
    result = inner.runpytest("-rf")
    result.assert_outcomes(passed=1, failed=1, xfailed=1)
    result.stdout.fnmatch_lines(["*REQUIRE_ALL=1 allows no skip*needs no-such-command: apt install it*"])


def test_module_that_skips_itself_is_a_failure_when_everything_is_required(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUIRE_ALL", "1")
    pytester.makeconftest("from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport")
    pytester.makepyfile("import pytest\npytest.importorskip('no_such_module')")
    assert pytester.runpytest().ret != 0
