"""The schema of the tables: the steps of `sql/schema`, each applied once and in order."""

from __future__ import annotations

import structlog
from psycopg import sql as compose

from brt_watch.store.connection import SQL, Connection, statement

log = structlog.get_logger()

ONE_LOADER = 5_271_990
"""The advisory lock of loads and schema changes: load ids then grow in the order of commits."""


def schema_steps() -> list[str]:
    """Return the names of the steps that create the tables, in order."""
    return sorted(step.name.removesuffix(".sql") for step in (SQL / "schema").iterdir() if step.name.endswith(".sql"))


def bring_up_to_date(connection: Connection) -> list[str]:
    """Bring the tables up to date; returns the names of the applied steps."""
    connection.execute("select pg_advisory_xact_lock(%s)", (ONE_LOADER,))
    connection.execute(
        "create table if not exists brt_schema (step text primary key, applied_at timestamptz not null default now())"
    )
    applied = {row["step"] for row in connection.execute("select step from brt_schema")}
    new = [step for step in schema_steps() if step not in applied]
    for step in new:
        connection.execute(statement(f"schema/{step}"))
        connection.execute("insert into brt_schema (step) values (%s)", (step,))
        log.info("store.schema", step=step)
    return new


def enter_schema(connection: Connection, schema: str) -> None:
    """Restrict a connection to the schema of a further feed, created if it is missing."""
    there = connection.execute("select to_regnamespace(quote_ident(%s)) is not null as there", (schema,)).fetchone()
    name = compose.Identifier(schema)
    if not there or not there["there"]:
        connection.execute("select pg_advisory_xact_lock(%s)", (ONE_LOADER,))
        connection.execute(compose.SQL("create schema if not exists {}").format(name))
    connection.execute(compose.SQL("set search_path to {}").format(name))
