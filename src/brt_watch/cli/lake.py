"""The lake: query it, build it from the archive, export from it."""

from __future__ import annotations

import csv
import signal
import sys
from contextlib import ExitStack
from dataclasses import asdict
from enum import Enum
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from rich.progress import track

from brt_watch import lock
from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_models import LakeModels
from brt_watch.archive.lake_session import open_lake
from brt_watch.archive.mirror import Mirrored, files, push
from brt_watch.archive.origins import files_of
from brt_watch.archive.publish import Publisher
from brt_watch.archive.rebuild import add_again, lacking
from brt_watch.cli.terminal import AsJson, err, load_resources, out, plain, print_json, quietly
from brt_watch.errors import DamagedWindow, LakeEmpty
from brt_watch.masking import masked
from brt_watch.reports.published_tides import PublishedTides
from brt_watch.transform.city import project_of, statements_of
from brt_watch.transform.runner import network_sha256
from brt_watch.transform.spark import SparkModels, check_installed, spark_session
from brt_watch.transform.spark_cluster import local_cluster
from brt_watch.transform.spark_storage import storage_of

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
    at: Annotated[
        str, typer.Option("--at", help="Where lake push put a copy, such as s3://bucket/prefix; by default, this lake.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Run a query on the lake: brt_raw, brt_poll, brt_reject, brt_window, and every model derived on it."""
    # Imported here: every command would take longer to start.
    from brt_watch.archive.remote import open_remote

    text = sys.stdin.read() if sql == "-" else sql
    lake = None if at else load_resources().lake
    with open_lake(lake) if lake else open_remote(at) as session:
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
            _say(error, lake)
            raise typer.Exit(1) from None


@app.command("build")
def lake_build(as_json: AsJson = False) -> None:
    """Add the archived windows that the lake lacks or has lost signals of, also of imports, oldest first."""
    resources = load_resources()
    signals, added, problems = 0, 0, []
    windows = [(each, *found) for each in resources.feeds for found in lacking(files_of(each), each.lake)]
    with quietly():
        for each, folder, has_lost in track(windows, "adding", console=err, disable=not err.is_terminal):
            try:
                loaded = add_again(folder, has_lost, each)
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
    target: Annotated[
        str,
        typer.Argument(
            help="A folder, or an address: s3://bucket/prefix, gs://bucket/prefix; by default BRT_WATCH_LAKE_MIRROR."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Copy the lake and its published models to object storage: only what changed. Twice is once.

    Where BRT_WATCH_LAKE_MIRROR is set, a flow does this every hour.
    """
    resources = load_resources()
    lake, target = resources.lake, target or resources.settings.lake_mirror.get_secret_value()
    if not target:
        raise typer.BadParameter("name a place, or set BRT_WATCH_LAKE_MIRROR", param_hint="TARGET")
    steps = push(lake, target)
    done = Mirrored.of(track(steps, "copying", len(files(lake)), console=err, disable=not err.is_terminal))
    if as_json:
        print_json(asdict(done))
    else:
        out.print(plain(f"{done.files} files, {done.written} written, {done.deleted} deleted, at {masked(target)}"))


@app.command("spark")
def lake_spark(
    master: Annotated[
        str, typer.Option(help="The master of a cluster, spark://host:port; by default one is started here.")
    ] = "",
    workers: Annotated[
        int, typer.Option(min=1, help="Workers of the cluster that is started here, one core each.")
    ] = 2,
    at: Annotated[
        str,
        typer.Option(
            "--at", help="The lake as every worker sees it: a folder, or an address of lake push; by default, ours."
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Derive all models on Spark from all signals of the lake, as Parquet in lake/spark.

    Each run has a folder of its own, which counts when it is complete; the run before it stays.
    """
    resources = load_resources()
    folder = resources.settings.folder
    # So that the cluster and the links to the lake are tidied up, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if not at and resources.lake.is_empty:
        raise LakeEmpty(folder=resources.lake.folder)
    check_installed()
    address, options = storage_of(at or str(resources.lake.folder))
    models = statements_of(folder)
    done = []
    with lock.hold(folder / "run" / "lake-spark.lock", "A run on Spark"), ExitStack() as stack:
        with err.status("starting Spark"):
            if not master:
                master = stack.enter_context(local_cluster(folder / "logs" / "spark", workers)).master
            session = stack.enter_context(spark_session(master, options))
        steps = SparkModels(session, address, models, project_of(folder)).derive(resources.clock)
        for model in track(steps, "deriving", len(models.models), console=err, disable=not err.is_terminal):
            done.append(model)
            if not as_json:
                err.print(plain(f"{model.name}: {model.seconds:.1f} s"), style="dim")
    if as_json:
        print_json([asdict(model) for model in done])
    else:
        seconds = sum(model.seconds for model in done)
        out.print(plain(f"{len(done)} models derived on {master} in {seconds:.0f} s, in {address}/spark"))


@app.command("shell")
def lake_shell() -> None:
    """Open a shell for queries on the lake; each query ends with a semicolon, the shell with Ctrl-D."""
    lake = load_resources().lake
    with open_lake(lake) as session:
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
                    _say(error, lake)
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
        PublishedTides(resources.lake, resources.city),
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


def _say(error: duckdb.Error, lake: Lake | None) -> None:
    """Print an error of a query, and the command that derives the models where none is derived."""
    err.print(plain(f"DuckDB: {error}"))
    if "Table with name" in str(error) and lake and not LakeModels(lake).newest_transform():
        err.print("No model is derived on the lake yet: brt-watch transform --on lake")


def _plain_value(value: object) -> object:
    return value if isinstance(value, (str, int, float, bool, type(None), list, dict)) else str(value)
