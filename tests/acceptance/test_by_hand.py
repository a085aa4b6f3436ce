from __future__ import annotations

import json

from tests.acceptance.program import Program


def test_the_same_steps_go_by_hand(program: Program) -> None:
    program.environment.pop("BRT_WATCH_CLOCK")
    # By hand there is no hurry, and the replay stays at the end of its recording.
    assert "up to date" in program.run("db", "schema")
    assert "nothing to load" in program.run("load")
    poll = json.loads(program.run("capture", "--once", "--json"))
    assert (poll["status"], poll["records"]) in {("ok", 60), ("late", 60)}
    assert "1 captured minutes" in program.run("load")
    assert "generate_view has 0 vehicles" in program.run("transform")
    assert "agree" in program.run("verify")
    assert "CSV of 0 windows deleted" in program.run("archive")
    assert "0 windows" in program.run("rebuild", "--dry-run")
    assert "(0 rows)" in program.run("db", "psql", "-c", "select * from generate_view")
    assert "local_storage_flow" in program.run("flow", "list")
    program.run("db", "stop")
