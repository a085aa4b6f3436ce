from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from brt_watch.resources import Resources


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
