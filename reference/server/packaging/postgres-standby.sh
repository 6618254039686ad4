#!/usr/bin/env bash
# Runs a standby of the primary at $PRIMARY: takes a copy of it first if there is none in $PGDATA yet.
set -euo pipefail
umask 077
export PGPASSFILE=/tmp/standby.pgpass
printf '*:*:*:standby:%s\n' "$(cat /run/secrets/standby-password)" > "$PGPASSFILE"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # One that was broken off is no copy.
  rm -rf "$PGDATA"
  until pg_basebackup --pgdata "$PGDATA" --dbname "host=$PRIMARY user=standby application_name=standby passfile=$PGPASSFILE" \
    --slot standby --wal-method stream --checkpoint fast --write-recovery-conf; do
    rm -rf "$PGDATA"
    sleep 1
  done
fi
exec postgres
