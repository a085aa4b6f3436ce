"""The API without the city: replayed recordings and the simulated BRT."""

from __future__ import annotations

import os
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from brt_watch.archive.recordings import read_recording
from brt_watch.capture.simulation import Simulation, simulate_into, simulation_of
from brt_watch.cli.terminal import AsJson, err, out, plain, print_json, quietly
from brt_watch.clock import Clock, PretendClock, write_tick
from brt_watch.health import SIMULATOR
from brt_watch.network import read_network
from brt_watch.service.supervisor import known_as
from brt_watch.settings import PREFIX, Settings, load_settings
from brt_watch.simulate.demo import port_of
from brt_watch.simulate.faults import Faults, fault_table, parse_faults
from brt_watch.simulate.history import history as captured
from brt_watch.simulate.score import score as score_of
from brt_watch.simulate.server import ApiServer, Source
from brt_watch.simulate.truth import Truth
from brt_watch.simulate.world import World

app = typer.Typer()

Faulty = Annotated[
    list[str] | None,
    typer.Option(
        help="A fault of the API: timeouts:0.05 at random, outage@07:10-07:25 by the time in Rio; repeatable."
    ),
]


@app.command()
def replay(
    recording: Annotated[Path, typer.Argument(help="A .jsonl or .jsonl.gz file; each line has captured_at and body.")],
    port: Annotated[int, typer.Option(help="The loopback port; 0 takes a free one.")] = 8765,
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="How many times faster than it was recorded.")] = 1,
    fault: Faulty = None,
    seed: Annotated[int, typer.Option(help="Seed that decides which requests random faults hit.")] = 0,
) -> None:
    """Serve recorded answers as the API, and print how to capture them; stop it with Ctrl-C.

    The clock of the capture is set to the date of the recording, so that ages and windows are the same. Keep such data
    in a separate data folder.
    """
    faults = parse_faults(",".join(fault or []), seed)
    played = read_recording(recording)
    answers = played.answers
    settings = load_settings()
    written = settings.clock or PretendClock.written(answers[0].captured_at - timedelta(seconds=5), speed)
    clock = PretendClock(written)
    server = _server(played, clock, port, faults)
    span = answers[-1].captured_at - answers[0].captured_at
    err.print(f"{len(answers)} answers over {span}, {clock.speed:g} times as fast, on {server.url}. To capture them:")
    out.print(f"export {PREFIX}FEED_URL={server.url} {PREFIX}CLOCK={written}")
    out.print(f"export {PREFIX}DATA=data-replay {PREFIX}POSTGRES_PORT=15434 {PREFIX}HTTP_PORT=8002")
    _serve(server)


@app.command()
def simulate(
    port: Annotated[
        int | None, typer.Option(help="The loopback port; 0 takes a free one; by default that of BRT_WATCH_FEED_URL.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulated city.")] = 1,
    scale: Annotated[int, typer.Option(min=1, max=200, help="Number of fleets of 748 vehicles.")] = 1,
    hold: Annotated[
        float, typer.Option(min=0, max=600, help="Hold buses at terminals for up to N seconds, to even out gaps.")
    ] = 0,
    speed: Annotated[float, typer.Option(min=0.1, max=1000, help="How many times faster than real time.")] = 1,
    fault: Faulty = None,
    history: Annotated[float, typer.Option(min=0, help="Capture the last N hours as fast as possible, then exit.")] = 0,
    list_faults: Annotated[bool, typer.Option("--list-faults", help="Print the faults.")] = False,
) -> None:
    """Serve a simulated BRT as the API, and print how to capture it; stop it with Ctrl-C.

    The truth is written to the data folder beside the capture, for score. A data folder once used for a simulation
    keeps its seed, scale and holding. The default folder is data-simulated.
    """
    if list_faults:
        for name, meaning in fault_table():
            out.print(f"{name:<28} {plain(meaning)}")
        return
    if history and (fault or port is not None or speed != 1):
        raise typer.BadParameter("--history captures without a server: no --port, no --speed, no --fault")
    faults = parse_faults(",".join(fault or []), seed)
    if not simulation_of(load_settings()):
        os.environ.setdefault(f"{PREFIX}DATA", "data-simulated")
    settings = load_settings()
    now = settings.time.now()
    simulation = simulate_into(settings, Simulation.beginning(now - timedelta(hours=history), seed, scale, hold_s=hold))
    if (simulation.seed, simulation.scale, simulation.hold_s) != (seed, scale, hold):
        kept = f"seed {simulation.seed}, scale {simulation.scale} and hold {simulation.hold_s:g}"
        err.print(f"{settings.folder} keeps its {kept}.", style="dim")
    if history:
        fill(settings, simulation, history)
        return
    written = settings.clock or ("" if speed == 1 else PretendClock.written(now, speed))
    clock = PretendClock(written) if written else settings.time
    wanted = port_of(str(settings.feed_url)) if port is None else port
    with closing(Truth(settings.folder / "truth" / write_tick(clock.now()))) as truth:
        world = World(read_network(), simulation, clock.now(), truth)
        server = _server(world, clock, wanted, faults, simulated=True)
        err.print(f"{len(world.vehicles)} simulated vehicles on {server.url}. To capture them:")
        out.print(f"export {PREFIX}FEED_URL={server.url} {PREFIX}DATA={settings.folder}")
        ports = f"{PREFIX}POSTGRES_PORT=15435 {PREFIX}HTTP_PORT=8003"
        out.print(f"export {ports}" + (f" {PREFIX}CLOCK={written}" if written else ""))
        with known_as(SIMULATOR, settings):
            _serve(server)


@app.command()
def score(as_json: AsJson = False) -> None:
    """Compare the database with the truth of a simulation: signals, view, trips, passages, waits."""
    with err.status("comparing"):
        scored = score_of(load_settings())
    if as_json:
        print_json(scored.as_dict())
        return
    for each in scored.shares:
        percent = f"{each.share:8.2%}" if each.share is not None else "       -"
        out.print(f"{percent}  {each.name}: {each.count} of {each.all}")
    out.print(f"{scored.false_signals:>8}  signals that were never sent")
    out.print(f"{scored.p95_behind_seconds:>7} s: how far generate_view lags behind the truth (95th percentile)")
    out.print(
        f"{scored.median_error_m:>7} m: error of gps_brt along the path on a trip (median);"
        f" {scored.p95_error_m} m (95th percentile)"
    )
    for name, figure in scored.figures():
        out.print(f"{'-' if figure is None else figure:>8}  {name}")


def _server(source: Source, clock: Clock, port: int, faults: Faults, simulated: bool = False) -> ApiServer:
    try:
        return ApiServer(source, clock, port, faults, simulated)
    except OSError as error:
        err.print(
            f"[bold red]brt-watch:[/] port {port} is not available ({error.strerror}); choose another with --port."
        )
        raise typer.Exit(1) from None


def _serve(server: ApiServer) -> None:
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def fill(settings: Settings, simulation: Simulation, hours: float) -> None:
    """Capture the last hours of a simulation, or the missing part of them, with a progress bar."""
    end = settings.time.now()
    ticks = int(hours * 3600 / settings.poll_seconds)
    with quietly():
        polls = captured(settings, read_network(), simulation, end - timedelta(hours=hours), end)
        shown = track(polls, "simulating", ticks, console=err, transient=True, disable=not err.is_terminal)
        done = sum(1 for _ in shown)
    out.print(f"{done} polls of a simulated API are in {settings.folder}/windows")
