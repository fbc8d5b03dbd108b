#!/bin/sh
# Run once, when the primary's data folder is made: the service's role and database, and a role that may follow.
set -eu

psql --set ON_ERROR_STOP=1 --set service="$SERVICE_PASSWORD" --set replica="$REPLICA_PASSWORD" --dbname postgres <<'SQL'
CREATE ROLE fhir LOGIN PASSWORD :'service';
CREATE DATABASE fhir OWNER fhir;
CREATE ROLE replica LOGIN REPLICATION PASSWORD :'replica';
SQL
echo 'host replication replica all scram-sha-256' >>"$PGDATA/pg_hba.conf"
