"""The HTTP/1.1 server: a thread for all connections of a worker, and some that call the application.

https://www.rfc-editor.org/rfc/rfc9112 and docs/decisions/2026-11-26-one-loop-answers-what-is-kept.md

    bytes -> llhttp -> a whole request (connection.py, request.py)
      kept      -> its answer on the spot
      otherwise -> a slot (slots.py), where a thread calls the application (exchange.py)

Nobody holds a thread while bytes are on their way: a request waits for one when its body is there, an answer is
asked for more when the client has taken what there was. llhttp, which Node.js uses too, reads HTTP; uvloop waits
for the network; gunicorn starts workers and replaces those that end (worker.py).
"""
