#!/bin/sh
# A streaming replica in $PGDATA: copies the primary once, then follows it. PGHOST, PGUSER and PGPASSWORD say
# where and as whom; the arguments are the server's own.
set -eu

if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # The primary may not be there yet; half a copy is none.
    until pg_basebackup --pgdata "$PGDATA" --write-recovery-conf --wal-method stream --checkpoint fast; do
        sleep 1
    done
    chmod 700 "$PGDATA"
fi
exec postgres "$@"
