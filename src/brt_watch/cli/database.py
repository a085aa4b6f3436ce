"""The embedded Postgres."""

from __future__ import annotations

import os
import shutil

import typer
from psycopg.conninfo import make_conninfo

from brt_watch.cli.service import start_database
from brt_watch.cli.terminal import err, out, the_parts
from brt_watch.postgres import Server
from brt_watch.service import DATABASE, Service
from brt_watch.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The embedded Postgres.")


@app.command("start")
def db_start() -> None:
    """Start the embedded Postgres in the background and make the tables there."""
    settings = load_settings()
    start_database(settings, Service(settings))
    out.print(f"Postgres is up on 127.0.0.1:{settings.postgres_port}; psql: make psql")


@app.command("stop")
def db_stop() -> None:
    """Stop the embedded Postgres; the capture goes on, and its windows wait on the disk."""
    stopped = Service(load_settings()).stop_programs([DATABASE])
    out.print("stopped" if stopped else "it was not running")


@app.command("schema")
def db_schema() -> None:
    """Make the tables that the load fills, or bring them to the newest form."""
    steps = the_parts().store.apply_schema()
    out.print(f"applied: {', '.join(steps)}" if steps else "the tables are up to date")


@app.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def db_psql(context: typer.Context) -> None:
    """Open psql on the database; further words go to psql (for example -c 'select * from generate_view')."""
    parts = the_parts()
    program = Server.of(parts.settings).programs / "psql" if parts.settings.embedded_postgres else shutil.which("psql")
    if program is None:
        err.print("psql is not installed; the database is at the address of BRT_WATCH_DATABASE_URL.")
        raise typer.Exit(1)
    known = parts.store.connection_parameters()
    os.environ.update({"PGPASSWORD": known.pop("password", ""), "PGTZ": os.environ.get("PGTZ", "America/Sao_Paulo")})
    os.execv(program, [str(program), "-d", make_conninfo(**known), *context.args])


@app.command("url")
def db_url() -> None:
    """Print the address of the database with its password, for other programs."""
    out.print(the_parts().store.url, markup=False)


@app.command("run", hidden=True)
def db_run() -> None:
    """Become the embedded Postgres, in the foreground (for supervisor)."""
    Server.of(load_settings()).become()
