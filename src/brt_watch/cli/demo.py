"""A separate system with a simulated BRT, to try brt-watch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Annotated

import typer
from rich.progress import track

from brt_watch import pipeline
from brt_watch.capture.simulation import Simulation, simulate_into
from brt_watch.cli.service import check_web_port, print_trouble, print_where_to_look, start_database_if_possible
from brt_watch.cli.simulation import fill
from brt_watch.cli.terminal import err, out, quietly
from brt_watch.health import SIMULATOR, WEB
from brt_watch.resources import Resources
from brt_watch.service.environment import check_environment
from brt_watch.service.supervisor import PARTS, Service
from brt_watch.settings import load_settings
from brt_watch.simulate import demo as demo_settings

app = typer.Typer()


@app.command()
def demo(
    hours: Annotated[float, typer.Option(min=0, max=48, help="Hours of the past to fill in.")] = 6,
) -> None:
    """Start everything with a simulated BRT, its last hours filled in; needs no internet.

    The demo is separate from the real system: its data folder is data-demo. Use it with --demo before the command:
    brt-watch --demo status, brt-watch --demo stop (make status DEMO=1, make stop DEMO=1).
    """
    demo_settings.enter()
    settings = load_settings()
    check_environment()
    service = Service(settings)
    resources = Resources.from_settings(settings)
    is_new = not any(program.name == "capture" and program.state == "RUNNING" for program in service.programs())
    simulation = simulate_into(settings, Simulation.beginning(settings.time.now() - timedelta(hours=hours), demo=True))
    check_web_port(settings, service)
    with quietly():
        trouble = start_database_if_possible(settings, service)
    if is_new:
        with nullcontext() if trouble else _network_loaded_meanwhile(resources):
            fill(settings, simulation, hours)
    started = service.start([SIMULATOR])
    demo_settings.wait_for_api(str(settings.feed_url), service.log(SIMULATOR))
    started += service.start(["capture", WEB])
    if is_new and not trouble:
        # The page needs no database, so the visitor does not wait for it.
        out.print(f"http://localhost:{settings.http_port} already shows the buses; now the past is loaded.")
        _derive(resources)
    started += service.start(PARTS)
    print_where_to_look(settings, service, started)
    print_trouble(trouble)


@contextmanager
def _network_loaded_meanwhile(resources: Resources) -> Iterator[None]:
    """Load the network with dbt in a process on another core; if it fails, the next run of dbt reports why."""
    if not pipeline.network_is_new(resources):
        yield
        return
    log = resources.settings.folder / "logs" / "network.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file:
        command = [sys.executable, "-m", "brt_watch", "--demo", "transform"]
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        yield
        with err.status("dbt loads the network"):
            process.wait()
    finally:
        process.terminate()
        process.wait()


def _derive(resources: Resources) -> None:
    with quietly():
        windows = pipeline.windows_to_load(resources)
        for folder in track(windows, "loading", console=err, transient=True, disable=not err.is_terminal):
            pipeline.load(folder, resources)
        out.print(f"{len(windows)} windows are loaded")
        with err.status("dbt is running"):
            derived = pipeline.transform_if_due(resources)
        if derived:
            out.print(f"dbt derived {derived.models} models in {derived.seconds:.1f} s")
