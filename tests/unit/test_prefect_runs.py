"""Handlers around the flow runs: alerts, useless runs, key numbers. Prefect is the real one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pendulum
import prefect
import pytest
import requests
from prefect.engine.state import Pending, Running, Success
from pytest_httpserver import HTTPServer

from brt_watch import lock, pipeline
from brt_watch.capture.alerts import Webhook
from brt_watch.clock import UTC
from brt_watch.errors import DatabaseUnreachable, FeedFailed
from brt_watch.place import home
from brt_watch.resources import Resources
from tests.conftest import ScriptedFeed, make_settings
from tests.run_flow import run, runs_of


@pytest.fixture
def webhook(httpserver: HTTPServer) -> HTTPServer:
    httpserver.expect_request("/alerts", method="POST").respond_with_data("")
    return httpserver


@pytest.fixture
def resources(
    make_resources: Callable[..., Resources], webhook: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> Resources:
    # A local run does not wait for the webhook; a test does.
    send = Webhook.send
    monkeypatch.setattr(Webhook, "send", lambda self, alerts, patience=3: send(self, alerts))
    return replace(make_resources(), webhook=Webhook(webhook.url_for("/alerts"), lambda: "test"))


def told(webhook: HTTPServer) -> list[dict[str, Any]]:
    return [json.loads(request.data) for request, _ in webhook.log]


def test_failing_runs_raise_one_alert_that_a_good_run_closes(
    flows: Any, webhook: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(folder: Path, resources: Resources) -> None:
        raise DatabaseUnreachable(where="db.example.org", reason="connection refused")

    monkeypatch.setattr(pipeline, "windows_to_load", lambda resources: [Path("a")])
    monkeypatch.setattr(pipeline, "load", gone)
    assert run(flows.postgres_storage_flow).is_failed()
    assert run(flows.postgres_storage_flow).is_failed()
    (alert,) = told(webhook)
    assert (alert["event"], alert["code"], alert["subject"]) == ("raised", "run_failed", "postgres_storage_flow")
    assert "Postgres does not answer at db.example.org: connection refused" in alert["detail"]
    assert "sum_up_loads: 0 of 1 windows loaded" in alert["detail"]

    monkeypatch.setattr(pipeline, "windows_to_load", lambda resources: [])
    monkeypatch.setattr(flows, "prune_feeds", lambda resources: None)
    assert run(flows.postgres_storage_flow).is_successful()
    assert [alert["event"] for alert in told(webhook)] == ["raised", "closed"]
    assert told(webhook)[1]["since"] == alert["since"]


def test_a_minute_without_a_good_poll_reports_its_reason(flows: Any, resources: Resources, webhook: HTTPServer) -> None:
    feed = resources.client
    assert isinstance(feed, ScriptedFeed)
    feed.script = [FeedFailed("unreachable", "no route")] * 3
    assert run(flows.local_storage_flow).is_failed()
    (alert,) = told(webhook)
    assert "0 of 3 polls good, 0 records: unreachable" in alert["detail"]


def test_a_poll_that_failed_in_a_good_minute_is_not_reported(
    flows: Any, resources: Resources, webhook: HTTPServer
) -> None:
    feed = resources.client
    assert isinstance(feed, ScriptedFeed)
    feed.script = [FeedFailed("unreachable", "no route")]
    assert run(flows.local_storage_flow).is_successful()
    assert told(webhook) == []
    assert runs_of(flows.local_storage_flow).reasons == []


def of_an_agent(flow: Any, at: datetime) -> Any:
    """What becomes of a run that an agent begins now, planned for `at`."""
    with prefect.context(running_with_backend=True, scheduled_start_time=pendulum.instance(at)):
        return runs_of(flow).skip_late_or_second_run(flow, Pending(), Running())


def test_a_late_run_of_an_agent_is_skipped(flows: Any) -> None:
    late = of_an_agent(flows.local_storage_flow, datetime.now(UTC) - timedelta(minutes=3))
    assert late.is_skipped()
    assert "180 s late" in late.message
    assert of_an_agent(flows.postgres_storage_flow, datetime.now(UTC) - timedelta(minutes=3)).is_running()
    runs_of(flows.postgres_storage_flow).held.close()


def test_one_run_of_a_flow_at_a_time(flows: Any, resources: Resources, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("brt_watch.flows.runs.PATIENCE_SECONDS", 0)
    flow, held = flows.dbt_flow, resources.settings.folder / "run" / "dbt_flow.lock"
    with lock.hold(held, "dbt_flow"):
        second = of_an_agent(flow, datetime.now(UTC))
        assert second.is_skipped()
        assert "dbt_flow runs already" in second.message
    assert of_an_agent(flow, datetime.now(UTC)).is_running()
    assert lock.holder(held)
    runs_of(flow).skip_late_or_second_run(flow, Running(), Success())
    assert lock.holder(held) is None


def test_local_runs_are_never_late(flows: Any) -> None:
    flow = flows.dbt_flow
    with prefect.context(scheduled_start_time=pendulum.datetime(2020, 1, 1)):
        assert runs_of(flow).skip_late_or_second_run(flow, Pending(), Running()).is_running()


@pytest.mark.parametrize(("image", "kind"), [("", "LocalRun"), ("ghcr.io/x/brt-watch:1", "DockerRun")])
def test_a_setting_chooses_where_an_agent_runs_the_flows(flows: Any, tmp_path: Path, image: str, kind: str) -> None:
    chosen = flows.run_config("brt-load", make_settings(tmp_path, flow_image=image)).serialize()
    assert (chosen["type"], chosen["labels"], chosen.get("image", "")) == (kind, ["brt-load"], image)
    assert not chosen["env"], "passwords would lie with the server"


def test_everything_of_prefect_is_in_the_flow_modules() -> None:
    source = home() / "src" / "brt_watch"
    knows = {
        str(path.relative_to(source))
        for path in source.rglob("*.py")
        if any(line.strip().startswith(("import prefect", "from prefect")) for line in path.read_text().splitlines())
    }
    assert knows
    assert all(path.startswith("flows/") for path in knows)


def test_a_run_asks_a_server_that_is_away_at_its_leisure(flows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.engine import get_default_flow_runner_class
    from prefect.utilities.configuration import set_temporary_config

    from brt_watch.flows.runs import be_patient_with_the_server

    naps: list[float] = []
    monkeypatch.setattr("brt_watch.flows.runs.time.sleep", naps.append)
    # As an agent sets it for the process of a run, which then loads the flow.
    with set_temporary_config({"engine.flow_runner.default_class": "prefect.engine.cloud.CloudFlowRunner"}):
        be_patient_with_the_server()
        client = get_default_flow_runner_class()(flows.dbt_flow).client

    def away(*_: Any) -> None:
        raise requests.ConnectionError

    monkeypatch.setattr(client, "graphql", away)
    with pytest.raises(requests.ConnectionError):
        client.get_flow_run_info("a run")
    assert naps == [5]


def test_local_runs_keep_prefects_own_runner(flows: Any) -> None:
    from prefect.engine import get_default_flow_runner_class

    assert get_default_flow_runner_class().__module__ == "prefect.engine.flow_runner"
