"""The steps of the pipeline, by hand."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import track

from brt_watch import lock, pipeline
from brt_watch.archive.prune import prune_feeds
from brt_watch.archive.rebuild import rebuild as rebuild_window
from brt_watch.archive.rebuild import windows_to_rebuild
from brt_watch.archive.verify import compare_signals
from brt_watch.archive.verify import verify as verify_windows
from brt_watch.capture.recovery import Recovered, holes, recovery_of
from brt_watch.capture.ticks import next_ticks
from brt_watch.cli.terminal import (
    AsJson,
    counted,
    err,
    load_resources,
    out,
    parse_time,
    plain,
    poll_line,
    print_json,
    quietly,
)
from brt_watch.clock import write_moment
from brt_watch.errors import DamagedWindow, RecoveryOff
from brt_watch.health import FLOWS
from brt_watch.model import Poll
from brt_watch.resources import Resources
from brt_watch.service.status import report
from brt_watch.settings import Settings
from brt_watch.store.load import Loaded
from brt_watch.transform.dictionary import dictionary_path, write_dictionary
from brt_watch.transform.runner import run_dbt

app = typer.Typer()


class Where(str, Enum):
    """Where the models are derived."""

    POSTGRES = "postgres"
    LAKE = "lake"


@app.command()
def capture(
    once: Annotated[bool, typer.Option("--once", help="Poll once and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Poll the API at every tick and record the answers, without Prefect; stop it with Ctrl-C.

    The exit code is 1 when --once got no good answer (the ledger records it anyway).
    """
    resources = load_resources()
    with lock.hold(_flow_lock(resources.settings, FLOWS["capture"]), "The capture"):
        for tick in islice(next_ticks(resources), 1 if once else None):
            if tick > resources.clock.now() + timedelta(seconds=1):
                err.print(f"waiting for the next tick, {tick:%H:%M:%S %Z}", style="dim")
            polls = pipeline.capture_feeds(tick, resources)
            for name, poll in polls.items():
                if as_json:
                    print_json({**({"feed": name} if name else {}), **_poll_as_dict(poll)})
                else:
                    out.print((f"{name}: " if name else "") + poll_line(poll))
            if once and not all(name in polls and polls[name].status.is_good for name in _names(resources)):
                raise typer.Exit(1)


@app.command()
def load(as_json: AsJson = False) -> None:
    """Load the closed windows into Postgres (brt_raw), oldest first, and move them to the archive.

    The exit code is 1 when a damaged window was set aside.
    """
    resources = load_resources()
    windows = pipeline.windows_to_load(resources)
    done = []
    for folder in track(windows, "loading", console=err, transient=True, disable=not err.is_terminal):
        try:
            with quietly():
                loaded = pipeline.load(folder, resources)
        except DamagedWindow as damage:
            err.print(plain(str(damage)))
            continue
        done.append(loaded.as_dict())
        if not as_json:
            out.print(
                f"{loaded.window}: {loaded.records} records = {loaded.signals} new signals + {loaded.repeats} repeats; "
                f"{loaded.rejects} rejects, {loaded.conflicts} conflicts"
                + (" (was loaded before)" if loaded.again else "")
            )
    if as_json:
        print_json(done)
    elif not windows:
        out.print(_no_window_yet(resources))
    if len(done) < len(windows):
        err.print(f"set aside: {len(windows) - len(done)} of {len(windows)} windows, in {resources.files.damaged}")
        raise typer.Exit(1)


@app.command()
def recover(
    since: Annotated[
        datetime | None,
        typer.Option("--from", parser=parse_time, metavar="TIME", help="Only minutes from this time on (with a zone)."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", parser=parse_time, metavar="TIME", help="Only minutes before this time.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print which minutes would be requested.")] = False,
    as_json: AsJson = False,
) -> None:
    """Recover missed minutes from the city's service that keeps them (so far reached only as a double), and load them.

    The hourly flow does the same. The service keeps a minute for three days. The ledger keeps recording the minutes as
    missed. The exit code is 1 when some are still missing.
    """
    resources = load_resources()
    if not resources.settings.recovers:
        raise RecoveryOff
    if since and until and until <= since:
        raise typer.BadParameter("it is not after --from", param_hint="--to")
    if dry_run:
        _print_missing(holes(resources, recovery_of(resources), since, until), as_json)
        return
    with quietly():
        done = pipeline.recover(resources, since, until)
    if as_json:
        print_json({**asdict(done), "failures": dict(done.failures)})
    else:
        _print_recovered(done)
    if done.minutes < done.holes:
        raise typer.Exit(1)


def _print_missing(minutes: list[datetime], as_json: bool) -> None:
    if as_json:
        print_json([write_moment(minute) for minute in minutes])
        return
    between = f", from {minutes[-1]:%Y-%m-%d %H:%M} to {minutes[0]:%Y-%m-%d %H:%M %Z}" if minutes else ""
    out.print(f"{counted(len(minutes), 'missing minute')} would be requested{between}")


def _print_recovered(done: Recovered) -> None:
    out.print(f"{done.minutes} of {done.holes} missing minutes recovered, {done.records} records")
    if done.waiting:
        out.print(
            f"recovered windows that wait for the capture's own ones of the same minutes: {done.waiting}; "
            "a later run loads them"
        )
    if left := done.holes - done.minutes:
        why = ", ".join(f"{reason}: {count}" for reason, count in done.failures.most_common())
        count = "1 is" if left == 1 else f"{left} are"
        out.print(f"{count} still missing{f' ({why})' if why else ''}; the next run asks again")


@app.command()
def transform(
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Derive everything again from the whole history.")
    ] = False,
    on: Annotated[
        Where | None,
        typer.Option("--on", help="Where to derive them: by default in Postgres, or on the lake if there is none."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Derive the models with dbt: where every bus is and how fast it goes (generate_view).

    On the lake they are Parquet files (lake/modelos); each run derives what is new since the last one.
    """
    resources = replace(load_resources(), on_lake=on is Where.LAKE)
    if resources.models is resources.store:
        resources.store.apply_schema()
    with err.status("dbt is running"), quietly():
        derived = pipeline.transform(resources, *(["--full-refresh"] if full_refresh else []))
    vehicles = resources.models.vehicles()
    if as_json:
        print_json({**derived.as_dict(), "vehicles": vehicles})
    else:
        out.print(
            f"{derived.models} models derived, {derived.tests} tests passed in {derived.seconds:.1f} s; "
            f"generate_view has {vehicles} vehicles"
        )


@app.command()
def train(
    on: Annotated[
        Where | None,
        typer.Option("--on", help="Where to read the models: by default in Postgres, or on the lake if there is none."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the history that forecasts need (usual times, margins) as files for the live page.

    Every transform does this too. The same history gives the same files, named by their checksum.
    """
    with quietly():
        version = pipeline.train(replace(load_resources(), on_lake=on is Where.LAKE))
    print_json({"version": version}) if as_json else out.print(f"training {version} is in use")


@app.command()
def archive(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete archived files older than BRT_WATCH_KEEP_RAW_DAYS and BRT_WATCH_KEEP_CSV_DAYS.

    The load flow does this too. The ledger is kept for ever.
    """
    pruned = prune_feeds(load_resources(), dry_run)
    if as_json:
        print_json(pruned.__dict__)
    else:
        would = "would be " if dry_run else ""
        out.print(
            f"raw answers of {len(pruned.raw_dropped)} and CSV of {len(pruned.csv_dropped)} windows {would}deleted"
            + ("" if dry_run else f", {pruned.freed_bytes:,} bytes freed")
        )
        for reason in pruned.kept:
            out.print(plain(f"kept {reason}"))


@app.command()
def rebuild(
    since: Annotated[
        datetime | None,
        typer.Option(parser=parse_time, metavar="TIME", help="Only windows that began at this time or later."),
    ] = None,
    from_raw: Annotated[
        bool, typer.Option("--from-raw", help="Read the raw answers by the current rules instead of the CSV.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rebuild the database from the archive, window by window, and derive the models from scratch.

    Where only the CSV or only the raw answers are left, a window is rebuilt from those. The exit code is 1 when a
    window could not be rebuilt.
    """
    resources = load_resources()
    windows = windows_to_rebuild(resources, since)
    if dry_run and as_json:
        print_json({"windows": [folder.name for folder in windows]})
        return
    if dry_run:
        out.print(f"{len(windows)} windows would be loaded again" + (f", {windows[0].name} first" if windows else ""))
        return
    if resources.settings.uses_postgres:
        resources.store.apply_schema()
    done: list[Loaded] = []
    left_out: list[str] = []
    for folder in track(windows, "rebuilding", console=err, transient=True, disable=not err.is_terminal):
        try:
            with quietly():
                done.append(rebuild_window(folder, resources, from_raw))
        except DamagedWindow as damage:
            left_out.append(folder.name)
            err.print(plain(str(damage)))
    with quietly():
        derived = pipeline.transform(resources, "--full-refresh")
    records, signals = sum(each.records for each in done), sum(each.signals for each in done)
    if as_json:
        found = {"windows": len(done), "left_out": left_out, "records": records, "signals": signals}
        print_json({**found, **derived.as_dict()})
    else:
        out.print(f"{len(done)} windows, {records} records, {signals} signals; {derived.models} models rebuilt")
    if left_out:
        err.print(f"{len(left_out)} windows could not be rebuilt; the database keeps its existing rows for them")
        raise typer.Exit(1)


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Compare archive, database and lake, and list the differences; the exit code is 1 if there are any."""
    resources = load_resources()
    with err.status("comparing"):
        differences = [each for feed in resources.feeds for each in verify_windows(feed)]
        checksums: dict[str, dict[str, Any]] = {}
        if resources.settings.uses_postgres:
            differences += [each for feed in resources.feeds for each in compare_signals(feed)]
            checksums = resources.store.checksums()
    if as_json:
        print_json({"differences": differences, "checksums": checksums})
    else:
        for difference in differences:
            out.print(plain(difference))
        for table, found in checksums.items():
            out.print(f"{table:<10} {found['rows']} rows, checksum {found['checksum']}")
        places = (
            "the archive, the database and the lake" if resources.settings.uses_postgres else "the archive and the lake"
        )
        out.print(f"{len(differences)} differences" if differences else f"{places} agree")
    if differences:
        raise typer.Exit(1)


def _no_window_yet(resources: Resources) -> str:
    window = report(resources).open_window
    if window is None:
        return "nothing to load: no window is closed"
    return (
        f"nothing to load: the open window has {window.captured_minutes} captured minutes "
        f"and closes at {window.closes_at:%H:%M:%S %Z} or after"
    )


def _names(resources: Resources) -> list[str]:
    return [each.name for each in resources.feeds]


def _poll_as_dict(poll: Poll) -> dict[str, Any]:
    values = {name: write_moment(value) if hasattr(value, "tzinfo") else value for name, value in poll.__dict__.items()}
    return {**values, "status": poll.status.value}


def _flow_lock(settings: Settings, name: str) -> Path:
    return settings.folder / "run" / f"{name}.lock"


@app.command()
def docs() -> None:
    """Write the dictionary of the models and dbt's documentation site, which needs the database."""
    path = dictionary_path()
    changed = write_dictionary(path)
    out.print(f"{path} {'is written' if changed else 'was up to date'}")
    resources = load_resources()
    with err.status("asking dbt"):
        run_dbt(resources.settings, resources.store.connection_parameters(), ["docs", "generate"], "--static")
    out.print(f"{resources.settings.folder / 'dbt' / 'static_index.html'} is dbt's site; open it in a browser")
