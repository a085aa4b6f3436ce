"""The database: the embedded Postgres, and moving to another one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getpass
from typing import Annotated

import typer
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr
from rich.progress import Progress

from brt_watch import pipeline
from brt_watch.cli.service import start_database
from brt_watch.cli.terminal import AsJson, err, load_resources, out, print_json, quietly
from brt_watch.errors import SettingsError
from brt_watch.masking import EXAMPLE
from brt_watch.place import as_typed
from brt_watch.resources import Resources
from brt_watch.service.supervisor import DATABASE, Service
from brt_watch.settings import PREFIX, Settings, is_postgres_url, load_settings
from brt_watch.store.embedded import Server
from brt_watch.store.move import move

app = typer.Typer(no_args_is_help=True, help="The database: the embedded Postgres, and moving to another one.")


@app.command("start")
def db_start() -> None:
    """Start the embedded Postgres in the background and create its tables."""
    settings = load_settings()
    if not settings.embedded_postgres:
        raise SettingsError(problems=f"  {PREFIX}DATABASE_URL: unset it; the embedded Postgres runs only without it")
    start_database(settings, Service(settings))
    out.print(as_typed(f"Postgres is up on 127.0.0.1:{settings.postgres_port}; psql: make psql"))


@app.command("stop")
def db_stop() -> None:
    """Stop the embedded Postgres; the capture continues, and its windows wait on disk."""
    stopped = Service(load_settings()).stop_programs([DATABASE])
    out.print("stopped" if stopped else "it was not running")


@app.command("schema")
def db_schema() -> None:
    """Create the tables of the load, or bring them up to date."""
    with quietly():
        steps = load_resources().store.apply_schema()
    out.print(f"applied: {', '.join(steps)}" if steps else "the tables are up to date")


@app.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def db_psql(context: typer.Context) -> None:
    """Open psql on the database; further arguments go to psql (for example -c 'select * from generate_view')."""
    resources = load_resources()
    zone = os.environ.get("PGTZ", resources.city.zone.key)
    program = (
        Server.of(resources.settings).programs / "psql"
        if resources.settings.embedded_postgres
        else shutil.which("psql")
    )
    if program is None:
        err.print("psql is not installed; the database is at the address of BRT_WATCH_DATABASE_URL.")
        raise typer.Exit(1)
    with resources.store.connection():
        pass  # psql's own message does not say how to start the database
    known = resources.store.connection_parameters()
    os.environ.update({"PGPASSWORD": known.pop("password", ""), "PGTZ": zone})
    os.execv(program, [str(program), "-d", make_conninfo(**known), *context.args])


@app.command("url")
def db_url() -> None:
    """Print the address of the database with its password, for other programs."""
    out.print(load_resources().store.url, markup=False)


@app.command("move")
def db_move(
    to: Annotated[
        str,
        typer.Argument(
            help="The other Postgres, as postgresql://user:password@host/database; - asks for it, or reads it from "
            "standard input, so that neither the screen nor the process list shows the password."
        ),
    ],
    as_json: AsJson = False,
) -> None:
    """Copy the database to an empty Postgres, compare the two, and derive the models there. Safe to repeat.

    The current database is only read. The capture continues; load, recovery and transform stop, because their next
    work belongs in the other database: put its address into BRT_WATCH_DATABASE_URL, and start again.
    """
    resources = load_resources()
    try:
        address = is_postgres_url(SecretStr(_asked_for() if to == "-" else to))
    except ValueError:
        raise typer.BadParameter(f"it has the form {EXAMPLE}", param_hint="TO") from None
    if not address.get_secret_value():
        raise typer.BadParameter("it is empty", param_hint="TO")
    there = Resources.from_settings(resources.settings.model_copy(update={"database_url": address}))
    progress = Progress(console=err, transient=True, disable=not err.is_terminal)
    with _loading_into_neither(resources.settings), progress:
        task = progress.add_task("moving", total=None)

        def show(done: int, in_all: int) -> None:
            progress.update(task, completed=done, total=max(in_all, done))

        moved = move(resources.store, there.store, show)
        for here, target in zip(resources.further, there.further, strict=True):
            # One that was never loaded has no tables.
            if here.store.newest_load():
                move(here.store, target.store, show)
    _derive_there(there)
    if as_json:
        print_json({"tables": moved.tables, "again": moved.again})
        return
    out.print("Already moved, and the two agree:" if moved.again else f"Moved to {there.store.where}, and compared:")
    for table, found in moved.tables.items():
        out.print(f"  {table:<10} {found['rows']} rows, checksum {found['checksum']}")
    out.print("Next:", style="bold")
    out.print("  1. put the address into .env, as BRT_WATCH_DATABASE_URL=postgresql://...")
    out.print(as_typed("  2. make stop, make start"))
    out.print(as_typed("  3. brt-watch verify, which checks that the archive and the new database agree"))
    out.print("The old database is unchanged.")


def _derive_there(there: Resources) -> None:
    """Derive the models; after the copy nothing more may be loaded here, even if this fails."""
    try:
        with err.status("dbt is running"):
            pipeline.transform_if_due(there)
    except BaseException:
        err.print(
            "The data was moved and compared; only the models are not derived there: run this again. "
            "Load and transform stay stopped."
        )
        raise


def _asked_for() -> str:
    return (getpass("The address: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()


@contextmanager
def _loading_into_neither(settings: Settings) -> Iterator[None]:
    """Stop load, recovery and transform if they run; restart them if the block fails."""
    service = Service(settings)
    stopped = service.stop_programs(["transform", "load", "recover"]) if service.is_running() else []
    try:
        yield
    except BaseException:
        if stopped:
            service.start(stopped)
        raise


@app.command("run", hidden=True)
def db_run() -> None:
    """Become the embedded Postgres, in the foreground (for supervisor)."""
    Server.of(load_settings()).become()
