"""scripts/processor-time counts what `make test` costs."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from brt_watch.place import home

SERVICE = """
import os, time
reader, writer = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        while time.process_time() < 1.2:
            pass
        os.write(writer, b"%d" % os.getpid())
    os._exit(0)
os.wait()
service = int(os.read(reader, 20))
while os.path.exists(f"/proc/{service}"):
    time.sleep(0.01)
raise SystemExit(3)
"""
"""A process that works after its parent has ended, as services do."""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody inherits such processes")
def test_what_outlives_its_parent_is_counted_too() -> None:
    command = ["scripts/processor-time", sys.executable, "-c", SERVICE]
    done = subprocess.run(command, cwd=home(), capture_output=True, text=True)
    assert done.returncode == 3
    assert re.fullmatch(r"processor time: 0 min [1-9]\d* s\n", done.stdout)
