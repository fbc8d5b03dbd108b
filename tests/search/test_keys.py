import pytest

from fhir_service.search.keys import KEY_LENGTH, after_prefix, exact_key, fold, hash_key


def test_long_values_with_a_common_start_have_different_keys() -> None:
    first, second = "x" * 500 + "a", "x" * 500 + "b"
    assert exact_key(first) != exact_key(second)
    assert len(exact_key(first)) == KEY_LENGTH
    assert exact_key("x" * KEY_LENGTH) == "x" * KEY_LENGTH


@pytest.mark.parametrize(
    ("text", "folded"),
    [("IVIG", "ivig"), ("Ménière  Straße", "meniere strasse"), (" a\tb\n", "a b"), ("Å", "a")],
)
def test_folding_takes_out_case_accents_and_spaces(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize("prefix", ["a", "ab", "é", "\ud7ff", "\U0010ffff", "a\U0010ffff"])
def test_every_text_that_starts_so_stands_before_what_follows_the_prefix(prefix: str) -> None:
    after = after_prefix(prefix)
    assert after == "" if prefix == "\U0010ffff" else prefix + "\U0010ffff" < after


def test_a_hash_fits_a_signed_64_bit_column_and_nothing_is_zero() -> None:
    assert hash_key("") == 0
    assert all(-(2**63) <= hash_key(text) < 2**63 and hash_key(text) != 0 for text in "abcdefgh")
