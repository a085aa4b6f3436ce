"""What Prefect is told before it is imported: its files lie in our data folder, and it never talks to its cloud."""

from __future__ import annotations

import os

from brt_watch.settings import Settings

MODULE = "brt_watch.flows"
"""Where a Prefect Server is told that the flows lie."""


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables that keep Prefect out of the user's home, and say which server is ours."""
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
    """Tell Prefect in the environment of this process; what is set there already stays."""
    for name, value in environment(settings).items():
        os.environ.setdefault(name, value)
