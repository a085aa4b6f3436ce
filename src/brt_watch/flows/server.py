"""Prefect Server: register the flows, and run agents for them."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from brt_watch.errors import NotRegistered, ServerUnreachable
from brt_watch.flows import NAMES
from brt_watch.flows import home as flow_home
from brt_watch.flows.home import MODULE, label_of
from brt_watch.health import ALL_FLOWS
from brt_watch.settings import PASSED_ON, Settings

PROJECT = "brt_watch"
TENANT = "default"
LABELS = tuple(map(label_of, ALL_FLOWS))
"""The labels of the flows; an agent with all of them runs all flows."""


def register(settings: Settings, patience_seconds: float = 0) -> None:
    """Create tenant and project, and register the flows; existing ones stay unchanged.

    Raises ServerUnreachable when the server does not answer in time, NotRegistered when it refuses.
    """
    flow_home.enter(settings)
    # Every command would take a twentieth longer to start.
    import requests
    from prefect import Client
    from prefect.exceptions import ClientError

    until = time.monotonic() + patience_seconds
    while True:
        try:
            client = Client()
            if not client.get_available_tenants():
                client.create_tenant(TENANT)
            client.create_project(PROJECT)
            break
        except (requests.ConnectionError, requests.Timeout) as error:
            if time.monotonic() >= until:
                raise ServerUnreachable(where=settings.prefect_api, reason=type(error).__name__) from None
            time.sleep(1)
        except (ClientError, requests.HTTPError) as error:
            raise NotRegistered(where=settings.prefect_api, reason=error) from None
    # Prefect's own command loads the flows from their module, and skips unchanged ones.
    command = [sys.executable, "-m", "prefect", "register", "--project", PROJECT]
    command += [word for name in NAMES for word in ("--module", f"{MODULE}.{name}")]
    if subprocess.run(command).returncode:
        raise NotRegistered(where=settings.prefect_api, reason="the lines above say why")


def check_server(settings: Settings) -> None:
    """Raise ServerUnreachable unless something answers at the address of the Prefect Server."""
    import requests

    try:
        requests.get(str(settings.prefect_api), timeout=10)
    except (requests.ConnectionError, requests.Timeout) as error:
        raise ServerUnreachable(where=settings.prefect_api, reason=type(error).__name__) from None


def run_agent(settings: Settings, labels: Sequence[str], address: str) -> None:
    """Replace this process by Prefect's local agent for flows with these labels. SIGINT stops it."""
    flow_home.enter(settings)
    arguments = ["agent", "local", "start", "--no-hostname-label", "--show-flow-logs"]
    arguments += [word for label in labels for word in ("--label", label)]
    arguments += ["--agent-address", address] if address else []
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "prefect", *arguments])


def run_docker_agent(
    settings: Settings,
    labels: Sequence[str],
    address: str,
    networks: Sequence[str] = (),
    volumes: Sequence[str] = (),
    engine: str | None = None,
) -> None:
    """Run Prefect's Docker agent: flows with these labels run in containers, with the settings of this process."""
    flow_home.enter(settings)
    from prefect.agent.docker import DockerAgent

    # Passed here rather than as arguments of `prefect agent docker start`, where everyone could read the passwords.
    ours = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
    DockerAgent(
        labels=list(labels),
        env_vars=ours,
        networks=list(networks) or None,
        volumes=list(volumes),
        agent_address=address or None,
        base_url=engine,
        no_pull=True,
        show_flow_logs=True,
    ).start()
