"""The service in the background: start, stop, status, logs."""

from __future__ import annotations

import os

import typer
from rich.table import Table

from brt_watch import __version__
from brt_watch.capture.simulation import simulation_of
from brt_watch.cli.serve import listen
from brt_watch.cli.terminal import AsJson, counted, err, load_resources, out, plain, poll_line, print_json, quietly
from brt_watch.errors import (
    BrtWatchError,
    SupervisorSilent,
)
from brt_watch.health import ALL_FLOWS, SIMULATOR, WEB
from brt_watch.masking import masked
from brt_watch.network import read_network
from brt_watch.network.city import city_of
from brt_watch.place import as_typed
from brt_watch.resources import Resources
from brt_watch.service.environment import check_environment
from brt_watch.service.status import Report, report
from brt_watch.service.supervisor import DATABASE, Service
from brt_watch.settings import PREFIX, Settings, load_settings, unknown_names
from brt_watch.store.embedded import Server
from brt_watch.transform.city import update_city

app = typer.Typer()

SIMULATED = "The data is simulated: it shows no real bus."


@app.command()
def start() -> None:
    """Start Postgres, the flows and the page in the background, and print where to look."""
    settings = load_settings()
    _print_unknown_names()
    check_environment()
    prepare_city(settings)
    service = Service(settings)
    check_web_port(settings, service)
    trouble = start_database_if_possible(settings, service)
    started = service.start(service.parts)
    print_where_to_look(settings, service, started)
    print_trouble(trouble)


@app.command()
def stop() -> None:
    """Stop everything that start started, even after a partial crash. Captured data is never lost."""
    ran = Service(load_settings()).stop()
    out.print("stopped" if ran else "nothing was running")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Show the processes, the last poll and the waiting windows; the exit code is 1 when something is wrong."""
    found = report(load_resources())
    if as_json:
        print_json(found.as_dict())
    else:
        _print_report(found)
    if found.problems:
        raise typer.Exit(1)


@app.command()
def logs() -> None:
    """Follow the logs of all processes; stop with Ctrl-C."""
    files = sorted(str(path) for path in Service(load_settings()).logs.glob("*.log"))
    if not files:
        out.print(as_typed("there are no logs yet: make start"))
        raise typer.Exit(1)
    os.execvp("tail", ["tail", "-n", "20", "-F", *files])


@app.command()
def config(as_json: AsJson = False) -> None:
    """Print the settings with their meanings, passwords masked."""
    settings = load_settings()
    values = {PREFIX + name.upper(): masked(str(value)) for name, value in settings}
    if as_json:
        print_json(values)
    else:
        table = Table("setting", "value", "meaning", box=None, pad_edge=False)
        for name, value in values.items():
            meaning = type(settings).model_fields[name.removeprefix(PREFIX).lower()].description
            table.add_row(name, value, meaning, style=None if value else "dim")
        out.print(table)
    _print_unknown_names()


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__)


def _print_unknown_names() -> None:
    """Name the variables that are like settings but are none: a misspelt one would otherwise do nothing in silence."""
    for sentence in unknown_names():
        print_trouble(sentence)


def prepare_city(settings: Settings) -> None:
    """Make or renew the city of a GTFS that the settings name; raises NetworkError."""
    if settings.gtfs_file:
        with err.status("reading the GTFS"):
            updated = update_city(settings)
        print_trouble(updated.problem)
        if updated.made:
            city = city_of(settings.folder)
            out.print(f"the city has {len(read_network(city.seeds).lines)} lines; its clocks are those of {city.zone}")


def start_database(settings: Settings, service: Service) -> None:
    """Start the embedded Postgres unless it runs, and create any tables that an interrupted start left out."""
    server = Server.of(settings)
    server.prepare()
    if not (service.is_running() and server.pid()):
        if not service.is_running():
            service.stop()
        server.check_port()
        service.start([DATABASE])
    server.wait_until_ready()
    with quietly():
        Resources.from_settings(settings).store.apply_schema()


def check_web_port(settings: Settings, service: Service) -> None:
    """Raise WebPortBusy when another program listens on the page's port."""
    if not service.is_running():
        service.stop()  # remains of a dead supervisor
    if not any(program.name == WEB and program.state == "RUNNING" for program in service.programs()):
        listen("127.0.0.1", settings.http_port).close()


def start_database_if_possible(settings: Settings, service: Service) -> str:
    """Start the database and create its tables; returns any error, because the capture needs no database."""
    if not settings.uses_postgres:
        return ""
    try:
        if settings.embedded_postgres:
            start_database(settings, service)
        else:
            with quietly():
                Resources.from_settings(settings).store.apply_schema()
    except SupervisorSilent:
        raise
    except BrtWatchError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 (no failure of supervisor, users or Postgres may prevent the capture)
        return f"The database cannot be started ({type(error).__name__}: {error}). Captures continue without it."
    return ""


def print_trouble(trouble: str) -> None:
    """Print a note about something that does not stop the start, if there is anything."""
    if trouble:
        err.print(f"[yellow]note:[/] {plain(masked(trouble))}")


def print_where_to_look(settings: Settings, service: Service, started: list[str]) -> None:
    """Print what runs, where the data grows, and what to type next."""
    out.print("brt-watch runs." if started else "brt-watch runs already.", style="bold green")
    simulated = simulation_of(settings)
    if simulated:
        out.print(SIMULATED, style="bold yellow")
    where = {DATABASE: f"127.0.0.1:{settings.postgres_port}", SIMULATOR: "replaces the city's API"}
    where[WEB] = f"http://localhost:{settings.http_port}"
    for program in service.programs():
        what = where.get(program.name) or f"Prefect flow {ALL_FLOWS[program.name]}"
        out.print(f"  {program.name:<10} {program.state.lower()}, process {program.pid}: {what}")
    demo = " DEMO=1" if simulated and simulated.demo else ""
    out.print(f"  the API    {plain(settings.feed_name)}, every {settings.poll_seconds} s")
    for feed in settings.further:
        out.print(f"  feed       {feed.name} ({feed.kind}): {plain(masked(feed.url))}")
    out.print(f"  the CSV    grows in {settings.folder}/windows/*/brt.csv")
    name, look = ("Postgres", f"make psql{demo}") if settings.uses_postgres else ("the lake", "make duckdb")
    out.print(f"  {name:<10} gets it every {settings.load_minutes} minutes; look with: {as_typed(look)}")
    out.print(as_typed(f"Next: make status{demo}, make logs{demo}, make stop{demo}"), style="bold")


def _print_report(found: Report) -> None:
    if found.simulated:
        out.print(SIMULATED, style="bold yellow")
    for program in found.programs:
        since = f" since {program.since:%Y-%m-%d %H:%M:%S %Z}" if program.since else ""
        out.print(
            f"{program.name:<10} {program.state.lower()}{since}" + (f", process {program.pid}" if program.pid else "")
        )
    if found.last_poll:
        out.print(f"last poll  {poll_line(found.last_poll)}")
    if window := found.open_window:
        out.print(
            f"open CSV   {window.csv}: {window.records} records of {counted(window.captured_minutes, 'minute')}, "
            f"closes at {window.closes_at:%H:%M:%S %Z} or after"
        )
    for feed in found.feeds:
        if len(found.feeds) > 1:
            last = poll_line(feed.last_poll) if feed.last_poll else "no poll yet"
            out.print(f"feed       {feed.name} ({feed.kind}): {last}; {counted(feed.windows_waiting, 'closed window')}")
        if feed.speed:
            out.print(f"           {plain(feed.speed)}")
    out.print(f"to load    {counted(found.windows_waiting, 'closed window')}")
    if totals := found.database:
        out.print(
            f"loaded     {counted(totals.signals, 'signal')} of {counted(totals.windows, 'window')}"
            + (f", the last loaded at {totals.loaded_at:%Y-%m-%d %H:%M:%S %Z}" if totals.loaded_at else "")
        )
        out.print(f"view       generate_view has {found.vehicles} vehicles")
    for alert in found.line_alerts:
        out.print(plain(f"line       {alert.subject}, since {alert.since:%Y-%m-%d %H:%M:%S %Z}: {alert.detail}"))
    for problem in found.problems:
        out.print(f"[bold red]problem[/]    {plain(problem)}")
    if not found.problems:
        out.print("all is well", style="bold green")
