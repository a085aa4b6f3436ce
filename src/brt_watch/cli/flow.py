"""The Prefect flows."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from brt_watch.cli.service import prepare_city, print_where_to_look
from brt_watch.cli.terminal import out
from brt_watch.flows import NAMES, load_flows
from brt_watch.flows import home as flow_home
from brt_watch.flows import server as flow_server
from brt_watch.health import ALL_FLOWS
from brt_watch.service.environment import check_environment
from brt_watch.service.supervisor import Service
from brt_watch.settings import load_settings

app = typer.Typer(no_args_is_help=True, help="The Prefect flows.")


@app.command("list")
def flow_list() -> None:
    """List the flows with their schedules and the labels by which agents select them."""
    clock = load_settings().time
    table = Table("flow", "every", "labels", box=None, pad_edge=False)
    for name, prefect_flow in load_flows().items():
        interval = prefect_flow.schedule.clocks[0].interval * clock.speed
        table.add_row(name, str(interval), ", ".join(sorted(prefect_flow.run_config.labels)))
    out.print(table)


@app.command("start")
def flow_start() -> None:
    """Start the flows on their schedules in the background."""
    settings = load_settings()
    check_environment()
    prepare_city(settings)
    service = Service(settings)
    print_where_to_look(settings, service, service.start(service.flows))


@app.command("stop")
def flow_stop() -> None:
    """Stop the flows; Postgres keeps running."""
    stopped = Service(load_settings()).stop_programs(ALL_FLOWS)
    out.print(f"stopped: {', '.join(stopped)}" if stopped else "none was running")


@app.command("run")
def flow_run(
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(NAMES)}.")],
    once: Annotated[bool, typer.Option("--once", help="Run it once, now, instead of on its schedule.")] = False,
) -> None:
    """Run a Prefect flow in the foreground, on its schedule; stop it with Ctrl-C."""
    if name not in NAMES:
        raise typer.BadParameter(f"{name} is not one of {', '.join(NAMES)}")
    settings = load_settings()
    flow_home.enter_alone(settings)
    flow = load_flows()[name]
    from brt_watch.flows.flows import run_on_schedule, run_once

    if not once:
        run_on_schedule(flow, settings)
    elif run_once(flow, settings).is_failed():
        raise typer.Exit(1)


@app.command("register")
def flow_register(
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait for a server that does not answer yet.")] = 0,
) -> None:
    """Register the flows with the Prefect Server; an unchanged flow gets no new version."""
    flow_server.register(load_settings(), wait)


@app.command("agent")
def flow_agent(
    label: Annotated[list[str] | None, typer.Option(help="Run flows with this label; repeatable.")] = None,
    address: Annotated[str, typer.Option(help="The address of its health check, such as http://127.0.0.1:8081.")] = "",
    docker: Annotated[
        bool, typer.Option("--docker", help="Run the flows in containers of BRT_WATCH_FLOW_IMAGE.")
    ] = False,
    network: Annotated[list[str] | None, typer.Option(help="A Docker network for the containers.")] = None,
    volume: Annotated[
        list[str] | None, typer.Option(help="A volume for the containers, such as brt-data:/data.")
    ] = None,
    engine: Annotated[str | None, typer.Option(help="The Docker engine; by default that of this machine.")] = None,
) -> None:
    """Run an agent of the Prefect Server, for all flows or those with a label; stop it with Ctrl-C."""
    settings, labels = load_settings(), label or list(flow_server.LABELS)
    if (network or volume or engine) and not docker:
        raise typer.BadParameter("--network, --volume and --engine need --docker")
    flow_server.check_server(settings)
    if docker:
        flow_server.run_docker_agent(settings, labels, address, network or [], volume or [], engine)
    else:
        flow_server.run_agent(settings, labels, address)
