"""Key sets are fetched from a local server: when, how often, and what happens when it does not answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fhir_service.errors import Unavailable
from fhir_service.security import key_urls
from fhir_service.security.configuration import open_cds_clients
from fhir_service.security.key_urls import ASKED_AGAIN_SECONDS, KEPT_SECONDS, LARGEST, KeyUrls
from fhir_service.settings import Settings
from tests.security.conftest import Clock, MemoryUses, Signing
from tests.security.test_cds_clients import ENDPOINT, signed


@dataclass
class Site:
    """A web server with key sets, and the paths that it was asked for."""

    url: str
    answers: dict[str, tuple[int, bytes]]
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            status, body = made.answers.get(self.path, (404, b""))
            self.send_response(status)
            if status == 302:
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Site(f"http://127.0.0.1:{server.server_port}", {})
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def serve(site: Site, path: str, *clients: Signing) -> str:
    keys = [client.jwks["keys"][0] for client in clients]
    site.answers[path] = (200, json.dumps({"keys": keys}).encode())
    return site.url + path


def test_keys_are_fetched_once_an_hour(site: Site, clock: Clock, loader: Signing) -> None:
    url = serve(site, "/jwks", loader)
    urls = KeyUrls(clock)
    for _ in range(3):
        assert [key.kid for key in urls.keys(url, loader.key.kid).keys] == [loader.key.kid]
    clock.seconds += KEPT_SECONDS - 1
    urls.keys(url, loader.key.kid)
    assert site.asked == ["/jwks"]
    clock.seconds += 1
    urls.keys(url, loader.key.kid)
    assert site.asked == ["/jwks"] * 2


def test_a_new_key_is_asked_for_but_not_at_will(
    site: Site, clock: Clock, loader: Signing, portal: Signing
) -> None:
    url = serve(site, "/jwks", loader)
    urls = KeyUrls(clock)
    urls.keys(url, loader.key.kid)
    serve(site, "/jwks", loader, portal)
    urls.keys(url, portal.key.kid)
    assert site.asked == ["/jwks"]
    clock.seconds += ASKED_AGAIN_SECONDS
    assert len(urls.keys(url, portal.key.kid).keys) == 2


def test_the_last_keys_are_kept_when_the_url_does_not_answer(
    site: Site, clock: Clock, loader: Signing
) -> None:
    url = serve(site, "/jwks", loader)
    urls = KeyUrls(clock)
    urls.keys(url, loader.key.kid)
    del site.answers["/jwks"]
    clock.seconds += KEPT_SECONDS
    assert urls.keys(url, loader.key.kid).keys[0].kid == loader.key.kid


@pytest.mark.parametrize(
    "answer",
    [
        (500, b""),
        (200, b"{"),
        (200, b"[" * 5000),
        (200, b'{"keys": []}'),
        (200, b" " * (LARGEST + 1)),
        (302, b"/elsewhere"),
    ],
    ids=str,
)
def test_what_is_no_key_set_is_not_asked_for_again_at_once(
    site: Site, clock: Clock, loader: Signing, answer: tuple[int, bytes]
) -> None:
    serve(site, "/elsewhere", loader)
    site.answers["/jwks"] = answer
    urls = KeyUrls(clock)
    for _ in range(2):
        with pytest.raises(Unavailable):
            urls.keys(f"{site.url}/jwks", "any")
    assert site.asked == ["/jwks"]


def test_a_url_that_does_not_answer_in_time_is_given_up(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Opener:
        def open(self, *_: Any, timeout: float) -> Any:
            assert timeout == key_urls.TIMEOUT_SECONDS
            raise TimeoutError

    monkeypatch.setattr(key_urls, "_OPENER", Opener())
    with pytest.raises(Unavailable):
        KeyUrls(clock).keys("https://ehr.test/jwks", "any")


def test_a_client_without_keys_at_hand_is_checked_with_those_at_its_url(
    site: Site, clock: Clock, loader: Signing, tmp_path: Path
) -> None:
    first, second = serve(site, "/a"), serve(site, "/b", loader)
    serve(site, "/a", loader)
    file = tmp_path / "cds-clients.json"
    file.write_text(json.dumps({"loader": {"jku": [first, second]}}))
    clients = open_cds_clients(Settings(cds_clients=str(file)), MemoryUses, clock)
    assert clients is not None
    clients.authenticate(f"Bearer {signed(loader, jti='1')}", ENDPOINT)
    assert site.asked == ["/a"]
    clients.authenticate(f"Bearer {signed(loader, {'jku': second}, jti='2')}", ENDPOINT)
    assert site.asked == ["/a", "/b"]
