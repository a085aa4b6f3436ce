"""brt-watch as a user types it: the real commands, on a data folder and ports of the test's own."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import IO
from unittest import mock

from brt_watch import cli

CHECKOUT = (sys.executable, "-m", "brt_watch")


class Commands:
    """The commands on one data folder."""

    def __init__(self, data: Path, program: tuple[str, ...] = CHECKOUT, **environment: str) -> None:
        self.data = data
        self.program = program
        self.environment = os.environ | {"BRT_WATCH_DATA": str(data)} | environment
        self.folder = Path.cwd()
        self.said_aside = ""
        """What the last command printed on the error output."""

    def run(self, *words: str, expect: int | None = 0) -> str:
        """Return the output of a command, after checking the expected exit code, if any."""
        done = subprocess.run(
            [*self.program, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=900,
        )
        self.said_aside = done.stderr
        assert expect in (done.returncode, None), f"{words}: {done.stdout}\n{done.stderr}\n{self.logs()}"
        return done.stdout

    def here(self, *words: str, expect: int | None = 0) -> str:
        """Return the output of a command of this checkout, run in this process, which saves two seconds of imports."""
        said, aside = io.StringIO(), io.StringIO()
        with (
            self.its_environment(),
            mock.patch.object(sys, "argv", ["brt-watch", *words]),
            redirect_stdout(said),
            redirect_stderr(aside),
        ):
            try:
                cli.main()
                code = 0
            except SystemExit as end:
                code = int(end.code or 0)
        assert expect in (code, None), f"{words}: {said.getvalue()}\n{aside.getvalue()}\n{self.logs()}"
        return said.getvalue()

    @contextmanager
    def its_environment(self) -> Iterator[None]:
        """Give this process the environment of the commands."""
        with (
            mock.patch.dict(os.environ, self.environment, clear=True),
            # What a command before this one, with other settings, has taken out of its environment.
            mock.patch.dict("brt_watch.store.embedded._shut_out", clear=True),
        ):
            yield

    @contextmanager
    def running(self, *words: str) -> Iterator[IO[str]]:
        """Run a command that does not exit; yields its output."""
        command = [*self.program, *words]
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            try:
                yield process.stdout
            finally:
                process.terminate()

    def logs(self) -> str:
        return "\n".join(f"{log}:\n{log.read_text()[-3000:]}" for log in sorted(self.data.glob("logs/*.log")))
