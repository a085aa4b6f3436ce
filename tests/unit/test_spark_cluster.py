"""What keeps the processes of a Spark cluster from outliving the one that started them; needs no Spark."""

from __future__ import annotations

import subprocess
import sys

import psutil

from brt_watch.transform.spark_cluster import GUARDED

STARTER = f"""
import subprocess, time
command = ["sh", "-c", {GUARDED!r}, "sh", "sleep", "1000"]
guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
print(guard.pid, flush=True)
time.sleep(1000)
"""


def test_a_guarded_program_ends_with_its_starter() -> None:
    """Also by SIGKILL, after which the starter itself can end nothing."""
    with subprocess.Popen([sys.executable, "-c", STARTER], stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout
        guard = psutil.Process(int(starter.stdout.readline()))
        while not [each for each in guard.children(recursive=True) if each.name() == "sleep"]:
            assert guard.is_running()
        family = [guard, *guard.children(recursive=True)]
        starter.kill()
    _, alive = psutil.wait_procs(family, timeout=60)
    assert [each.name() for each in alive] == []


def test_a_guard_ends_with_its_program() -> None:
    guarded = ["sh", "-c", GUARDED, "sh", "true"]
    with subprocess.Popen(guarded, stdin=subprocess.PIPE, start_new_session=True) as guard:
        assert guard.wait(60) is not None
