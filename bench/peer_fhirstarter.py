"""fhirstarter, a framework for FHIR servers in Python, as a peer: started over a store in memory.

https://pypi.org/project/fhirstarter/

    make bench PEER=fhirstarter              installs it into var/bench and measures it
    python -m bench.peer_fhirstarter 8081    only serves it
"""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def fhirstarter() -> Iterator[str]:
    raise NotImplementedError
    yield ""
