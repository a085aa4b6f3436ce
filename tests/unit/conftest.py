from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from brt_watch.resources import Resources


@pytest.fixture
def flows(resources: Resources, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module of the flows, whose runs are made of the test's resources."""
    # Prefect takes seconds to import, which is for those tests alone that run flows.
    from brt_watch.flows import flows
    from tests.run_flow import runs_of

    monkeypatch.setattr(flows, "resources", lambda: resources)
    for flow in flows.FLOWS.values():
        # Which runs failed is noted in a folder, and not in the user's.
        monkeypatch.setattr(runs_of(flow), "folder", resources.settings.folder)
    yield flows
    for flow in flows.FLOWS.values():
        runs_of(flow).reasons.clear()
