"""What no page of ours may do, seen from the browser: ask another origin, break its own policy, log an error.

https://playwright.dev/python/docs/api/class-browsercontext#events
"""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response, Route, WebError

# Chromium's line for an answer of 400 and more; `_answered` says the same with the status, and knows a page
# that is meant to be 404 from a picture that is lost.
LOST = "Failed to load resource"


class Watch:
    """The faults of the pages of one browser context, one line each, and the answers they got."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.faults: list[str] = []
        self.answers: list[Response] = []

    def over(self, context: BrowserContext) -> None:
        context.route("**/*", self._let_through)
        context.on("response", self._answered)
        context.on("console", self._said)
        context.on("weberror", self._failed)
        context.on("page", self._opened)

    def expect_fault(self, part: str) -> None:
        """Take back the faults that hold this text: a test provoked one, and it must have come."""
        kept = [fault for fault in self.faults if part not in fault]
        assert len(kept) < len(self.faults), f"no fault holds {part!r}: {self.faults}"
        self.faults = kept

    def is_own(self, url: str) -> bool:
        scheme, host, *_ = urlsplit(url)
        return scheme in ("data", "blob", "about") or f"{scheme}://{host}" == self.origin

    def _let_through(self, route: Route) -> None:
        """A test that plays another host routes that host's URLs itself, and this is not asked."""
        if self.is_own(route.request.url):
            route.fallback()
        else:
            self.faults.append(f"asked another origin: {route.request.url}")
            route.abort()

    def _answered(self, response: Response) -> None:
        self.answers.append(response)
        if response.status >= 400 and not response.request.is_navigation_request():
            self.faults.append(f"got {response.status}: {response.request.method} {response.url}")

    def _said(self, message: ConsoleMessage) -> None:
        """A breach of the Content-Security-Policy is said here, too."""
        if message.type == "error" and not message.text.startswith(LOST):
            self.faults.append(f"console: {message.text}")

    def _failed(self, error: WebError) -> None:
        self.faults.append(f"uncaught: {error.error}")

    def _opened(self, page: Page) -> None:
        page.on("websocket", lambda socket: self.faults.append(f"opened a WebSocket: {socket.url}"))
