"""All Prefect code is in this package. Prefect loads a flow from this module, by its name.

Importing this module reads no settings: a flow is created on request, with the settings of that moment. Prefect Server
stores the flows as "in brt_watch.flows"; the name must stay, for flows registered earlier.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from brt_watch.health import ALL_FLOWS

NAMES = tuple(ALL_FLOWS.values())


@cache
def load_flows() -> dict[str, Any]:
    """Return the flows by name, with the current settings; the first call imports Prefect, which takes seconds.

    Prefect reads its own configuration when it is imported, so its variables are set first.
    """
    from brt_watch.flows import home
    from brt_watch.settings import load_settings

    settings = load_settings()
    home.enter(settings)
    from brt_watch.flows.flows import build

    return build(settings)


def __getattr__(name: str) -> Any:
    """Return a flow by its name, for Prefect's storage."""
    if name in NAMES:
        return load_flows()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Include the flows: Prefect finds them through dir()."""
    return sorted([*globals(), *NAMES])
