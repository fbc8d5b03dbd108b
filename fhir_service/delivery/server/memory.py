"""Where files are that processes share and write to all the time: in memory, where there is a folder for it.

https://docs.kernel.org/filesystems/tmpfs.html and
https://docs.gunicorn.org/en/stable/faq.html#how-do-i-avoid-gunicorn-excessively-blocking-in-os-fchmod

While the system brings a page of a file to the disk, who writes to it has to wait: all requests of a worker
stood still for 50 to 70 ms then, every few seconds.
"""

from __future__ import annotations

import os
import shutil

_FOLDER = "/dev/shm"
_ROOM = 8_000_000


def folder_in_memory() -> str | None:
    """Its path, or None where none has room: then they are where temporary files are anyway."""
    is_ours = os.path.isdir(_FOLDER) and os.access(_FOLDER, os.W_OK | os.X_OK)
    return _FOLDER if is_ours and shutil.disk_usage(_FOLDER).free > _ROOM else None
