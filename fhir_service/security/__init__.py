"""Who may do what: scopes, keys, tokens, and the guard that `dispatch` asks.

https://hl7.org/fhir/smart-app-launch/backend-services.html

    client --assertion--> client_credentials --access token--> client --access token--> guard

No HTTP and no SQL here: the token endpoint is delivery/auth.py, used assertions are store/token_use.py.
"""
