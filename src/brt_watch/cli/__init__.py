"""The terminal: each step of the pipeline by hand, and the service."""

from __future__ import annotations

import io
import os
import sys
import traceback
from typing import Annotated

import typer

from brt_watch import __version__
from brt_watch.cli import (
    agreement,
    database,
    demo,
    export,
    flow,
    importing,
    lake,
    network,
    report,
    serve,
    service,
    simulation,
    steps,
)
from brt_watch.cli.terminal import err, plain, set_up_logging
from brt_watch.errors import BrtWatchError
from brt_watch.masking import masked
from brt_watch.simulate import demo as demo_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="The black box of Rio de Janeiro's BRT: capture every signal, load it, derive where every bus is.",
    epilog="Exit codes: 0 success, 1 something is wrong (a sentence says what), 2 wrong usage or settings.",
)
for commands in (steps, importing, report, agreement, simulation, demo, serve, service):
    app.add_typer(commands.app)
app.add_typer(lake.commands)
for name, group in {"db": database, "export": export, "flow": flow, "lake": lake, "network": network}.items():
    app.add_typer(group.app, name=name)


def main() -> None:
    """Run the command line; a known error prints one sentence to stderr and sets its exit code."""
    _write_utf_8()
    set_up_logging()
    try:
        app()
    except BrtWatchError as error:
        err.print(f"[bold red]brt-watch:[/] {plain(str(error))}")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of the output (head, for example) has closed the pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception:  # noqa: BLE001 (a defect: print the whole traceback, with passwords masked)
        sys.stderr.write(masked(traceback.format_exc()))
        sys.exit(1)


def _write_utf_8() -> None:
    """Write UTF-8 in every locale, as JSON and CSV want it; a plain ASCII one cannot write the names of stations.

    Not even UTF-8 can write the name of a file whose bytes are none; these are escaped.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"brt-watch {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    in_demo: Annotated[
        bool, typer.Option("--demo", help="Use the system of `brt-watch demo` instead of yours.")
    ] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    if in_demo:
        demo_settings.enter()
