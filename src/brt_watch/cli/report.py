"""The report of a line and day."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from brt_watch import disk
from brt_watch.cli.terminal import AsJson, load_resources, out, plain, print_json
from brt_watch.marts.rows import Read, rows_of
from brt_watch.reports.line_day import DIRECTIONS, LineDay, line_day
from brt_watch.reports.page import html
from brt_watch.resources import Resources

app = typer.Typer()


def parse_day(text: str) -> date:
    """Return the day of an option."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter("write a day as 2026-11-26") from error


ServiceDay = Annotated[date, typer.Option("--day", parser=parse_day, metavar="DAY", help="The service day.")]
OnLake = Annotated[bool, typer.Option("--lake", help="Read the models on the lake.")]


def reading(on_lake: bool) -> tuple[Resources, Read]:
    """Return the resources, and how the models are read: from Postgres, or from the lake."""
    resources = replace(load_resources(), on_lake=on_lake)
    return resources, rows_of(resources.models)


@app.command("report")
def report(
    line: Annotated[str, typer.Option(help="The line.")],
    day: ServiceDay,
    other_day: Annotated[
        date | None, typer.Option("--with", parser=parse_day, metavar="DAY", help="Another day to compare with.")
    ] = None,
    as_json: AsJson = False,
    file: Annotated[Path | None, typer.Option("--out", help="Also write a page (HTML) with plots.")] = None,
    on_lake: OnLake = False,
) -> None:
    """Report what a line did on a service day (03:00 to 03:00): trips, waits, headways, speeds."""
    resources, read = reading(on_lake)
    simulated = resources.files.simulated() is not None
    made = line_day(read, line, day, resources.city, simulated)
    other = line_day(read, line, other_day, resources.city, simulated) if other_day else None
    if file:
        disk.write_durably(file, html(made, resources.clock.now(), other).encode())
    if as_json:
        print_json({**_for_programs(made), **({"with": _for_programs(other)} if other else {})})
        return
    _print(made)
    if other:
        _print(other)
        if other.captured != made.captured:
            out.print("The two days were not captured alike: do not compare their totals.")
    if file:
        out.print(plain(f"{file}: {file.stat().st_size:,} bytes"))


def _print(made: LineDay) -> None:
    if made.simulated:
        out.print("SIMULATED DATA", style="bold yellow")
    out.print(plain(f"Line {made.line}, {made.day:%A} {made.day}, {made.name}, brt-watch {made.version}"))
    if not made.has_capture:
        out.print("no data: nothing was captured on this day")
    else:
        out.print(f"{made.captured_minutes:,} of 1,440 minutes captured")
        if made.plan_is_later:
            out.print(f"The oldest plan that is known begins later, on {made.plan_since}.")
        out.print(_table(made))
        lines = [line for line, *_ in made.ranking()]
        if made.line in lines:
            place = f"{lines.index(made.line) + 1} of {len(lines)} lines"
            out.print(f"By the share of the plan that ran: {place}, where 1 is the worst.")


def _for_programs(made: LineDay) -> dict[str, object]:
    summaries = {direction: asdict(made.summary(direction)) for direction in DIRECTIONS}
    return {
        **{"line": made.line, "day": made.day, "simulated": made.simulated, "version": made.version},
        **{"captured_minutes": made.captured, "plan_since": made.plan_since},
        **{"summary": {**summaries, "both": asdict(made.summary())}},
        "ranking": [
            dict(zip(("line", "observable_trips", "trips", "share"), row, strict=True)) for row in made.ranking()
        ],
        **{"hours": made.hours, "service": made.service, "speeds": made.speeds},
    }


def _table(made: LineDay) -> Table:
    table = Table("", *DIRECTIONS, box=None)
    found = [made.summary(direction) for direction in DIRECTIONS]

    def add(name: str, *cells: str) -> None:
        table.add_row(name, *cells)

    add("trips run", *(_number(each.trips) for each in found))
    add("of these partial", *(_number(each.partial_trips) for each in found))
    add("trips planned", *(_number(each.planned_trips) for each in found))
    add("of these in captured minutes", *(_number(each.observable_trips) for each in found))
    add("share of these that ran", *(_share(each.share) for each in found))
    add("km run", *(_number(each.km) for each in found))
    add("mean wait", *(_minutes(each.wait_s) for each in found))
    add("  at least, at most", *(f"{_minutes(each.wait_low_s)}, {_minutes(each.wait_high_s)}" for each in found))
    add("excess wait", *(_minutes(each.excess_wait_s) for each in found))
    add("headways, unknown", *(f"{each.headways:,}, {each.unknown_headways:,}" for each in found))
    add("bunched (2 min)", *(_share(each.bunched_2_min) for each in found))
    return table


def _number(value: float | None) -> str:
    return "no data" if value is None else f"{value:,.0f}"


def _minutes(seconds: float | None) -> str:
    return "no data" if seconds is None else f"{seconds / 60:.1f} min"


def _share(value: float | None) -> str:
    return "no data" if value is None else f"{100 * value:.0f} %"
