import pytest

from fhir_service.errors import Invalid
from fhir_service.fhir.dates import EARLIEST
from fhir_service.fhir.etags import is_unchanged, lists, read_etags, read_http_date

NOON = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z


@pytest.mark.parametrize(
    ("text", "etags"),
    [
        ('W/"1"', {"1"}),
        ('"1"', {"1"}),
        (' W/"1" ,"a-b"', {"1", "a-b"}),
        ("*", {"*"}),
        ('"1,2" , ,W/"3"', {"1,2", "3"}),
        ('"*"', set()),
    ],
)
def test_a_header_lists_etags_weak_or_strong(text: str, etags: set[str]) -> None:
    assert read_etags("If-Match", text) == etags


@pytest.mark.parametrize("text", ["1", 'W/1"', '"1" "2"', "", '*,"1"'])
def test_what_is_no_list_of_etags_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="If-Match"):
        read_etags("If-Match", text)


def test_an_asterisk_means_whatever_is_there() -> None:
    assert lists("If-Match", "*", "7")
    assert not lists("If-Match", "*", None)
    assert not lists("If-Match", '"7"', None)


@pytest.mark.parametrize(
    ("if_none_match", "if_modified_since", "unchanged"),
    [
        ('"1"', "", True),
        ('"2"', "Thu, 01 Jan 2026 00:00:00 GMT", False),
        ("", "Thu, 01 Jan 2026 00:00:00 GMT", True),
        ("", "Wed, 31 Dec 2025 23:59:59 GMT", False),
        ("", "soon", False),
        ("soon", "", False),
        ("", "", False),
    ],
)
def test_a_reader_that_has_the_version_need_not_get_it(
    if_none_match: str, if_modified_since: str, unchanged: bool
) -> None:
    since = read_http_date(if_modified_since, EARLIEST)
    assert is_unchanged("1", NOON + 999, if_none_match, since) is unchanged


@pytest.mark.parametrize(
    "text",
    [
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "Thursday, 01-Jan-26 00:00:00 GMT",
        "Thu Jan  1 00:00:00 2026",
    ],
)
def test_a_date_of_http_is_a_second_in_one_of_three_forms(text: str) -> None:
    assert read_http_date(text, EARLIEST) == NOON + 999_999


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "2026-01-01T00:00:00Z",
        "Thu, 01 Jan 2026 00:00:00",
        "Thu, 01 Jan 2026 00:00:00 -0000",
        "Thu, 01 Jan 99999 00:00:00 GMT",
        "Thu, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Thu, 01 Jan 2026 00:00:00 GMT, Thu, 01 Jan 2026 00:00:00 GMT",
    ],
)
def test_what_is_no_date_of_http_counts_for_nothing(text: str) -> None:
    assert read_http_date(text, EARLIEST) == EARLIEST
