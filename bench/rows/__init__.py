"""The rows of the benchmark, in the order of the table; each file holds what one of them declares."""

from bench.declaration import Row
from bench.rows import (
    counted,
    distinct_searches,
    first_read,
    knowledge,
    repeated_read,
    repeated_search,
    start,
    unchanged_read,
)

ROWS: tuple[Row, ...] = (
    repeated_read.ROW,
    unchanged_read.ROW,
    repeated_search.ROW,
    first_read.ROW,
    distinct_searches.ROW,
    counted.ROW,
    knowledge.ROW,
    start.ROW,
)
