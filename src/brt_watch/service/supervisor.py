"""The processes of `make start`, kept running by supervisor: Postgres, one process per flow, and the page."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from configparser import ConfigParser
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from brt_watch import disk, lock
from brt_watch.capture.simulation import simulation_of
from brt_watch.clock import UTC
from brt_watch.errors import NotRunning, ServiceFailed, SupervisorSilent
from brt_watch.health import ALL_FLOWS, CONFIGURATION, FLOWS, MIRROR, RECOVER, SIMULATOR, WEB, supervisor_process
from brt_watch.place import home
from brt_watch.settings import PASSED_ON, PREFIX, Settings
from brt_watch.store.embedded import Server

DATABASE = "postgres"
ALL = (DATABASE, SIMULATOR, *ALL_FLOWS, WEB)
SOCKET = "supervisor.sock"

LONGEST_SOCKET_PATH = 90
"""The limit of a socket's path is 104 bytes; supervisor appends its process id while it creates one."""

PARTS = (*FLOWS, WEB)
"""The programs besides Postgres."""


@dataclass(frozen=True)
class Program:
    """A process that supervisor keeps running. `state` is supervisor's name for its state (RUNNING, BACKOFF, ...)."""

    name: str
    state: str
    pid: int | None
    since: datetime | None


@contextmanager
def known_as(name: str, settings: Settings) -> Iterator[None]:
    """Hold the lock that identifies a program whose supervisor has died; by hand it may run several times."""
    supervised = "SUPERVISOR_ENABLED" in os.environ
    with lock.hold(settings.folder / "run" / f"{name}.lock", name) if supervised else nullcontext():
        yield


class Service:
    """The supervised processes of one data folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run = settings.folder / "run"
        self.logs = settings.folder / "logs"
        self.config = self.run / CONFIGURATION

    @property
    def names(self) -> list[str]:
        """The programs, in the order of their start."""
        simulation = simulation_of(self.settings)
        own = [DATABASE] if self.settings.embedded_postgres else []
        return [*own, *([SIMULATOR] if simulation and simulation.demo else []), *self.parts]

    @property
    def parts(self) -> list[str]:
        """The programs other than Postgres and a simulation."""
        return [*self.flows, WEB]

    @property
    def flows(self) -> list[str]:
        """The flows that run with these settings."""
        recovers, mirrors = self.settings.recovers, self.settings.mirrors
        return [*FLOWS, *([RECOVER] if recovers else []), *([MIRROR] if mirrors else [])]

    def is_running(self) -> bool:
        """Whether supervisor runs for this data folder; raises SupervisorSilent if it runs but does not answer."""
        try:
            self._ask("getState")
        except OSError as error:
            if process := supervisor_process(self.settings.folder):
                raise SupervisorSilent(pid=process.pid, reason=f"{self.run / SOCKET}: {error.strerror}") from None
            return False
        return True

    def start(self, names: Iterable[str]) -> list[str]:
        """Start the programs that do not run yet; returns their names. Raises ServiceFailed, SupervisorSilent."""
        if not self.is_running():
            self.stop()
            self._start_supervisor()
        names = list(names)
        for program in self._programs():
            # A running program keeps its settings until it is stopped.
            if program.name in names and program.state != "RUNNING":
                self._write_launcher(program.name)
                if program.state == "BACKOFF":
                    self._ask("stopProcess", program.name, True)
        started = []
        for name in names:
            try:
                self._ask("startProcess", name, False)
                started.append(name)
            except Fault as fault:
                if fault.faultCode != Faults.ALREADY_STARTED:
                    raise
        for name in started:
            while (state := self._ask("getProcessInfo", name)["statename"]) == "STARTING":
                time.sleep(0.05)
            if state != "RUNNING":
                raise ServiceFailed(name=name, log=self.log(name))
        return started

    def stop_programs(self, names: Iterable[str]) -> list[str]:
        """Stop the programs that run; returns their names. Raises NotRunning."""
        if not self.is_running():
            raise NotRunning()
        stopped = []
        for name in names:
            try:
                self._ask("stopProcess", name, True)
                stopped.append(name)
            except Fault as fault:
                if fault.faultCode != Faults.NOT_RUNNING:
                    raise
        return stopped

    def stop(self) -> bool:
        """Stop everything, including what a dead supervisor left behind; returns whether anything ran."""
        ran = False
        if supervisor := supervisor_process(self.settings.folder):
            ran = True
            # One by one, Postgres last; supervisor's own shutdown takes a second for each.
            with suppress(OSError, Fault, NotRunning, SupervisorSilent):
                self.stop_programs(reversed(ALL))
            _end(supervisor)
        for name in (*ALL_FLOWS.values(), WEB, SIMULATOR):
            if orphan := _supervised(lock.holder(self.run / f"{name}.lock")):
                ran = True
                _end(orphan)
        if self.settings.embedded_postgres and (server := Server.of(self.settings)).pid():
            ran = True
            server.stop()
        return ran

    def programs(self) -> list[Program]:
        """Return the state of every program; empty when supervisor does not run. Raises SupervisorSilent."""
        if not self.is_running():
            return []
        # After a change of settings, a program that is no longer wanted may still run.
        return [each for each in self._programs() if each.name in self.names or each.state not in ("STOPPED", "FATAL")]

    def holders(self) -> list[Program]:
        """Return the running programs by the locks they hold, for when supervisor cannot be asked."""
        locks = {name: self.run / f"{ALL_FLOWS.get(name, name)}.lock" for name in (SIMULATOR, *ALL_FLOWS, WEB)}
        pids = {name: lock.holder(path) for name, path in locks.items()}
        return [Program(name, "RUNNING", pid, None) for name, pid in pids.items() if pid]

    def _programs(self) -> list[Program]:
        known: list[dict[str, Any]] = self._ask("getAllProcessInfo")
        return [
            Program(
                info["name"],
                info["statename"],
                info["pid"] or None,
                datetime.fromtimestamp(info["start"], UTC) if info["start"] else None,
            )
            for info in sorted(known, key=lambda info: ALL.index(info["name"]) if info["name"] in ALL else -1)
        ]

    def log(self, name: str) -> Path:
        """Return the log of a program."""
        return self.logs / f"{name}.log"

    # -- supervisor -----------------------------------------------------------------------------------------------

    def _ask(self, method: str, *arguments: object) -> Any:
        """Call supervisor; raises OSError when it does not answer, Fault when it refuses."""
        with self._short_run() as run:
            # A new connection each time: the transport does not recover from a refused one.
            transport = SupervisorTransport(None, None, f"unix://{run / SOCKET}")
            with ServerProxy("http://localhost", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)

    @contextmanager
    def _short_run(self) -> Iterator[Path]:
        """Yield a path of the folder `run` that is short enough for a socket: itself, or a temporary link to it.

        The socket lies in the data folder, where nobody cleans up and TMPDIR has no say.
        """
        if len(os.fsencode(self.run / SOCKET)) <= LONGEST_SOCKET_PATH:
            yield self.run
            return
        with tempfile.TemporaryDirectory(prefix="brt-watch-", dir="/tmp") as folder:
            link = Path(folder) / "run"
            link.symlink_to(self.run)
            yield link

    def _start_supervisor(self) -> None:
        disk.make_writable_folder(self.run)
        disk.make_writable_folder(self.logs)
        with self._short_run() as run:
            with self.config.open("w") as file:
                _configuration(SOCKET if run == self.run else str(run / SOCKET)).write(file)
            command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(self.config)]
            # The settings come with the launchers. All paths of the configuration start in this folder, so that no
            # name of a folder can mean anything to supervisor.
            others = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
            done = subprocess.run(command, cwd=self.run, env=others, capture_output=True, text=True)
            until = time.monotonic() + 20
            while not self._answers():
                if done.returncode or time.monotonic() > until:
                    raise ServiceFailed(name="supervisor", log=f"{self.log('supervisord')} {done.stderr.strip()}")
                time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self._ask("getState")
        except OSError:
            return False
        return True

    def _write_launcher(self, name: str) -> None:
        """Write the script with which supervisor starts a program, with the current settings and working folder.

        A shell script, because supervisor's configuration gives a meaning to characters that a setting may contain.
        """
        us = [sys.executable, "-m", "brt_watch"]
        commands = {DATABASE: [*us, "db", "run"], SIMULATOR: [*us, "simulate"], WEB: [*us, "serve"]}
        commands |= {step: [*us, "flow", "run", flow] for step, flow in ALL_FLOWS.items()}
        ours = sorted((key, value) for key, value in os.environ.items() if key.startswith(PASSED_ON))
        lines = ["#!/bin/sh", f"cd {shlex.quote(str(home()))} || exit 1"]
        lines += [f"export {key}={shlex.quote(value)}" for key, value in ours]
        lines += [f"exec {shlex.join(commands[name])}", ""]
        path = self.run / f"{name}.sh"
        path.touch(mode=0o600)  # its settings may contain a password
        path.write_bytes(os.fsencode("\n".join(lines)))


def _configuration(socket: str) -> ConfigParser:
    """Return the configuration of supervisor: the same for every data folder, every path relative to its `run`."""
    config = ConfigParser(interpolation=None)
    config["supervisord"] = {
        "pidfile": "supervisord.pid",
        "logfile": "../logs/supervisord.log",
        "logfile_maxbytes": "5MB",
        "logfile_backups": "1",
        "childlogdir": "../logs",
    }
    if os.geteuid() == 0:
        config["supervisord"]["user"] = "root"  # explicit, so that supervisor does not warn
    config["unix_http_server"] = {"file": socket, "chmod": "0700"}
    config["rpcinterface:supervisor"] = {
        "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
    }
    for name in ALL:
        config[f"program:{name}"] = {
            "command": f"/bin/sh {name}.sh",
            "autostart": "false",
            "autorestart": "true",
            "startsecs": "1",
            # The pause grows by a second per try: a day and a half in all, enough for a full disk to be noticed.
            "startretries": "500",
            "priority": "1" if name == DATABASE else "10",
            "stopsignal": "INT" if name == DATABASE else "TERM",
            "stopwaitsecs": "60",
            "redirect_stderr": "true",
            "stdout_logfile": f"../logs/{name}.log",
            "stdout_logfile_maxbytes": "10MB",
            "stdout_logfile_backups": "3",
        }
    return config


def _supervised(pid: int | None) -> psutil.Process | None:
    """Return the process if a supervisor started it; processes started in a terminal are left to the user."""
    try:
        process = psutil.Process(pid) if pid else None
        return process if process and "SUPERVISOR_ENABLED" in process.environ() else None
    except psutil.Error:
        return None


def _end(process: psutil.Process) -> None:
    try:
        process.terminate()
        process.wait(timeout=60)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        process.kill()
