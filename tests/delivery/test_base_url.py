import ipaddress

import pytest
from werkzeug.test import EnvironBuilder

from fhir_service.delivery.base_url import base_url
from fhir_service.delivery.wsgi import Environ
from fhir_service.errors import Invalid
from fhir_service.settings import Settings

BEHIND_PROXY = Settings(trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),))


def request(host: str, remote: str = "127.0.0.1", **headers: str) -> Environ:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    builder = EnvironBuilder(headers=named, environ_overrides={"HTTP_HOST": host, "REMOTE_ADDR": remote})
    return builder.get_environ()


def test_the_setting_wins_over_everything_the_client_says() -> None:
    settings = Settings(base_url="https://education.test/service")
    assert base_url(request("attacker.test"), settings) == "https://education.test/service"


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:9", "[::1]:8000"])
def test_on_loopback_the_host_header_is_echoed(host: str) -> None:
    assert base_url(request(host), Settings()) == f"http://{host}"


@pytest.mark.parametrize(
    "host",
    ["attacker.test", "localhost.a.test", "localhost:80@a.test", "localhost/x", "", "10.0.0.1"],
)
def test_a_host_that_is_not_loopback_is_refused(host: str) -> None:
    with pytest.raises(Invalid, match="FHIR_SERVICE_BASE_URL"):
        base_url(request(host), Settings())


def test_a_listed_proxy_is_believed() -> None:
    asked = request(
        "backend:8000",
        "10.1.2.3",
        X_Forwarded_Proto="https",
        X_Forwarded_Host="attacker.test, education.test",
    )
    assert base_url(asked, BEHIND_PROXY) == "https://education.test"


def test_forwarded_headers_of_others_are_ignored() -> None:
    asked = request("localhost:8000", "192.0.2.1", X_Forwarded_Host="attacker.test")
    assert base_url(asked, BEHIND_PROXY) == "http://localhost:8000"
    assert base_url(asked, Settings()) == "http://localhost:8000"


def test_a_damaged_forwarded_host_is_refused() -> None:
    with pytest.raises(Invalid):
        base_url(request("localhost", "10.1.2.3", X_Forwarded_Host='x"><script>'), BEHIND_PROXY)
