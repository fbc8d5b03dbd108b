"""What goes wrong with keys and tokens, before it is known how to answer that.

KeyFileError   keys of the configuration cannot be used   -> the start is stopped
TokenError     a token or assertion is not believed       -> 401, or OAuth's invalid_client
OAuthError     a token request is refused                 -> OAuth's error JSON
"""

from __future__ import annotations


class KeyFileError(ValueError):
    """Why keys cannot be used, in words for the operator."""


class TokenError(ValueError):
    """Why a token is refused, in ASCII without quotes, as an `error_description` must be."""


class OAuthError(Exception):
    """A refusal in OAuth's own words: https://www.rfc-editor.org/rfc/rfc6749#section-5.2."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description
