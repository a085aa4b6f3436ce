"""The page and the API over HTTP."""

from __future__ import annotations

import socket
from typing import Annotated

import typer

from brt_watch.cli.terminal import err, load_resources
from brt_watch.errors import WebPortBusy
from brt_watch.health import WEB
from brt_watch.service.supervisor import known_as

app = typer.Typer()

BACKLOG = 2048
LAST_SECONDS = 2
"""How long to wait at shutdown for streaming clients, which never disconnect by themselves."""


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on; 0.0.0.0 for all. [loopback]")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port. [BRT_WATCH_HTTP_PORT]")] = None,
) -> None:
    """Serve the page, the API and the feeds, read-only; stop it with Ctrl-C."""
    import uvicorn

    from brt_watch.web.app import create_app

    resources = load_resources()
    listening = listen(host or "127.0.0.1", resources.settings.http_port if port is None else port)
    where, bound = listening.getsockname()[:2]
    err.print(
        f"http://{where}:{bound}/ shows {resources.settings.folder}; the interfaces: http://{where}:{bound}/api/docs"
    )
    is_outdated = True

    def outdated() -> None:
        nonlocal is_outdated
        is_outdated = server.should_exit = True

    with listening, known_as(WEB, resources.settings):
        while is_outdated:
            # A newer GTFS of another city: the same port, with its network. Requests wait in the backlog meanwhile.
            is_outdated = False
            application = create_app(resources)
            server = uvicorn.Server(
                uvicorn.Config(
                    application,
                    log_level="warning",
                    access_log=False,
                    server_header=False,
                    timeout_graceful_shutdown=LAST_SECONDS,
                )
            )
            application.state.outdated = outdated
            server.run(sockets=[listening.dup()])


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raises WebPortBusy."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        raise WebPortBusy(port=port, host=host, reason=error.strerror or str(error)) from None
    listening.listen(BACKLOG)
    return listening
