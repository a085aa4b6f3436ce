"""A run of a flow by the real Prefect, in the process of the test."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pendulum
import prefect

from brt_watch.flows.runs import Runs
from tests.made_vehicles import NOON


def run(flow: Any, minute: datetime = NOON) -> Any:
    """Run a flow as its schedule would at this minute."""
    moment = pendulum.instance(minute)
    with prefect.context(scheduled_start_time=moment):
        runner = prefect.engine.flow_runner.FlowRunner(flow=flow)
        return runner.run(return_tasks=flow.tasks, context={"scheduled_start_time": moment})


def runs_of(flow: Any) -> Runs:
    """Return the handlers around the runs of a flow."""
    runs = flow.state_handlers[-1].__self__
    assert isinstance(runs, Runs)
    return runs
