"""scripts/environment never takes an environment away from what runs in it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

from brt_watch.place import home


def test_an_environment_in_use_is_not_renewed(tmp_path: Path) -> None:
    """As `make start` after a git pull that brought a new lock file."""
    environment = tmp_path / "environment"
    (environment / "bin").mkdir(parents=True)
    python = environment / "bin" / "python"
    python.symlink_to(sys.executable)
    (environment / "keep").touch()
    # Without uv and pip: what would make a new one must not be reached.
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    (stubs / "uv").write_text("#!/bin/sh\nexit 9\n")
    (stubs / "uv").chmod(0o755)
    paths = {"PATH": f"{stubs}:{os.environ['PATH']}", "PYTHONPATH": sysconfig.get_path("purelib")}
    command = ["scripts/environment", str(environment), sys.executable]
    with subprocess.Popen([python, "-c", "input()"], stdin=subprocess.PIPE) as at_work:
        done = subprocess.run(command, cwd=home(), env=os.environ | paths, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (1, "")
        assert "is in use" in done.stderr
        assert "make stop" in done.stderr
        assert str(at_work.pid) in done.stderr
        assert at_work.stdin
        at_work.stdin.close()
    done = subprocess.run(command, cwd=home(), env=os.environ | paths, capture_output=True, text=True)
    assert done.returncode == 9, "nobody uses it any more"


def test_half_an_environment_is_renewed_in_silence(tmp_path: Path) -> None:
    """Its installation was ended midway: Python is there, nothing else is."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").write_text(f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
    (tmp_path / "bin" / "python").chmod(0o755)
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    (stubs / "uv").write_text("#!/bin/sh\nexit 9\n")
    (stubs / "uv").chmod(0o755)
    environment = os.environ | {"PATH": f"{stubs}:{os.environ['PATH']}"}
    command = ["scripts/environment", str(tmp_path), sys.executable]
    done = subprocess.run(command, cwd=home(), env=environment, capture_output=True, text=True)
    assert done.returncode == 9
    assert "Traceback" not in done.stderr
