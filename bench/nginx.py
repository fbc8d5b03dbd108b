"""nginx that serves given bytes with given headers from a file: what the service is held against.

https://nginx.org/en/docs/http/ngx_http_core_module.html
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.processes import free_port, running

# What nginx makes itself; its own ETag and Last-Modified are as long as the service's.
_ITS_OWN = {"server", "date", "connection", "content-length", "content-type", "etag", "last-modified"}
_CONFIGURATION = """
{user}
worker_processes 2;
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000;
    open_file_cache max=100;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {folder};
        types {{ }}
        default_type "{media_type}";
        {headers}
    }}
}}
"""


@contextlib.contextmanager
def nginx(body: bytes, headers: Mapping[str, str]) -> Iterator[str]:
    """Its base URL while it serves the bytes at /answer."""
    with TemporaryDirectory(prefix="bench-nginx-") as folder:
        Path(folder, "answer").write_bytes(body)
        port = free_port()
        text = _CONFIGURATION.format(
            folder=folder,
            port=port,
            user="user root;" if os.geteuid() == 0 else "",
            media_type=headers.get("content-type", "application/fhir+json"),
            headers="\n        ".join(_added(headers)),
        )
        Path(folder).chmod(0o755)
        Path(folder, "nginx.conf").write_text(text)
        base = f"http://127.0.0.1:{port}"
        command = ["nginx", "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
        with running(command, f"{base}/answer"):
            yield base


def _added(headers: Mapping[str, str]) -> list[str]:
    kept = {name: value for name, value in headers.items() if name.lower() not in _ITS_OWN}
    quoted = {name: value.replace('"', '\\"') for name, value in kept.items()}
    return [f'add_header {name} "{value}";' for name, value in quoted.items()]
