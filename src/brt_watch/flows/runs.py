"""State handlers of the flows: skip useless runs, raise alerts on failures, show key numbers."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import prefect
import requests
from prefect import Client, Flow, Task
from prefect.artifacts import create_markdown_artifact
from prefect.engine.cloud import CloudFlowRunner
from prefect.engine.state import Skipped, State, TriggerFailed
from prefect.exceptions import ClientError

from brt_watch import lock
from brt_watch.capture import alerts as alert
from brt_watch.capture.alerts import Webhook
from brt_watch.capture.contract import Alert
from brt_watch.clock import UTC, Clock, write_moment
from brt_watch.errors import AlreadyRunning
from brt_watch.health import failing_since, write_failing
from brt_watch.masking import masked

PATIENCE_SECONDS = 5.0
"""How long an agent's run waits for the previous one, which may still be reporting its end."""


def show(**numbers: object) -> None:
    """Log the key numbers of a run, and show them as a table on its page if a Prefect Server is there."""
    logger = prefect.context.logger
    logger.info(", ".join(f"{name}: {value}" for name, value in numbers.items()))
    rows = "\n".join(f"| {name.replace('_', ' ')} | {value} |" for name, value in numbers.items())
    try:
        create_markdown_artifact(f"| what | number |\n|---|---|\n{rows}\n")
    except (ClientError, requests.RequestException) as error:
        logger.warning("the numbers are not on the page of the run: %s", error)


@dataclass
class Runs:
    """The state handlers of one flow. A run later than `late` is useless, because a later one does its work."""

    folder: Path
    late: timedelta
    clock: Clock
    webhook: Callable[[], Webhook]
    reasons: list[str] = field(default_factory=list)
    held: ExitStack = field(default_factory=ExitStack)

    def watch_over(self, flow: Flow) -> None:
        """Attach the handlers to a flow and its tasks."""
        for task in flow.tasks:
            task.state_handlers.append(self.note_reason)
        flow.state_handlers += [self.skip_late_or_second_run, self.alert_on_failure]

    def note_reason(self, task: Task, _old: State, new: State) -> State:
        """Remember why a task failed: the state of the flow does not contain it."""
        if new.is_failed() and not isinstance(new, TriggerFailed):
            self.reasons.append(f"{task.name}: {new.message}")
        return new

    def skip_late_or_second_run(self, flow: Flow, old: State, new: State) -> State:
        """Skip a server's run that is late or finds another one running; local runs are never skipped.

        Prefect Server has no concurrency limit: after an hour without an agent it starts all runs of that hour at once.
        """
        if new.is_running() and not old.is_running() and prefect.context.get("running_with_backend"):
            self.reasons.clear()
            lateness = datetime.now(UTC) - prefect.context.scheduled_start_time
            if lateness.total_seconds() > self.clock.real_seconds(self.late):
                return Skipped(f"it came {lateness.total_seconds():.0f} s late; a later run does its work")
            try:
                self.held.enter_context(
                    lock.hold(self.folder / "run" / f"{flow.name}.lock", flow.name, PATIENCE_SECONDS)
                )
            except AlreadyRunning as error:
                return Skipped(str(error))
        if new.is_finished():
            self.held.close()
        return new

    def alert_on_failure(self, flow: Flow, _old: State, new: State) -> State:
        """Raise an alert when runs of a flow begin to fail, and close it at the next good run."""
        mark = self.folder / "run" / f"{flow.name}.failing"
        if new.is_failed() and not mark.exists():
            since = self.clock.now()
            reason = "; ".join(dict.fromkeys(self.reasons)) or str(new.message)
            write_failing(mark, write_moment(since), masked(reason))
            self._send("raised", flow, reason, since)
        elif new.is_successful() and not new.is_skipped() and mark.exists():
            since = failing_since(mark) or self.clock.now()
            mark.unlink()
            self._send("closed", flow, "a run has succeeded again", since)
        if new.is_finished():
            self.reasons.clear()
        return new

    def _send(self, event: str, flow: Flow, detail: str, since: datetime) -> None:
        # In local mode the process continues, and the next minute must not wait; an agent's run ends now.
        patience = alert.PATIENCE_SECONDS if prefect.context.get("running_with_backend") else 0
        self.webhook().send([Alert(event, "run_failed", flow.name, detail, since)], patience)


class PatientClient(Client):
    """A client that waits before it reports that the server did not answer.

    At its end a run asks the server whether it was cancelled, and repeats this without a pause until it gets an answer:
    a server that is down would cost a whole processor (https://github.com/PrefectHQ/prefect/issues/4952).
    """

    def get_flow_run_info(self, flow_run_id: str) -> Any:
        """Return the server's information on a run; any error is raised after a pause."""
        try:
            return super().get_flow_run_info(flow_run_id)
        except Exception:
            time.sleep(PATIENCE_SECONDS)
            raise


class PatientFlowRunner(CloudFlowRunner):
    """Prefect's runner of an agent's flow runs, with a patient client."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.client = PatientClient()


def be_patient_with_the_server() -> None:
    """Make agents' runs use PatientFlowRunner, through Prefect's own setting for the runner class."""
    runner = prefect.config.engine.flow_runner
    if runner.default_class == f"prefect.engine.cloud.{CloudFlowRunner.__name__}":
        runner.default_class = PatientFlowRunner
