"""The flows as a team runs them: the real `prefect register`, the real agents, the real processes of flow runs.

Only the server is a double (tests/prefect_server), for the real one needs Docker.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr
from pytest_httpserver import HTTPServer

from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.window import read_ledger
from brt_watch.resources import Resources
from brt_watch.simulate.fault_kinds import good, silence_before_the_head
from tests.faults import FaultyApi
from tests.free_port import free_port
from tests.integration.captured import capture, one
from tests.made_vehicles import NOON, body, vehicle
from tests.prefect_server.http import PrefectApi
from tests.prefect_server.office import Office
from tests.prefect_server.server import PrefectServer

pytestmark = [pytest.mark.system, pytest.mark.with_network]

ALL = {"local_storage_flow", "postgres_storage_flow", "dbt_flow", "recover_flow", "mirror_flow"}
NO_FEED = "http://127.0.0.1:9/gps/brt"
NO_DATABASE = "postgresql://me:geheim@127.0.0.1:9/brt"


@pytest.fixture
def api() -> Iterator[PrefectApi]:
    with PrefectApi(PrefectServer()).running() as api:
        yield api
        assert api.refused == []


@pytest.fixture
def feed() -> Iterator[FaultyApi]:
    with FaultyApi().running() as feed:
        feed.body = body(vehicle("1", NOON), vehicle("2", NOON), vehicle("", NOON))
        yield feed


@pytest.fixture(scope="module")
def registration(tmp_path_factory: pytest.TempPathFactory) -> tuple[PrefectServer, str]:
    """An empty server after its first registration, which takes a few seconds, and the printed output."""
    with PrefectApi(PrefectServer()).running() as api:
        office = Office(tmp_path_factory.mktemp("first"), api, NO_FEED, BRT_WATCH_DATABASE_URL=NO_DATABASE)
        return api.server, office.register()


@pytest.fixture
def make_office(
    tmp_path: Path, api: PrefectApi, feed: FaultyApi, registration: tuple[PrefectServer, str]
) -> Callable[..., Office]:
    """Return a function that makes an office whose server knows the flows."""

    def make(**settings: str) -> Office:
        api.server.know(registration[0])
        return Office(tmp_path, api, f"http://127.0.0.1:{feed.server_port}/gps/brt", **settings)

    return make


@pytest.fixture
def office(make_office: Callable[..., Office]) -> Iterator[Office]:
    office = make_office(BRT_WATCH_DATABASE_URL=NO_DATABASE)
    yield office
    assert list(office.home.iterdir()) == [], "nothing is written into the user's home"


def polls(office: Office) -> list[tuple[str, bool, int]]:
    files = CaptureFiles(office.data, "")
    lines = [line.poll for folder in files.newest_first() for line in read_ledger(folder)]
    return [(f"{poll.tick:%H:%M:%S}", poll.status.is_good, poll.records) for poll in lines]


def test_registering_makes_what_is_new_and_only_that(office: Office, registration: tuple[PrefectServer, str]) -> None:
    """Tenant and project once, and a version of a flow for each change of it."""
    assert "5 registered" in registration[1]
    assert {flow["name"] for flow in office.server.flows} == ALL
    assert all(flow["version"] == 1 and flow["is_schedule_active"] for flow in office.server.flows)

    assert "1 registered, 4 skipped" in office.register(BRT_WATCH_LOAD_MINUTES="5")
    assert [tenant["slug"] for tenant in office.server.tenants] == ["default"]
    assert [project["name"] for project in office.server.projects] == ["brt_watch"]
    assert office.flow("postgres_storage_flow")["version"] == 2
    assert sorted(flow["name"] for flow in office.server.flows) == sorted([*ALL, "postgres_storage_flow"])


def test_what_is_registered_has_schedules_labels_and_no_password(office: Office) -> None:
    found = {
        flow["name"]: (flow["schedule"]["clocks"][0]["interval"] // 60_000_000, flow["run_config"]["labels"])
        for flow in office.server.flows
    }
    assert found == {
        "local_storage_flow": (1, ["brt-capture"]),
        "postgres_storage_flow": (13, ["brt-load"]),
        "dbt_flow": (1, ["brt-transform"]),
        "recover_flow": (60, ["brt-recover"]),
        "mirror_flow": (60, ["brt-mirror"]),
    }
    assert {flow["run_config"]["type"] for flow in office.server.flows} == {"LocalRun"}
    assert {flow["storage"]["module"] for flow in office.server.flows} == {"brt_watch.flows"}
    assert "geheim" not in json.dumps(office.server.flows, default=str)


def test_with_an_image_flows_run_in_docker(office: Office) -> None:
    office.register(BRT_WATCH_FLOW_IMAGE="brt-watch:1")
    newest = [office.flow(name)["run_config"] for name in ALL]
    assert {(config["type"], config["image"]) for config in newest} == {("DockerRun", "brt-watch:1")}
    assert "geheim" not in json.dumps(office.server.flows, default=str)


def test_a_server_that_is_not_there_is_a_sentence(office: Office) -> None:
    said = office.register(expect=1, BRT_WATCH_PREFECT_API=f"http://127.0.0.1:{free_port()}")
    assert "No Prefect Server answers" in said
    assert "Traceback" not in said


def test_agent_runs_due_flows_skips_late_ones_and_reports(office: Office) -> None:
    """The page of the run shows its result."""
    late = [office.schedule("local_storage_flow", NOON - timedelta(minutes=minute)) for minute in (4, 2)]
    run = office.schedule("local_storage_flow")
    port = free_port()
    with office.agent("--address", f"http://127.0.0.1:{port}"):
        assert [office.finished(each) for each in (*late, run)] == ["Skipped"] * 2 + ["Success"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health") as answer:
            assert answer.status == 200
    assert polls(office) == [("12:00:00", True, 2)]
    assert "a later run does its work" in late[0]["serialized_state"]["message"]
    assert run["history"] == ["Scheduled", "Submitted", "Running", "Success"]
    tasks = office.tasks(run)
    assert tasks["capture 12:00:00"]["state"] == "Success"
    assert tasks["sum_up_polls"]["serialized_state"]["message"] == "1 of 1 polls good, 2 records"
    (artifact,) = office.server.artifacts
    assert artifact["task_run_id"] == tasks["sum_up_polls"]["id"]
    assert "| records | 2 |" in artifact["data"]["markdown"]
    assert "| rejects | 1 |" in artifact["data"]["markdown"]
    assert "records: 2" in office.logs()
    assert office.server.heartbeats[run["id"]] >= 1
    (agent,) = office.server.agents
    assert (agent["type"], sorted(agent["labels"])) == (
        "LocalAgent",
        ["brt-capture", "brt-load", "brt-mirror", "brt-recover", "brt-transform"],
    )


def test_a_flow_whose_runs_fail_raises_an_alert(
    make_office: Callable[..., Office], resources: Resources, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/alerts", method="POST").respond_with_data("")
    office = make_office(
        BRT_WATCH_DATABASE_URL=NO_DATABASE,
        BRT_WATCH_DATA=str(resources.settings.folder),
        BRT_WATCH_ALERT_WEBHOOK=httpserver.url_for("/alerts"),
    )
    capture(resources, [])
    with office.agent():
        runs = [office.schedule("postgres_storage_flow", NOON + timedelta(seconds=n)) for n in (0, 1)]
        assert [office.finished(run) for run in runs] == ["Failed", "Failed"]
    (alert,) = [json.loads(request.data) for request, _ in httpserver.log]
    assert (alert["event"], alert["code"], alert["subject"]) == ("raised", "run_failed", "postgres_storage_flow")
    assert "Postgres does not answer" in alert["detail"]
    assert "geheim" not in alert["detail"] + office.logs() + office.log.read_text()


def the_run(agent: int) -> psutil.Process | None:
    """The process of a flow run, once it exists."""
    (run,) = psutil.Process(agent).children() or [None]
    return run


def test_killed_and_retried_run_loses_and_doubles_nothing(office: Office, feed: FaultyApi) -> None:
    feed.fault = silence_before_the_head
    with office.agent() as agent:
        run = office.schedule("local_storage_flow")
        office.wait_for(lambda: office.tasks(run).get("capture 12:00:00", {}).get("state") == "Running")
        process = the_run(agent.pid)
        assert process
        process.kill()
        assert run["state"] == "Running", "nobody has told the server"
        feed.fault = good
        with office.api.lock:
            office.server.bury(run)
        office.finished(run)
        # The next one has the lock that the killed one held.
        again = office.schedule("local_storage_flow", NOON + timedelta(seconds=1))
        assert office.finished(again) == "Success"
    assert polls(office) == [("12:00:00", True, 2)]


def test_a_run_outlives_its_agent(office: Office, feed: FaultyApi) -> None:
    feed.fault = silence_before_the_head
    with ExitStack() as away:
        agent = away.enter_context(office.agent())
        run = office.schedule("local_storage_flow")
        office.wait_for(lambda: office.tasks(run).get("capture 12:00:00", {}).get("state") == "Running")
        process = the_run(agent.pid)
    assert process
    assert process.is_running(), "an agent that stops lets its runs end"
    feed.fault = good
    assert office.finished(run) in ("Success", "Failed")


def test_two_agents_by_label_take_a_window_to_the_view(
    make_office: Callable[..., Office], resources: Resources, database: SecretStr
) -> None:
    capture(resources, [])
    office = make_office(
        BRT_WATCH_DATABASE_URL=database.get_secret_value(), BRT_WATCH_DATA=str(resources.settings.folder)
    )
    loads, nobody_takes = office.schedule("postgres_storage_flow"), office.schedule("local_storage_flow")
    with office.agent("--label", "brt-load"):
        assert office.finished(loads) == "Success"
        derives = office.schedule("dbt_flow")
        with office.agent("--label", "brt-transform"):
            assert office.finished(derives) == "Success"
    assert nobody_takes["state"] == "Scheduled"
    assert sorted(agent["labels"] for agent in office.server.agents) == [["brt-load"], ["brt-transform"]]
    (name,) = [name for name in office.tasks(loads) if name.startswith("load 2")]
    assert office.tasks(loads)[name]["state"] == "Success"
    assert one(resources, "select count(*) from generate_view") == 1
    tables = [artifact["data"]["markdown"] for artifact in office.server.artifacts]
    assert "| new signals | 39 |" in tables[0]
    assert "| models |" in tables[1]


def test_the_server_and_the_local_mode_run_the_same_flows(office: Office) -> None:
    from prefect.serialization.storage import StorageSchema

    from brt_watch.flows import load_flows
    from brt_watch.health import FLOWS

    flows = load_flows()
    for flow in office.server.flows:
        assert StorageSchema().load(flow["storage"]).get_flow(flow["name"]) is flows[flow["name"]]
    assert (
        {*FLOWS.values(), "recover_flow", "mirror_flow"} == set(flows) == {flow["name"] for flow in office.server.flows}
    )


def test_the_double_refuses_what_it_does_not_know() -> None:
    api = PrefectApi(PrefectServer())
    for query in ("{ agent { id } }", "{ tenant { password } }", "mutation { delete_project(input: {}) { success } }"):
        status, answer = api.answer("/", {"query": query, "variables": "null"}, "0.15.9")
        assert (status, answer["data"]) == (400, None)
    assert api.answer("/", {"query": "{ hello }"}, "1.0.0")[0] == 400
    assert api.answer("/", {"query": "{ hello }"}, "0.15.9") == (200, {"data": {"hello": "👋"}})
    assert len(api.refused) == 4
