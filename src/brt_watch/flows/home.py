"""Prefect's configuration, set before its import: its files go to the data folder, and it never calls its cloud."""

from __future__ import annotations

import os

from brt_watch.settings import Settings

MODULE = "brt_watch.flows"
"""The module from which Prefect loads the flows."""


def label_of(step: str) -> str:
    """Return the label by which an agent takes the flow of a step."""
    return f"brt-{step}"


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables that keep Prefect out of the user's home and name the server."""
    home = settings.folder / "prefect"
    return {
        "PREFECT__BACKEND": "server",
        "PREFECT__HOME_DIR": str(home),
        "PREFECT__USER_CONFIG_PATH": str(home / "config.toml"),
        "PREFECT__SERVER__ENDPOINT": str(settings.prefect_api).rstrip("/"),
        # Otherwise each run of an agent starts a second interpreter for its heartbeat.
        "PREFECT__CLOUD__HEARTBEAT_MODE": "thread",
    }


def enter(settings: Settings) -> None:
    """Set the variables in the environment of this process; existing ones stay."""
    for name, value in environment(settings).items():
        os.environ.setdefault(name, value)


def enter_alone(settings: Settings) -> None:
    """Configure Prefect to run without a server; the user's own Prefect settings do not apply."""
    for name in [name for name in os.environ if name.startswith("PREFECT__")]:
        del os.environ[name]
    enter(settings)
