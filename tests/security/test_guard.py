"""https://www.rfc-editor.org/rfc/rfc6750#section-3"""

import pytest

from fhir_service.errors import Forbidden, Unauthorized
from fhir_service.security.guard import Guard, authorise
from fhir_service.security.keys import TOKEN_ALGORITHMS, public_keys
from fhir_service.security.parties import Issuer
from fhir_service.security.scopes import NEEDS, written
from fhir_service.security.tokens import Verifier
from tests.security.conftest import NOW, Clock, Signing

READING = sorted(code for code, needs in NEEDS.items() if set(needs) & set("rs"))
WRITING = sorted(code for code, needs in NEEDS.items() if set(needs) & set("cud"))


@pytest.fixture
def verifier(issuer: Signing, clock: Clock) -> Verifier:
    keys = public_keys(issuer.jwks, TOKEN_ALGORITHMS)
    return Verifier({issuer.name: Issuer(issuer.name, keys, ("us",))}, clock)


@pytest.fixture
def guard(verifier: Verifier) -> Guard:
    """Both reading and writing need a token."""
    return Guard(reads="token", writes="token", verifier=verifier)


def bearer(issuer: Signing, scope: str, expires: int = NOW + 60) -> str:
    return "Bearer " + issuer.sign({"iss": issuer.name, "aud": "us", "exp": expires, "scope": scope})


@pytest.mark.parametrize("code", READING)
def test_reading_is_open_to_everybody_by_default(code: str) -> None:
    assert written(authorise(None, Guard(), code, "Medication")) == "system/*.rs"


@pytest.mark.parametrize("code", WRITING)
def test_writing_is_off_by_default_and_no_token_helps(code: str, issuer: Signing, verifier: Verifier) -> None:
    for authorization in (None, bearer(issuer, "system/*.cruds")):
        with pytest.raises(Forbidden, match="FHIR_SERVICE_WRITES"):
            authorise(authorization, Guard(verifier=verifier), code, "Medication")


def test_writing_may_be_open() -> None:
    assert written(authorise(None, Guard(writes="open"), "create", "Medication")) == "system/*.cruds"


@pytest.mark.parametrize("code", [*READING, *WRITING])
def test_a_request_without_token_is_told_that_it_needs_one(code: str, guard: Guard) -> None:
    with pytest.raises(Unauthorized) as caught:
        authorise(None, guard, code, "Medication")
    assert caught.value.headers == {"WWW-Authenticate": "Bearer"}
    assert caught.value.issues[0].code == "login"


@pytest.mark.parametrize("code", [*READING, *WRITING])
def test_the_scope_that_an_interaction_needs_is_enough_for_it(
    code: str, guard: Guard, issuer: Signing
) -> None:
    authorise(bearer(issuer, f"system/Medication.{NEEDS[code]}"), guard, code, "Medication")


@pytest.mark.parametrize("code", [*READING, *WRITING])
def test_every_scope_but_the_needed_one_is_not_enough(code: str, guard: Guard, issuer: Signing) -> None:
    others = "".join(action for action in "cruds" if action not in NEEDS[code])
    token = bearer(issuer, f"system/Medication.{others} system/Binary.cruds")
    with pytest.raises(Forbidden) as caught:
        authorise(token, guard, code, "Medication")
    needed = f"system/Medication.{NEEDS[code]}"
    assert caught.value.headers == {
        "WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'
    }
    assert needed in caught.value.issues[0].diagnostics


def test_the_system_needs_a_scope_of_every_type(guard: Guard, issuer: Signing) -> None:
    authorise(bearer(issuer, "system/*.s"), guard, "search-system")
    with pytest.raises(Forbidden, match=r"needs the scope system/\*\.s"):
        authorise(bearer(issuer, "system/Medication.s"), guard, "search-system")


def test_an_expired_token_is_refused_with_its_reason(guard: Guard, issuer: Signing) -> None:
    with pytest.raises(Unauthorized) as caught:
        authorise(bearer(issuer, "system/*.rs", expires=NOW - 60), guard, "read", "Medication")
    assert caught.value.headers == {
        "WWW-Authenticate": 'Bearer error="invalid_token", error_description="It has expired"'
    }


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic dXNlcjpwYXNz",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a,b",
        "Bearer a.b.c",
        "x",
        "Bearer é",
        "Bearer " + "a" * 20_000,
    ],
)
def test_what_is_no_bearer_token_is_refused(guard: Guard, authorization: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        authorise(authorization, guard, "read", "Medication")
    assert 'error="invalid_token"' in caught.value.headers["WWW-Authenticate"]


def test_the_scheme_is_read_in_any_case(guard: Guard, issuer: Signing) -> None:
    token = bearer(issuer, "system/*.rs").replace("Bearer", "bearer")
    assert authorise(token, guard, "read", "Medication")


def test_what_is_open_does_not_look_at_the_token(verifier: Verifier) -> None:
    guard = Guard(reads="open", writes="token", verifier=verifier)
    assert authorise("Bearer broken", guard, "read", "Medication")


def test_a_writer_may_also_do_what_is_open(verifier: Verifier, issuer: Signing) -> None:
    guard = Guard(reads="open", writes="token", verifier=verifier)
    allowed = authorise(bearer(issuer, "system/Medication.c"), guard, "create", "Medication")
    assert written(allowed) == "system/*.rs system/Medication.c"


@pytest.mark.parametrize("code", ["capabilities", "batch", "transaction"])
def test_what_needs_nothing_itself_is_let_through(code: str, guard: Guard) -> None:
    assert authorise(None, guard, code) == ()


def test_an_interaction_that_nobody_classified_is_not_let_through() -> None:
    with pytest.raises(KeyError):
        authorise(None, Guard(writes="open"), "new-interaction", "Medication")


def test_a_token_never_shows_in_a_refusal(guard: Guard, issuer: Signing) -> None:
    token = bearer(issuer, "system/Medication.r").removeprefix("Bearer ")
    for sent in (token, token[:-4] + "AAAA"):
        with pytest.raises((Unauthorized, Forbidden)) as caught:
            authorise(f"Bearer {sent}", guard, "create", "Medication")
        shown = str(caught.value) + str(caught.value.headers) + str(caught.value.issues)
        assert not any(part in shown for part in sent.split("."))
