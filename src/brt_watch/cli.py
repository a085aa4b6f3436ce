"""The terminal: each step of the pipeline by hand, and the service."""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import msgspec
import structlog
import typer
from psycopg.conninfo import make_conninfo
from rich.console import Console
from rich.progress import track
from rich.table import Table

from brt_watch import __version__, lock, pipeline
from brt_watch import archive as archived
from brt_watch.clock import Clock, PretendClock, parse_moment, write_moment, write_tick
from brt_watch.errors import BrtWatchError, DatabaseUnreachable
from brt_watch.model import Poll
from brt_watch.network import SEEDS, gtfs, read_network, seeds
from brt_watch.network.tables import tables_of
from brt_watch.pipeline import Parts
from brt_watch.postgres import Server
from brt_watch.replay import read_recording
from brt_watch.score import score as score_of
from brt_watch.service import DATABASE, FLOWS, SIMULATOR, Service
from brt_watch.settings import PREFIX, Settings, load_settings, unknown_names
from brt_watch.simulate import demo as demo_settings
from brt_watch.simulate.faults import Faults, fault_table, parse_faults
from brt_watch.simulate.history import history as fill
from brt_watch.simulate.server import ApiServer, Source
from brt_watch.simulate.simulation import Simulation, simulate_into, simulation_of
from brt_watch.simulate.truth import Truth
from brt_watch.simulate.world import World
from brt_watch.status import Report, report
from brt_watch.window import has_csv

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The black box of Rio de Janeiro's BRT: capture every signal, load it, derive where every bus is.",
    epilog="Exit codes: 0 well, 1 something is wrong (a sentence says what), 2 wrong usage or settings.",
)
db = typer.Typer(no_args_is_help=True, help="The embedded Postgres.")
flow = typer.Typer(no_args_is_help=True, help="The Prefect flows.")
app.add_typer(db, name="db")
app.add_typer(flow, name="flow")
network = typer.Typer(no_args_is_help=True, help="The stations, lines and paths of the BRT: the files in dbt/seeds.")
app.add_typer(network, name="network")

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

SIMULATED = "The data is simulated: no real bus is in it."

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Faulty = Annotated[
    list[str] | None,
    typer.Option(help="What goes wrong: timeouts:0.05 by chance, outage@07:10-07:25 by the clock of Rio; repeatable."),
]


def main() -> None:
    """Run the command line; an error that we know is one sentence on the error output, and its exit code."""
    _set_up_logging()
    try:
        app()
    except BrtWatchError as error:
        err.print(f"[bold red]brt-watch:[/] {_plain(str(error))}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our output (head, say) has enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@app.callback()
def _in_the_demo(
    demo: Annotated[
        bool, typer.Option("--demo", help="Work with the system of `brt-watch demo`, not with yours.")
    ] = False,
) -> None:
    if demo:
        demo_settings.enter()


# -- the steps ------------------------------------------------------------------------------------------------------


@app.command()
def capture(
    once: Annotated[bool, typer.Option("--once", help="Poll once and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the API at every tick and write down what it says, without Prefect; ends with Ctrl-C.

    The exit code is 1 when --once got no good answer (which is in the ledger all the same).
    """
    parts = _parts()
    with lock.hold(_flow_lock(parts.settings, FLOWS["capture"]), "The capture"):
        for tick in islice(pipeline.next_ticks(parts), 1 if once else None):
            if tick > parts.clock.now() + timedelta(seconds=1):
                err.print(f"waiting for the next tick, {tick:%H:%M:%S %Z}", style="dim")
            poll = pipeline.capture(tick, parts)
            _print_json(_poll_as_dict(poll)) if as_json else out.print(_poll_line(poll))
            if once and not poll.status.is_good:
                raise typer.Exit(1)


@app.command()
def load(as_json: AsJson = False) -> None:
    """Load the closed windows into Postgres (brt_raw), oldest first, and move them to the archive."""
    parts = _parts()
    windows = pipeline.windows_to_load(parts)
    done = []
    for folder in track(windows, "loading", console=err, transient=True, disable=not err.is_terminal):
        loaded = pipeline.load(folder, parts)
        done.append(loaded.as_dict())
        if not as_json:
            out.print(
                f"{loaded.window}: {loaded.records} records = {loaded.signals} new signals + {loaded.repeats} repeats; "
                f"{loaded.rejects} rejects, {loaded.conflicts} conflicts"
                + (" (was loaded before)" if loaded.again else "")
            )
    if as_json:
        _print_json(done)
    elif not windows:
        out.print(_no_window_yet(parts))


@app.command()
def transform(
    full_refresh: Annotated[
        bool, typer.Option("--full-refresh", help="Derive everything anew from the whole history.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Derive the models with dbt: where every bus is and how fast it goes (generate_view)."""
    parts = _parts()
    parts.store.apply_schema()
    with err.status("dbt is at work"):
        derived = pipeline.transform(parts, *(["--full-refresh"] if full_refresh else []))
    vehicles = len(parts.store.view())
    if as_json:
        _print_json({**derived.as_dict(), "vehicles": vehicles})
    else:
        out.print(
            f"{derived.models} models derived, {derived.tests} tests passed in {derived.seconds:.1f} s; "
            f"generate_view has {vehicles} vehicles"
        )


@app.command()
def archive(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Pack the loaded windows, and delete what is older than BRT_WATCH_KEEP_RAW_DAYS and BRT_WATCH_KEEP_CSV_DAYS say.

    The load does this by itself. The ledger is kept for ever.
    """
    tidied = archived.tidy(_parts(), dry_run)
    if as_json:
        _print_json(tidied.__dict__)
    else:
        would = "would be " if dry_run else ""
        out.print(
            f"{len(tidied.packed)} windows {would}packed; raw answers of {len(tidied.raw_dropped)} and CSV of "
            f"{len(tidied.csv_dropped)} {would}deleted" + ("" if dry_run else f", {tidied.freed_bytes:,} bytes freed")
        )


@app.command()
def rebuild(
    since: Annotated[str, typer.Option(help="Only windows that began at this moment or later (ISO 8601, zone).")] = "",
    from_raw: Annotated[
        bool, typer.Option("--from-raw", help="Read the raw answers anew, by the rules of now, and not the CSV.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the database again from the archive, window by window, and derive the models anew."""
    parts = _parts()
    try:
        windows = archived.windows_to_rebuild(parts, parse_moment(since) if since else None)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--since") from None
    if dry_run:
        out.print(f"{len(windows)} windows would be loaded again" + (f", {windows[0].name} first" if windows else ""))
        return
    parts.store.apply_schema()
    done = [
        archived.rebuild(folder, parts, from_raw or not has_csv(folder))
        for folder in track(windows, "rebuilding", console=err, transient=True, disable=not err.is_terminal)
    ]
    derived = pipeline.transform(parts, "--full-refresh")
    records, signals = sum(each.records for each in done), sum(each.signals for each in done)
    if as_json:
        _print_json({"windows": len(done), "records": records, "signals": signals, **derived.as_dict()})
    else:
        out.print(f"{len(done)} windows, {records} records, {signals} signals; {derived.models} models derived anew")


@app.command()
def verify(as_json: AsJson = False) -> None:
    """Compare the archive with itself and with the database, and name what differs; the exit code is 1 if anything."""
    parts = _parts()
    with err.status("comparing"):
        differences = archived.verify(parts)
        checksums = parts.store.checksums()
    if as_json:
        _print_json({"differences": differences, "checksums": checksums})
    else:
        for difference in differences:
            out.print(_plain(difference))
        for table, found in checksums.items():
            out.print(f"{table:<10} {found['rows']} rows, checksum {found['checksum']}")
        out.print("the archive and the database agree" if not differences else f"{len(differences)} differences")
    if differences:
        raise typer.Exit(1)


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(help="A .jsonl or .jsonl.gz file; each line has captured_at and body.")],
    port: Annotated[int, typer.Option(help="The loopback port; 0 takes a free one.")] = 8765,
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="How many times faster than it was recorded.")] = 1,
    fault: Faulty = None,
    seed: Annotated[int, typer.Option(help="Another seed lets other requests meet the faults by chance.")] = 0,
) -> None:
    """Serve recorded answers as the API over HTTP, and say how to capture them; ends with Ctrl-C.

    The clock of the capture is set to the date of the recording, so that ages and windows are as they were. Keep such
    data apart from real data: in a data folder of its own.
    """
    faults = parse_faults(",".join(fault or []), seed)
    played = read_recording(recording)
    answers = played.answers
    settings = load_settings()
    written = settings.clock or (
        f"{write_moment(answers[0].captured_at - timedelta(seconds=5))}@{Clock().now().timestamp():.0f}x{speed:g}"
    )
    clock = PretendClock(written)
    server = _server(played, clock, port, faults)
    span = answers[-1].captured_at - answers[0].captured_at
    err.print(f"{len(answers)} answers over {span}, {clock.speed:g} times as fast, on {server.url}. To capture them:")
    out.print(f"export {PREFIX}FEED_URL={server.url} {PREFIX}CLOCK={written}")
    out.print(f"export {PREFIX}DATA=data-replay {PREFIX}POSTGRES_PORT=15433")
    _serve(server)


# -- the simulation -------------------------------------------------------------------------------------------------


@app.command()
def simulate(
    port: Annotated[
        int | None, typer.Option(help="The loopback port; 0 takes a free one, without it that of BRT_WATCH_FEED_URL.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another city.")] = 1,
    scale: Annotated[int, typer.Option(min=1, max=200, help="So many fleets of 748 vehicles.")] = 1,
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="How many times faster than real time.")] = 1,
    fault: Faulty = None,
    history: Annotated[
        float, typer.Option(min=0, help="Capture so many hours up to now, as fast as can be, and serve nothing.")
    ] = 0,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Print what can go wrong.")] = False,
) -> None:
    """Serve a simulated BRT as the API over HTTP, and say how to capture it; ends with Ctrl-C.

    The truth is written beside the capture, in the data folder, to be compared with (score). A data folder that is
    for a simulation stays so, with its seed and scale. The default is data-simulated.
    """
    if list_faults:
        for name, meaning in fault_table():
            out.print(f"{name:<28} {_plain(meaning)}")
        return
    faults = parse_faults(",".join(fault or []), seed)
    if not simulation_of(load_settings()):
        os.environ.setdefault(f"{PREFIX}DATA", "data-simulated")
    settings = load_settings()
    now = settings.time.now()
    simulation = simulate_into(settings, Simulation.beginning(now - timedelta(hours=history), seed, scale))
    if history:
        _fill(settings, simulation, history)
        return
    written = settings.clock or ("" if speed == 1 else f"{write_moment(now)}@{Clock().now().timestamp():.0f}x{speed:g}")
    clock = PretendClock(written) if written else settings.time
    wanted = demo_settings.PORT if port is None else port
    if port is None and (own := demo_settings.port_of(str(settings.feed_url))):
        wanted = own
    with closing(Truth(settings.folder / "truth" / write_tick(clock.now().replace(microsecond=0)))) as truth:
        world = World(read_network(), simulation, clock.now(), truth)
        server = _server(world, clock, wanted, faults, simulated=True)
        err.print(f"{len(world.vehicles)} simulated vehicles on {server.url}. To capture them:")
        out.print(f"export {PREFIX}FEED_URL={server.url} {PREFIX}DATA={settings.folder}")
        out.print(f"export {PREFIX}POSTGRES_PORT=15433" + (f" {PREFIX}CLOCK={written}" if written else ""))
        _serve(server)


@app.command()
def demo(
    hours: Annotated[float, typer.Option(min=0, max=48, help="How much of the past is there at once.")] = 6,
) -> None:
    """Start everything against a simulated BRT, its last hours filled in: needs no internet.

    It is a system of its own, beside the real one: data folder data-demo. Look at it with --demo before the command:
    brt-watch --demo status, brt-watch --demo stop (make status DEMO=1, make stop DEMO=1).
    """
    demo_settings.enter()
    settings = load_settings()
    service = Service(settings)
    start = settings.time.now() - timedelta(hours=hours)
    simulation = simulate_into(settings, Simulation.beginning(start, demo=True))
    _start_database(settings, service)
    parts = Parts.of(settings)
    if not any(program.name == "capture" and program.state == "RUNNING" for program in service.programs()):
        _fill(settings, simulation, hours)
        with _quietly():
            windows = pipeline.windows_to_load(parts)
            for folder in track(windows, "loading", console=err, transient=True, disable=not err.is_terminal):
                pipeline.load(folder, parts)
            with err.status("dbt is at work"):
                derived = pipeline.transform(parts)
        out.print(f"{len(windows)} windows are loaded; dbt derived {derived.models} models in {derived.seconds:.1f} s")
    started = service.start([SIMULATOR, *FLOWS])
    _print_where_to_look(settings, service, started)


@app.command()
def score(as_json: AsJson = False) -> None:
    """Compare what the pipeline recovered of a simulation with the truth: signals, labels, the view."""
    with err.status("comparing"):
        scored = score_of(load_settings())
    if as_json:
        _print_json(scored.as_dict())
        return
    for each in scored.shares:
        percent = f"{each.share:8.2%}" if each.share is not None else "       -"
        out.print(f"{percent}  {each.name}: {each.count} of {each.all}")
    out.print(f"{scored.false_signals:>8}  signals that were never sent")
    out.print(
        f"{scored.p95_behind_seconds:>7} s behind the truth are the positions of generate_view (95 % of them, or less)"
    )


# -- the service ----------------------------------------------------------------------------------------------------


@app.command()
def start() -> None:
    """Start Postgres and the flows in the background, and say where to look."""
    settings = load_settings()
    service = Service(settings)
    if settings.embedded_postgres:
        _start_database(settings, service)
    _warn_without_database(Parts.of(settings))
    started = service.start(FLOWS)
    _print_where_to_look(settings, service, started)


@app.command()
def stop() -> None:
    """Stop everything that start started, also after a crash of a part. Nothing that was captured is lost."""
    ran = Service(load_settings()).stop()
    out.print("stopped" if ran else "nothing was running")


@app.command()
def status(as_json: AsJson = False) -> None:
    """Say what runs, what was captured last, what waits; the exit code is 1 when something is wrong."""
    found = report(_parts())
    if as_json:
        _print_json(found.as_dict())
    else:
        _print_report(found)
    if found.problems:
        raise typer.Exit(1)


@app.command()
def logs() -> None:
    """Follow the logs of all processes; ends with Ctrl-C."""
    files = sorted(str(path) for path in Service(load_settings()).logs.glob("*.log"))
    if not files:
        out.print("there are no logs yet: make start")
        raise typer.Exit(1)
    os.execvp("tail", ["tail", "-n", "20", "-F", *files])


@app.command()
def config(as_json: AsJson = False) -> None:
    """Print the settings, secrets masked, and where each can be set."""
    settings = load_settings()
    values = {PREFIX + name.upper(): str(value) for name, value in settings}
    if as_json:
        _print_json(values)
    else:
        table = Table("setting", "value", "meaning", box=None, pad_edge=False)
        for name, value in values.items():
            meaning = type(settings).model_fields[name.removeprefix(PREFIX).lower()].description
            table.add_row(name, value, meaning, style=None if value else "dim")
        out.print(table)
    for sentence in unknown_names():
        err.print(f"[yellow]note:[/] {sentence}")


@app.command()
def version() -> None:
    """Print the version."""
    out.print(__version__)


# -- db -------------------------------------------------------------------------------------------------------------


@db.command("start")
def db_start() -> None:
    """Start the embedded Postgres in the background and make the tables there."""
    settings = load_settings()
    _start_database(settings, Service(settings))
    out.print(f"Postgres is up on 127.0.0.1:{settings.postgres_port}; psql: make psql")


@db.command("stop")
def db_stop() -> None:
    """Stop the embedded Postgres; the capture goes on, and its windows wait on the disk."""
    stopped = Service(load_settings()).stop_programs([DATABASE])
    out.print("stopped" if stopped else "it was not running")


@db.command("schema")
def db_schema() -> None:
    """Make the tables that the load fills, or bring them to the newest form."""
    steps = _parts().store.apply_schema()
    out.print(f"applied: {', '.join(steps)}" if steps else "the tables are up to date")


@db.command("psql", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def db_psql(context: typer.Context) -> None:
    """Open psql on the database; further words go to psql (for example -c 'select * from generate_view')."""
    parts = _parts()
    program = Server.of(parts.settings).programs / "psql" if parts.settings.embedded_postgres else shutil.which("psql")
    if program is None:
        err.print("psql is not installed; the database is at the address of BRT_WATCH_DATABASE_URL.")
        raise typer.Exit(1)
    known = parts.store.connection_parameters()
    os.environ.update({"PGPASSWORD": known.pop("password", ""), "PGTZ": os.environ.get("PGTZ", "America/Sao_Paulo")})
    os.execv(program, [str(program), "-d", make_conninfo(**known), *context.args])


@db.command("url")
def db_url() -> None:
    """Print the address of the database with its password, for other programs."""
    out.print(_parts().store.url, markup=False)


@db.command("run", hidden=True)
def db_run() -> None:
    """Become the embedded Postgres, in the foreground (for supervisor)."""
    Server.of(load_settings()).become()


# -- flow -----------------------------------------------------------------------------------------------------------


@flow.command("list")
def flow_list() -> None:
    """List the flows, their schedules and the labels by which agents choose them."""
    from brt_watch.flows import CLOCK
    from brt_watch.flows import FLOWS as flows

    table = Table("flow", "every", "labels", box=None, pad_edge=False)
    for name, prefect_flow in flows.items():
        interval = prefect_flow.schedule.clocks[0].interval * CLOCK.speed
        table.add_row(name, str(interval), ", ".join(sorted(prefect_flow.run_config.labels)))
    out.print(table)


@flow.command("start")
def flow_start() -> None:
    """Start the flows on their schedules in the background."""
    settings = load_settings()
    service = Service(settings)
    _print_where_to_look(settings, service, service.start(FLOWS))


@flow.command("stop")
def flow_stop() -> None:
    """Stop the flows; Postgres goes on."""
    stopped = Service(load_settings()).stop_programs(FLOWS)
    out.print(f"stopped: {', '.join(stopped)}" if stopped else "none was running")


@flow.command("run")
def flow_run(
    name: Annotated[str, typer.Argument(help="local_storage_flow, postgres_storage_flow or dbt_flow.")],
    once: Annotated[bool, typer.Option("--once", help="Run it now, once, and not on its schedule.")] = False,
) -> None:
    """Run a flow of Prefect in the foreground, on its schedule; ends with Ctrl-C."""
    from brt_watch import flows

    if name not in flows.FLOWS:
        raise typer.BadParameter(f"{name} is not one of {', '.join(flows.FLOWS)}")
    if not once:
        flows.run_on_schedule(name)
    elif flows.run_once(name).is_failed():
        raise typer.Exit(1)


# -- network --------------------------------------------------------------------------------------------------------


@network.command("show")
def show_network(
    folder: Annotated[Path, typer.Option("--from", help="The folder of the reference files.")] = SEEDS,
    as_json: AsJson = False,
) -> None:
    """List the lines: service, hours on a weekday, length, stations and points of each direction."""
    known = read_network(folder)
    rows = []
    for linha, line in known.lines.items():
        paths = [known.paths[key] for key in ((linha, "ida"), (linha, "volta")) if key in known.paths]
        rows.append(
            {
                "linha": linha,
                "nome": line.nome,
                "servico": line.servico,
                "inicio": seeds.clock_text(line.inicio_s),
                "fim": seeds.clock_text(line.fim_s),
                "km": [round(path.length_m / 1000, 1) for path in paths],
                "estacoes": [len(path.stops) for path in paths],
                "pontos": [len(path.metres) for path in paths],
            }
        )
    counts = {
        "stations": len(known.stations),
        "lines": len(known.lines),
        "paths": len(known.paths),
        "points": sum(len(path.metres) for path in known.paths.values()),
        "garages": len(known.garages),
        "trajetos": sum(len(names) for names in known.trajetos.values()),
    }
    if as_json:
        _print_json({"lines": rows, "counts": counts})
        return
    table = Table(*(rows[0] if rows else ()), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(" ".join(map(str, cell)) if isinstance(cell, list) else str(cell) for cell in row.values()))
    out.print(table)
    out.print(", ".join(f"{count} {name}" for name, count in counts.items()))


@network.command("import")
def import_network(
    source: Annotated[Path, typer.Argument(metavar="GTFS.zip", help="A GTFS of the city: a .zip, or its folder.")],
    into: Annotated[Path, typer.Option("--into", help="The folder of the reference files.")] = SEEDS,
    agency: Annotated[str, typer.Option("--agency", help="The agency_id whose routes are taken.")] = gtfs.BRT_AGENCY,
    routes: Annotated[
        str, typer.Option("--routes", help="Take the routes of these short names instead: 10,11,22.")
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make the stations, lines, headways and paths anew from a GTFS; what it does not have is no longer there after.

    Garages and the names of trajetos are not in a GTFS, and stay. Nothing is written unless everything is good.
    """
    names = [name.strip() for name in routes.split(",") if name.strip()]
    tables = tables_of(source, seeds.base_of(into), agency, names)
    difference = seeds.compare(tables, into) if dry_run else seeds.replace(tables, into)
    if as_json:
        _print_json(difference.__dict__)
        return
    for what, changed in difference.__dict__.items():
        if isinstance(changed, dict):
            changed = [f"{name} ({metres:+.0f} m)" for name, metres in changed.items()]
        out.print(f"{what.replace('_', ' ')}: {len(changed)}" + "".join(f"\n  {_plain(name)}" for name in changed))
    lines = ", ".join(f"{len(rows)} lines in {name}.csv" for name, rows in tables.items())
    out.print(f"nothing was written; it would be {lines}" if dry_run else f"written: {lines}")


# -- what is printed ------------------------------------------------------------------------------------------------


def _parts() -> Parts:
    return Parts.of(load_settings())


def _server(source: Source, clock: Clock, port: int, faults: Faults, simulated: bool = False) -> ApiServer:
    try:
        return ApiServer(source, clock, port, faults, simulated)
    except OSError as error:
        err.print(f"[bold red]brt-watch:[/] port {port} cannot be had ({error.strerror}); choose another with --port.")
        raise typer.Exit(1) from None


def _serve(server: ApiServer) -> None:
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def _fill(settings: Settings, simulation: Simulation, hours: float) -> None:
    end = settings.time.now()
    ticks = int(hours * 3600 / settings.poll_seconds)
    with _quietly():
        polls = fill(settings, read_network(), simulation, end - timedelta(hours=hours), end)
        shown = track(polls, "simulating", ticks, console=err, transient=True, disable=not err.is_terminal)
        done = sum(1 for _ in shown)
    out.print(f"{done} polls of a simulated API are in {settings.folder}/windows")


@contextmanager
def _quietly() -> Iterator[None]:
    """Leave out the lines of the log that say what the progress bar shows."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield
    structlog.configure(wrapper_class=before)


def _flow_lock(settings: Settings, name: str) -> Path:
    return settings.folder / "run" / f"{name}.lock"


def _start_database(settings: Settings, service: Service) -> None:
    server = Server.of(settings)
    server.prepare()
    if service.is_running() and server.pid():
        return
    if not service.is_running():
        service.stop()
    server.check_port()
    service.start([DATABASE])
    server.wait_until_ready()
    Parts.of(settings).store.apply_schema()


def _warn_without_database(parts: Parts) -> None:
    try:
        parts.store.apply_schema()
    except DatabaseUnreachable as error:
        err.print(f"[yellow]note:[/] {_plain(str(error))}")


def _print_where_to_look(settings: Settings, service: Service, started: list[str]) -> None:
    out.print("brt-watch runs." if started else "brt-watch runs already.", style="bold green")
    simulated = simulation_of(settings)
    if simulated:
        out.print(SIMULATED, style="bold yellow")
    where = {DATABASE: f"127.0.0.1:{settings.postgres_port}", SIMULATOR: "in the place of the city's API"}
    for program in service.programs():
        what = where.get(program.name) or f"Prefect flow {FLOWS[program.name]}"
        out.print(f"  {program.name:<10} {program.state.lower()}, process {program.pid}: {what}")
    demo = " DEMO=1" if simulated and simulated.demo else ""
    out.print(f"  the API    {settings.feed_url}, every {settings.poll_seconds} s")
    out.print(f"  the CSV    grows in {settings.folder}/windows/*/brt.csv")
    out.print(f"  Postgres   gets it every {settings.load_minutes} minutes; look with: make psql{demo}")
    out.print(f"Next: make status{demo}, make logs{demo}, make stop{demo}", style="bold")


def _print_report(found: Report) -> None:
    if found.simulated:
        out.print(SIMULATED, style="bold yellow")
    for program in found.programs:
        since = f" since {program.since:%Y-%m-%d %H:%M:%S %Z}" if program.since else ""
        out.print(
            f"{program.name:<10} {program.state.lower()}{since}" + (f", process {program.pid}" if program.pid else "")
        )
    if found.last_poll:
        out.print(f"last poll  {_poll_line(found.last_poll)}")
    if window := found.open_window:
        out.print(
            f"open CSV   {window.csv}: {window.records} records of {window.captured_minutes} minutes, "
            f"closes at {window.closes_at:%H:%M:%S %Z} or after"
        )
    out.print(f"to load    {found.windows_waiting} closed windows wait")
    if totals := found.database:
        out.print(
            f"Postgres   {totals.signals} signals of {totals.windows} windows"
            + (f", the last loaded at {totals.loaded_at:%Y-%m-%d %H:%M:%S %Z}" if totals.loaded_at else "")
        )
        out.print(f"view       generate_view has {found.vehicles} vehicles")
    for problem in found.problems:
        out.print(f"[bold red]problem[/]    {_plain(problem)}")
    if not found.problems:
        out.print("all is well", style="bold green")


def _no_window_yet(parts: Parts) -> str:
    window = report(parts).open_window
    if window is None:
        return "nothing to load: no window is closed"
    return (
        f"nothing to load: the open window has {window.captured_minutes} captured minutes "
        f"and is closed at {window.closes_at:%H:%M:%S %Z} or after"
    )


def _poll_line(poll: Poll) -> str:
    if poll.status.is_good:
        what = f"{poll.records} records, {poll.rejects} rejects, median age {poll.median_age_seconds or 0:.0f} s"
    else:
        what = f"{poll.reason} {_plain(poll.detail)}".strip()
    return f"{poll.tick:%Y-%m-%d %H:%M:%S %Z} {poll.status.value}: {what}"


def _poll_as_dict(poll: Poll) -> dict[str, Any]:
    values = {name: write_moment(value) if hasattr(value, "tzinfo") else value for name, value in poll.__dict__.items()}
    return {**values, "status": poll.status.value}


def _print_json(value: Any) -> None:
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(value), indent=2).decode() + "\n")


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def _set_up_logging() -> None:
    on_terminal = sys.stderr.isatty()
    render: Callable[..., Any] = structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            render,
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
