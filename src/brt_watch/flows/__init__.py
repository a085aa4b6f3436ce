"""Everything Prefect, and only here. Prefect loads a flow from this module, by its name.

Nothing is read when this module is imported: the flows are made, by the settings of that moment, when somebody asks for
one. Prefect Server knows the flows as "in brt_watch.flows"; that name must stay, for those registered before.
"""

from __future__ import annotations

from functools import cache
from typing import Any

NAMES = ("local_storage_flow", "postgres_storage_flow", "dbt_flow", "recover_flow")


@cache
def load_flows() -> dict[str, Any]:
    """Return the flows by name, made by the current settings; the first time this imports Prefect, which takes seconds.

    Prefect reads its own configuration when it is imported, so its variables are set before.
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
    """List the flows too: Prefect looks for them so."""
    return sorted([*globals(), *NAMES])
