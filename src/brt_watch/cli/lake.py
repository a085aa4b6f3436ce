"""The lake: query it, build it from the archive, export from it."""

from __future__ import annotations

import csv
import sys
from enum import Enum
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.progress import track

from brt_watch.archive.lake_session import open_lake
from brt_watch.archive.mirror import files, push
from brt_watch.archive.publish import Publisher
from brt_watch.capture.manifest import read_manifest
from brt_watch.cli.terminal import AsJson, err, load_resources, out, plain, print_json, quietly
from brt_watch.errors import DamagedWindow
from brt_watch.transform.runner import network_sha256

app = typer.Typer(no_args_is_help=True, help="The lake: years of history as Parquet, queried with DuckDB.")
commands = typer.Typer()


class Output(str, Enum):
    """How the rows of a query are printed."""

    TABLE = "table"
    CSV = "csv"


@app.command("query")
def lake_query(
    sql: Annotated[str, typer.Argument(help="SQL for DuckDB; - reads it from standard input.")],
    form: Annotated[Output, typer.Option("--format", help="How to print the rows.")] = Output.TABLE,
    as_json: AsJson = False,
) -> None:
    """Run a query on the lake: brt_raw, brt_poll, brt_window, and every model derived on it."""
    text = sys.stdin.read() if sql == "-" else sql
    with open_lake(load_resources().lake) as session:
        try:
            found = session.execute(text)
            names = [column[0] for column in found.description or ()]
            if as_json:
                print_json([dict(zip(names, map(_plain_value, row), strict=True)) for row in found.fetchall()])
            elif form is Output.CSV:
                writer = csv.writer(sys.stdout, lineterminator="\n")
                writer.writerow(names)
                while rows := found.fetchmany(10_000):
                    writer.writerows(rows)
            else:
                out.print(plain(str(session.sql(text))), end="")
        except duckdb.Error as error:
            err.print(plain(f"DuckDB: {error}"))
            raise typer.Exit(1) from None


@app.command("build")
def lake_build(as_json: AsJson = False) -> None:
    """Add the archived windows that the lake lacks, oldest first."""
    resources = load_resources()
    signals, added, problems = 0, 0, []
    with quietly():
        for folder in track(resources.files.archived(), "adding", console=err, disable=not err.is_terminal):
            try:
                loaded = resources.lake.add(folder, read_manifest(folder))
            except DamagedWindow as damage:
                problems.append(str(damage))
                continue
            signals, added = signals + loaded.signals, added + (not loaded.again)
    if as_json:
        print_json({"windows": added, "signals": signals, "problems": problems})
    else:
        out.print(f"{added} windows added, {signals} new signals")
        for problem in problems:
            err.print(plain(problem))
    if problems:
        raise typer.Exit(1)


@app.command("push")
def lake_push(
    target: Annotated[str, typer.Argument(help="A folder, or an address: s3://bucket/prefix, gs://bucket/prefix.")],
    as_json: AsJson = False,
) -> None:
    """Copy the lake and its published models to object storage: only what changed. Twice is once."""
    lake = load_resources().lake
    counts = {"files": 0, "written": 0, "deleted": 0}
    steps = push(lake, target)
    for _, done in track(steps, "copying", len(files(lake)), console=err, disable=not err.is_terminal):
        counts["files"] += done != "deleted"
        if done:
            counts[done] += 1
    if as_json:
        print_json(counts)
    else:
        out.print(
            plain(f"{counts['files']} files, {counts['written']} written, {counts['deleted']} deleted, at {target}")
        )


@app.command("shell")
def lake_shell() -> None:
    """Open a shell for queries on the lake; each query ends with a semicolon, the shell with Ctrl-D."""
    with open_lake(load_resources().lake) as session:
        views = session.execute("select view_name from duckdb_views() where not internal order by 1").fetchall()
        names = [name for (name,) in views]
        err.print(plain(f"tables and models: {', '.join(dict.fromkeys(names))}"))
        text = ""
        while True:
            try:
                text += input("lake> " if not text else " ...> ") + "\n"
            except EOFError:
                return
            if text.rstrip().endswith(";"):
                try:
                    if relation := session.sql(text):
                        out.print(plain(str(relation)), end="")
                except duckdb.Error as error:
                    err.print(plain(f"DuckDB: {error}"))
                text = ""


@commands.command("publish")
def publish(
    folder: Annotated[Path, typer.Argument(help="The folder to write, for a static host.")],
    as_json: AsJson = False,
) -> None:
    """Publish the finished days of the lake: Parquet, CSV, a manifest and an index page. Safe to repeat."""
    resources = load_resources()
    publisher = Publisher(
        resources.lake,
        folder,
        network_sha256(resources.city.seeds),
        resources.city,
        resources.files.simulated() is not None,
    )
    days = len(resources.lake.days())
    written = {}
    for day, reason in track(
        publisher.publish(resources.clock.now()), "publishing", days, console=err, disable=not err.is_terminal
    ):
        if reason:
            written[day] = reason
    if as_json:
        print_json(written)
    else:
        for day, reason in written.items():
            out.print(f"{day}: {reason}")
        out.print(plain(f"{len(written)} days written, in {folder}"))


def _plain_value(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, type(None), list, dict)) else str(value)
