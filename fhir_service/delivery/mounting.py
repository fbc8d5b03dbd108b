"""How a door takes all that is asked at its addresses, whatever the method, and answers it in its own form.

https://flask.palletsprojects.com/en/stable/api/#url-route-registrations

Left to Flask, OPTIONS, another method and a slash too many would be answered by Flask itself.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

EVERY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def below(prefix: str) -> tuple[str, ...]:
    """The rules for a prefix and all that is below it; what is below is the view's argument `rest`."""
    return prefix, f"{prefix}/", f"{prefix}/<path:rest>"


def mount(blueprint: Blueprint, view: Callable[..., Response], *rules: str) -> None:
    for rule in rules:
        blueprint.add_url_rule(
            rule,
            view_func=view,
            methods=EVERY_METHOD,
            provide_automatic_options=False,
            strict_slashes=False,
        )
