#!/bin/sh
# A streaming replica in $PGDATA: copies the primary once, then follows it. PGHOST, PGUSER and PGPASSWORD say
# where and as whom; the arguments are the server's own.
set -eu

if [ ! -d "$PGDATA" ]; then
    # The primary may not be there yet; and half a copy is none, so it gets its name when it is whole.
    until rm -rf "$PGDATA.new" &&
        pg_basebackup --pgdata "$PGDATA.new" --write-recovery-conf --wal-method stream --checkpoint fast; do
        sleep 1
    done
    mv "$PGDATA.new" "$PGDATA"
fi
exec postgres "$@"
