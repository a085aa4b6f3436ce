"""User actions on a running brt-watch, and events meanwhile."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import psutil

from brt_watch.capture.silence import BEHIND
from brt_watch.clock import parse_moment
from tests.acceptance.program import SPEED, Program, read_csv


def runs_for(status: dict[str, Any], name: str) -> timedelta:
    """Return how long a program has run, by the real clock."""
    (since,) = [each["since"] for each in status["programs"] if each["name"] == name]
    return datetime.now(timezone.utc) - parse_moment(since) if since else timedelta(0)


def test_stop_and_start_lose_nothing_after_any_crash(
    program: Program,
) -> None:
    """An unreachable API does not stop anything either."""
    program.run("start")
    program.wait_for(lambda status: status["last_good_poll"], 60)
    before = program.ledger()
    assert program.run("stop") == "stopped\n"
    assert program.run("stop") == "nothing was running\n"
    assert program.status()["problems"][0].startswith("brt-watch does not run")

    program.run("start")
    ran = {each["name"]: each["pid"] for each in program.status()["programs"]}
    psutil.Process(ran["capture"]).kill()
    psutil.Process(ran["postgres"]).kill()
    program.wait_for(
        lambda status: (
            {each["state"] for each in status["programs"]} == {"RUNNING"}
            and not {each["pid"] for each in status["programs"]} & {ran["capture"], ran["postgres"]}
            and status["database"]
        ),
        60,
    )
    program.wait_for(lambda status: status["last_poll"]["status"] == "ok", 60)

    # And the supervisor itself: its children live on, and a new start takes their place. Now the API is away, too.
    psutil.Process(int((program.data / "run" / "supervisord.pid").read_text())).kill()
    program.replay.terminate()
    program.replay.wait()
    assert "brt-watch runs." in program.run("start")
    # Until the new capture has begun, the old one's silence is the problem; then the new one is given some minutes.
    status = program.wait_for(
        lambda status: (
            status["database"]
            and runs_for(status, "capture") > BEHIND / SPEED
            and any("no good answer of the API" in problem for problem in status["problems"])
        ),
        90,
    )
    assert {each["state"] for each in status["programs"]} == {"RUNNING"}
    assert any("unreachable" in problem or "deadline" in problem for problem in status["problems"]), status["problems"]
    assert "problem" in program.run("status", expect=1)
    assert json.loads(program.run("status", "--json", expect=1)).keys() == status.keys()
    program.run("stop")

    after = program.ledger()
    assert after[: len(before)] == before
    ticks = [datetime.fromisoformat(row["tick"].replace("Z", "+00:00")) for row in after]
    assert ticks == [ticks[0] + n * timedelta(seconds=20) for n in range(len(ticks))], "every tick, once"
    assert {"missed", "failed"} <= {row["status"] for row in after}
    # At this speed a busy machine may let a poll's time end before the connection is refused.
    reasons = {row["reason"] for row in after if row["status"] == "failed"}
    assert "unreachable" in reasons
    others = [row for row in after if row["reason"] not in ("", "unreachable", "deadline", "not_asked", "not_running")]
    assert others == [], "a busy machine may take so long that the API is asked once a minute only"
    rows = sum(len(read_csv(folder, "brt.csv")) for folder in program.windows())
    assert rows == sum(int(row["records"]) for row in after)
