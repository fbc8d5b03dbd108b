"""The HTTP/1.1 server: a thread for all connections of a worker, and some that call the application.

https://www.rfc-editor.org/rfc/rfc9112 and docs/decisions/2026-11-26-one-loop.md

    a head that is known (heads.py)  -> the answer that is kept
    bytes -> llhttp -> a whole request (connection.py, request.py)
      kept      -> its answer on the spot
      otherwise -> a slot (slots.py), where a thread calls the application (exchange.py)

No thread waits for a client: a request takes a slot when its body is there, and of a long answer the next
part is made when the client has taken those before. llhttp, which is Node.js's too, reads HTTP; uvloop waits
for the network; gunicorn starts workers and replaces those that end (worker.py).
"""
