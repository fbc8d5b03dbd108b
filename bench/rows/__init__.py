"""The rows of the benchmark, in the order of the table; each file holds what one of them declares."""

from bench.declaration import Row
from bench.rows import (
    bulk_load,
    counted,
    distinct_searches,
    download,
    first_read,
    knowledge,
    mixed_writes,
    repeated_read,
    repeated_search,
    start,
    transactions,
    unchanged_read,
)

ROWS: tuple[Row, ...] = (
    repeated_read.ROW,
    unchanged_read.ROW,
    repeated_search.ROW,
    first_read.ROW,
    distinct_searches.ROW,
    counted.ROW,
    download.ROW,
    bulk_load.ROW,
    mixed_writes.ROW,
    transactions.ROW,
    knowledge.ROW,
    start.ROW,
)
