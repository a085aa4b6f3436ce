from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brt_watch.resources import Resources

DERIVES = "dbt and DuckDB do the work"
SERVES = "FastAPI does the work"
STARTS = "starts a program for each test"
LONG = "simulates or learns for long, with numpy"
TOOLS = "runs a tool of the development environment"
ON_ONE_PYTHON = {
    "test_ci.py": TOOLS,
    "test_cli.py": STARTS,
    "test_compiled_models.py": DERIVES,
    "test_environment.py": STARTS,
    "test_environment_script.py": STARTS,
    "test_forecasts.py": DERIVES,
    "test_grid.py": DERIVES,
    "test_health.py": SERVES,
    "test_lake.py": DERIVES,
    "test_lake_commands.py": DERIVES,
    "test_lake_killed.py": STARTS,
    "test_lake_losses.py": DERIVES,
    "test_mirror.py": STARTS,
    "test_network_import.py": LONG,
    "test_network_learn.py": LONG,
    "test_notebook.py": STARTS,
    "test_place.py": STARTS,
    "test_prefect_compose.py": TOOLS,
    "test_prefect_runs.py": STARTS,
    "test_simulate_history.py": LONG,
    "test_simulate_traffic.py": LONG,
    "test_simulate_world.py": LONG,
    "test_spark_cluster.py": STARTS,
    "test_spark_runs.py": DERIVES,
    "test_spark_sql.py": DERIVES,
    "test_spark_storage.py": STARTS,
    "test_web_access.py": SERVES,
    "test_web_first_minute.py": SERVES,
    "test_web_live.py": DERIVES,
}
"""Files that `make test-pythons` leaves out (--portable), each with its reason: the work there is done by others, which
are the same on every Python, or takes long. `make test-all` runs them too."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    return True if config.getoption("--portable") and collection_path.name in ON_ONE_PYTHON else None


@pytest.fixture
def flows(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of the flows, whose runs use the test's resources."""
    # Prefect takes seconds to import, which is for those tests alone that run flows.
    from brt_watch.flows import load_flows

    made = load_flows()
    from brt_watch.flows import flows
    from tests.run_flow import runs_of

    monkeypatch.setattr(flows, "resources", lambda: resources)
    monkeypatch.setattr(flows, "FLOWS", made, raising=False)
    for name, flow in made.items():
        monkeypatch.setattr(flows, name, flow, raising=False)
        # Which runs failed is noted in a folder, and not in the user's.
        monkeypatch.setattr(runs_of(flow), "folder", resources.settings.folder)
    yield flows
    for flow in made.values():
        runs_of(flow).reasons.clear()
