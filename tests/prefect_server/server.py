"""The server: its tables, and what it does when it is asked."""

from __future__ import annotations

import base64
import gzip
import json
import uuid
from collections import Counter
from copy import deepcopy
from datetime import datetime
from typing import Any

from brt_watch.clock import UTC, parse_moment

Row = dict[str, Any]

MOST_RUNS_AT_ONCE = 25
"""Maximum number of runs that an agent gets per query."""


class PrefectServer:
    """Tables in memory. Each method named like an operation of the schema answers it."""

    def __init__(self) -> None:
        self.tenants: list[Row] = []
        self.projects: list[Row] = []
        self.flows: list[Row] = []
        self.flow_runs: dict[str, Row] = {}
        self.task_runs: dict[str, Row] = {}
        self.agents: list[Row] = []
        self.logs: list[Row] = []
        self.artifacts: list[Row] = []
        self.heartbeats: Counter[str] = Counter()

    def know(self, other: PrefectServer) -> None:
        """Begin with the tenants, the projects and the flows of another server."""
        self.tenants, self.projects, self.flows = deepcopy((other.tenants, other.projects, other.flows))

    # -- questions ------------------------------------------------------------------------------------------------

    def hello(self, _info: Any) -> str:
        return "👋"

    def tenant(self, _info: Any, order_by: Any = None) -> list[Row]:
        return self.tenants

    def project(self, _info: Any, where: Row) -> list[Row]:
        (name,) = [condition["_eq"] for field, condition in where.items() if field == "name"]
        return [project for project in self.projects if project["name"] == name]

    def flow(self, _info: Any, where: Row, order_by: Row, limit: int) -> list[Row]:
        wanted, project = where["_and"]["name"]["_eq"], where["_and"]["project"]["id"]["_eq"]
        assert order_by == {"version": "desc"}
        found = [flow for flow in self.flows if flow["name"] == wanted and flow["project"]["id"] == project]
        return sorted(found, key=lambda flow: -int(flow["version"]))[:limit]

    def flow_run(self, _info: Any, where: Row) -> list[Row]:
        if "_eq" in where["id"]:
            return [self.flow_runs[where["id"]["_eq"]]]
        # What an agent asks before it takes runs: is it still there to be taken, or has a task to be tried again?
        scheduled, retrying = where["_or"]
        assert scheduled == {"state": {"_eq": "Scheduled"}}
        found = [self.flow_runs[run_id] for run_id in where["id"]["_in"]]
        return [
            run
            for run in found
            if run["state"] == "Scheduled"
            or (run["state"] == "Running" and run["task_runs"](None, retrying["task_runs"]))
        ]

    def flow_run_by_pk(self, _info: Any, id: str) -> Row | None:
        return self.flow_runs.get(id)

    # -- orders ---------------------------------------------------------------------------------------------------

    def create_tenant(self, _info: Any, input: Row) -> Row:
        return _add(self.tenants, input)

    def create_project(self, _info: Any, input: Row) -> Row:
        if any(project["name"] == input["name"] for project in self.projects):
            raise ValueError("'Uniqueness violation.'")
        return _add(self.projects, input)

    def create_flow_from_compressed_string(self, _info: Any, input: Row) -> Row:
        flow = json.loads(gzip.decompress(base64.b64decode(input["serialized_flow"])))
        (project,) = [project for project in self.projects if project["id"] == input["project_id"]]
        older = [known for known in self.flows if known["name"] == flow["name"] and known["project"] is project]
        if older and older[-1]["idempotency_key"] == input["idempotency_key"]:
            return older[-1]
        return _add(
            self.flows,
            {
                **{name: flow[name] for name in ("name", "storage", "run_config", "environment", "schedule")},
                "project": project,
                "version": len(older) + 1,
                "idempotency_key": input["idempotency_key"],
                "core_version": flow["__version__"],
                "settings": {},
                "is_schedule_active": input["set_schedule_active"] and bool(flow["schedule"]),
                "tasks": [{"id": str(uuid.uuid4()), **task} for task in flow["tasks"]],
            },
        )

    def register_agent(self, _info: Any, input: Row) -> Row:
        return _add(self.agents, input)

    def get_runs_in_queue(self, _info: Any, input: Row) -> Row:
        before, labels = parse_moment(input["before"]), set(input["labels"])
        due = [
            run["id"]
            for run in self.flow_runs.values()
            if run["state"] == "Scheduled"
            and parse_moment(run["serialized_state"]["start_time"]) <= before
            and set(run["run_config"]["labels"]) <= labels
        ]
        return {"flow_run_ids": due[:MOST_RUNS_AT_ONCE]}

    def set_flow_run_states(self, _info: Any, input: Row) -> Row:
        return {"states": [self._set_state(self.flow_runs[new["flow_run_id"]], new) for new in input["states"]]}

    def set_task_run_states(self, _info: Any, input: Row) -> Row:
        for new in input["states"]:
            run = self.task_runs[new["task_run_id"]]
            if new["state"]["type"] == "Running" and self.flow_runs[run["flow_run_id"]]["state"] != "Running":
                raise ValueError(f"State update failed for task run ID {run['id']}: its flow run does not run")
        return {"states": [self._set_state(self.task_runs[new["task_run_id"]], new) for new in input["states"]]}

    def _set_state(self, run: Row, new: Row) -> Row:
        run |= {"state": new["state"]["type"], "serialized_state": new["state"], "version": run["version"] + 1}
        run["history"].append(new["state"]["type"])
        return {"id": run["id"], "status": "SUCCESS", "message": None}

    def get_or_create_task_run_info(self, _info: Any, input: Row) -> Row:
        for run in self.task_runs.values():
            if {name: run[name] for name in input} == input:
                return run
        (task,) = [
            task for task in self._tasks_of(self.flow_runs[input["flow_run_id"]]) if task["id"] == input["task_id"]
        ]
        # Imported here: all processes of a test run would take a second longer to start.
        from prefect.engine.state import Pending

        state = Pending("Task run created").serialize()
        run = {**input, "id": str(uuid.uuid4()), "task": task, "version": 0, "name": None, "history": ["Pending"]}
        self.task_runs[run["id"]] = run | {"state": "Pending", "serialized_state": state}
        return self.task_runs[run["id"]]

    def set_task_run_name(self, _info: Any, input: Row) -> Row:
        self.task_runs[input["task_run_id"]]["name"] = input["name"]
        return {"success": True}

    def update_flow_run_heartbeat(self, _info: Any, input: Row) -> Row:
        self.heartbeats[input["flow_run_id"]] += 1
        return {"success": True}

    def write_run_logs(self, _info: Any, input: Row) -> Row:
        logs = input["logs"]
        self.logs += logs if isinstance(logs, list) else [logs]
        return {"success": True}

    def create_task_run_artifact(self, _info: Any, input: Row) -> Row:
        assert input["task_run_id"] in self.task_runs
        return _add(self.artifacts, input)

    # -- what happens by itself -----------------------------------------------------------------------------------

    def schedule(self, flow: Row, at: datetime) -> Row:
        """Plan a run, as the server's scheduler does; planned twice it is one run."""
        for run in self.flow_runs.values():
            if run["flow"] is flow and parse_moment(run["scheduled_start_time"]) == at:
                return run
        from prefect.engine.state import Scheduled

        run = {
            "id": str(uuid.uuid4()),
            "name": f"run-{len(self.flow_runs)}",
            "flow_id": flow["id"],
            "flow": flow,
            "version": 1,
            "state": "Scheduled",
            "serialized_state": Scheduled("Flow run scheduled.", start_time=at).serialize(),
            "history": ["Scheduled"],
            "scheduled_start_time": at.astimezone(UTC).isoformat(),
            "parameters": {},
            "context": {},
            "run_config": flow["run_config"],
        }
        run["task_runs"] = lambda _info, where: self._task_runs(run["id"], where)
        self.flow_runs[run["id"]] = run
        for task in flow["tasks"]:  # a trigger of its database does this
            self.get_or_create_task_run_info(None, {"flow_run_id": run["id"], "task_id": task["id"], "map_index": -1})
        return run

    def bury(self, run: Row) -> None:
        """Do with a run whose heart has stopped what the server does: its running tasks fail, and it is tried again."""
        dead = {"message": "No heartbeat detected from the remote task; marking the run as failed."}
        for task_run in self._task_runs(run["id"], {}):
            if task_run["state"] == "Running":
                self._set_state(task_run, {"state": {**task_run["serialized_state"], **dead, "type": "Failed"}})
        from prefect.engine.state import Scheduled

        again = Scheduled("Rescheduled by a Lazarus process.", start_time=datetime.now(UTC)).serialize()
        self._set_state(run, {"state": again})

    def _tasks_of(self, run: Row) -> list[Row]:
        return list(run["flow"]["tasks"])

    def _task_runs(self, flow_run_id: str, where: Row) -> list[Row]:
        found = [run for run in self.task_runs.values() if run["flow_run_id"] == flow_run_id]
        for field, condition in where.items():
            if field == "map_index":
                found = [run for run in found if run["map_index"] == condition["_eq"]]
            elif field == "state_start_time":
                limit = parse_moment(condition["_lte"])
                starts = [(run, run["serialized_state"].get("start_time")) for run in found]
                found = [run for run, start in starts if start and parse_moment(start) <= limit]
            else:
                raise ValueError(f"task runs are never asked for by {field}")
        return found


def _add(table: list[Row], row: Row) -> Row:
    table.append({"id": str(uuid.uuid4()), **row})
    return table[-1]
