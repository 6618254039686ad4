#!/usr/bin/env bash
# Makes the roles, the database and the standby's slot: the official image of PostgreSQL runs it once, when it has made the
# cluster. What ALTER SYSTEM says is so from the next start on, which is when the image lets others in; before, no standby is
# there to wait for.
set -euo pipefail
psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres <<'SQL'
\set dispatchd `cat /run/secrets/database-password`
\set standby `cat /run/secrets/standby-password`
CREATE ROLE dispatchd LOGIN PASSWORD :'dispatchd' NOSUPERUSER NOCREATEDB NOCREATEROLE CONNECTION LIMIT 100;
CREATE DATABASE street OWNER dispatchd;
REVOKE ALL ON DATABASE street FROM PUBLIC;
CREATE ROLE standby LOGIN REPLICATION PASSWORD :'standby';
SELECT pg_create_physical_replication_slot('standby');
ALTER SYSTEM SET synchronous_standby_names = 'standby';
ALTER SYSTEM SET max_connections = 120;
-- A process or a standby that is gone without a word is noticed.
ALTER SYSTEM SET tcp_keepalives_idle = 5;
ALTER SYSTEM SET tcp_keepalives_interval = 1;
ALTER SYSTEM SET tcp_keepalives_count = 5;
-- Redacted words stay in the log of what was written as long as that is kept: no longer than it takes a standby to come back.
ALTER SYSTEM SET max_slot_wal_keep_size = '4GB';
SQL
echo 'host replication standby samenet scram-sha-256' >> "$PGDATA/pg_hba.conf"
