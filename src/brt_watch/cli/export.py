"""Exports: the signals of some days in one file, and a day in public standard formats."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from brt_watch.archive.export import Form, export_days
from brt_watch.cli.report import OnLake, ServiceDay, parse_day, reading
from brt_watch.cli.terminal import AsJson, err, load_resources, out, plain, print_json
from brt_watch.reports import gtfs, tides

NAMED = 7
"""Of the days without signals, those that are named."""

app = typer.Typer(
    invoke_without_command=True,
    help="Export the signals of some service days of the lake into one file, or (subcommands) a day as TIDES or GTFS.",
)


@app.callback()
def export(
    context: typer.Context,
    since: Annotated[
        date | None, typer.Option("--from", parser=parse_day, metavar="DAY", help="The first service day.")
    ] = None,
    until: Annotated[
        date | None, typer.Option("--to", parser=parse_day, metavar="DAY", help="The last service day.")
    ] = None,
    line: Annotated[str, typer.Option(help="Only the signals of a line.")] = "",
    form: Annotated[Form, typer.Option("--format", help="The file format.")] = Form.PARQUET,
    file: Annotated[
        Path | None, typer.Option("--file", "--out", help="The file; by default sinais_FROM_TO.FORM here.")
    ] = None,
) -> None:
    """Export the signals of some service days (03:00 to 03:00) from the lake into one file."""
    if context.invoked_subcommand:
        return
    if since is None or until is None:
        raise typer.BadParameter("--from and --to are both needed", param_hint="--to" if since else "--from")
    if until < since:
        raise typer.BadParameter("it lies before --from", param_hint="--to")
    name = f"sinais_{since}_{until}{f'_linha_{line}' if line else ''}.{form.value}"
    target = file or Path(name)
    lake = load_resources().lake
    known = lake.days()
    asked = [str(since + timedelta(days=n)) for n in range((until - since).days + 1)]
    days = [day for day in known if day in asked]
    if not days:
        has = f"it has days from {known[0]} to {known[-1]}" if known else "it is empty"
        raise typer.BadParameter(f"the lake has no signals of these days; {has}", param_hint="--from")
    rows = 0
    for rows in track(  # noqa: B007 (the last count is printed)
        export_days(lake, days, line, form, target), "exporting", len(days), console=err, disable=not err.is_terminal
    ):
        pass
    out.print(plain(f"{target}: {rows:,} signals of {len(days)} days, {target.stat().st_size:,} bytes"))
    if missing := [day for day in asked if day not in days]:
        named = ", ".join(missing[:NAMED]) + (" ..." if len(missing) > NAMED else "")
        out.print(plain(f"  the lake has no signals of {len(missing)} days asked for: {named}"))
    if not rows:
        out.print(plain(f"  no signal of these days names the line {line}"))


@app.command("tides")
def export_tides(
    day: ServiceDay,
    folder: Annotated[Path | None, typer.Option("--out", help="The folder; by default tides_DAY here.")] = None,
    on_lake: OnLake = False,
    as_json: AsJson = False,
) -> None:
    """Export a service day as a data package of TIDES 1.0: locations, trips, stop visits, vehicles."""
    resources, read = reading(on_lake)
    target = folder or Path(f"tides_{day}")
    simulated = resources.files.simulated() is not None
    rows = tides.write_package(read, day, target, resources.city, simulated, resources.clock.now())
    if as_json:
        print_json({"folder": str(target), "rows": rows})
        return
    for table, count in rows.items():
        out.print(f"{table}: {count:,} rows")
    out.print(plain(f"{'SIMULATED DATA, ' if simulated else ''}in {target}"))


@app.command("gtfs")
def export_gtfs(
    day: ServiceDay,
    file: Annotated[Path | None, typer.Option("--out", help="The file; by default gtfs_DAY.zip here.")] = None,
    on_lake: OnLake = False,
    as_json: AsJson = False,
) -> None:
    """Export a service day as GTFS, with the observed times."""
    resources, read = reading(on_lake)
    target = file or Path(f"gtfs_{day}.zip")
    simulated = resources.files.simulated() is not None
    written = gtfs.write_gtfs(read, day, target, resources.city, simulated)
    if as_json:
        print_json({"file": str(target), **asdict(written)})
        return
    out.print(f"{written.trips:,} trips, {written.stop_times:,} stop times")
    out.print(f"{written.trips_left_out:,} trips left out: seen at fewer than two stations")
    out.print(f"{written.stop_times_left_out:,} stop times left out: earlier than at the previous station")
    out.print(plain(f"{'SIMULATED DATA, ' if simulated else ''}in {target}"))
