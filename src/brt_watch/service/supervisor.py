"""The processes of `make start`, kept up by supervisor: Postgres, one process a flow, and the page."""

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
from hashlib import sha256
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from brt_watch import lock
from brt_watch.clock import UTC
from brt_watch.errors import NotRunning, ServiceFailed
from brt_watch.settings import PREFIX, PROJECT, Settings
from brt_watch.simulate.simulation import simulation_of
from brt_watch.store.embedded import Server

FLOWS = {
    "capture": "local_storage_flow",
    "load": "postgres_storage_flow",
    "transform": "dbt_flow",
}
"""The steps that run by themselves, and the Prefect flow of each."""

DATABASE = "postgres"

SIMULATOR = "simulator"
"""The simulated API, which is a part of the service in a demo."""


WEB = "web"
"""The page and the interfaces over HTTP."""

PARTS = (*FLOWS, WEB)
"""What is started beside Postgres."""


@dataclass(frozen=True)
class Program:
    """A process that supervisor keeps up. `state` is supervisor's word for how it is (RUNNING, BACKOFF, ...)."""

    name: str
    state: str
    pid: int | None
    since: datetime | None


@contextmanager
def known_as(name: str, settings: Settings) -> Iterator[None]:
    """Hold the lock by which a program is found when its supervisor has died; by hand it may run several times."""
    supervised = "SUPERVISOR_ENABLED" in os.environ
    with lock.hold(settings.folder / "run" / f"{name}.lock", name) if supervised else nullcontext():
        yield


class Service:
    """The supervised processes of one data folder."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.run = settings.folder / "run"
        self.logs = settings.folder / "logs"
        self.config = self.run / "supervisord.conf"

    @property
    def names(self) -> list[str]:
        """The programs, in the order of their start."""
        simulation = simulation_of(self.settings)
        own = [DATABASE] if self.settings.embedded_postgres else []
        return [*own, *([SIMULATOR] if simulation and simulation.demo else []), *PARTS]

    def is_running(self) -> bool:
        """Whether supervisor runs for this data folder."""
        try:
            self._ask("getState")
        except OSError:
            return False
        return True

    def start(self, names: Iterable[str]) -> list[str]:
        """Start those programs that do not run yet; returns their names. Raises ServiceFailed."""
        if self.is_running():
            self._renew_configuration()
        else:
            self.stop()
            self._start_supervisor()
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
        """Stop those programs that run; returns their names. Raises NotRunning."""
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
        """Stop everything, also what a supervisor that died has left behind; returns whether anything ran."""
        ran = False
        if supervisor := self._supervisor_process():
            ran = True
            # One by one and Postgres last; supervisor itself takes a second for each.
            with suppress(OSError, Fault, NotRunning):
                self.stop_programs(reversed(self.names))
            _end(supervisor)
        for name in (*FLOWS.values(), WEB, SIMULATOR):
            if orphan := _supervised(lock.holder(self.run / f"{name}.lock")):
                ran = True
                _end(orphan)
        if self.settings.embedded_postgres and (server := Server.of(self.settings)).pid():
            ran = True
            server.stop()
        return ran

    def programs(self) -> list[Program]:
        """Return how every program is; empty when supervisor does not run."""
        if not self.is_running():
            return []
        known: list[dict[str, Any]] = self._ask("getAllProcessInfo")
        # One may run that is not ours any more, when the settings have changed since it was started.
        places = {name: place for place, name in enumerate(self.names)}
        return [
            Program(
                info["name"],
                info["statename"],
                info["pid"] or None,
                datetime.fromtimestamp(info["start"], UTC) if info["start"] else None,
            )
            for info in sorted(known, key=lambda info: places.get(info["name"], -1))
        ]

    def log(self, name: str) -> Path:
        """Return the log of a program."""
        return self.logs / f"{name}.log"

    # -- supervisor -----------------------------------------------------------------------------------------------

    def _ask(self, method: str, *arguments: object) -> Any:
        """Ask supervisor; raises OSError when it is not there, Fault when it refuses."""
        # A connection each time: the transport does not recover from one that was refused.
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with ServerProxy("http://localhost", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    @property
    def _socket(self) -> Path:
        # Not in the data folder: the path of a socket must be shorter than 104 characters.
        name = sha256(str(self.settings.folder).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"brt-watch-{os.geteuid()}-{name}.sock"

    def _supervisor_process(self) -> psutil.Process | None:
        try:
            process = psutil.Process(int((self.run / "supervisord.pid").read_text()))
            return process if str(self.config) in process.cmdline() else None
        except (OSError, ValueError, psutil.Error):
            return None

    def _start_supervisor(self) -> None:
        self._write_configuration()
        command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(self.config)]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
        until = time.monotonic() + 20
        while not self.is_running():
            if done.returncode or time.monotonic() > until:
                raise ServiceFailed(name="supervisor", log=f"{self.log('supervisord')} {done.stderr.strip()}")
            time.sleep(0.05)

    def _renew_configuration(self) -> None:
        """Let programs that do not run yet start with the environment of now."""
        self._write_configuration()
        ((added, changed, _),) = self._ask("reloadConfig")
        for name in changed:
            state = self._ask("getProcessInfo", f"{name}:{name}")["statename"]
            if state in ("STARTING", "BACKOFF"):
                self._ask("stopProcess", name, True)
            if state != "RUNNING":
                self._ask("removeProcessGroup", name)
                added = [*added, name]
        for name in added:
            self._ask("addProcessGroup", name)

    def _write_configuration(self) -> None:
        self.run.mkdir(parents=True, exist_ok=True)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.config.touch(mode=0o600)  # the settings in it may have a password
        with self.config.open("w") as file:
            self._configuration().write(file)

    def _configuration(self) -> ConfigParser:
        config = ConfigParser(interpolation=None)
        config["supervisord"] = {
            "pidfile": _escaped(self.run / "supervisord.pid"),
            "logfile": _escaped(self.log("supervisord")),
            "logfile_maxbytes": "5MB",
            "logfile_backups": "1",
            "childlogdir": _escaped(self.logs),
        }
        if os.geteuid() == 0:
            config["supervisord"]["user"] = "root"  # said, so that supervisor does not warn of it
        config["unix_http_server"] = {"file": _escaped(self._socket), "chmod": "0700"}
        config["rpcinterface:supervisor"] = {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        }
        us = [sys.executable, "-m", "brt_watch"]
        commands = {DATABASE: [*us, "db", "run"], SIMULATOR: [*us, "simulate"], WEB: [*us, "serve"]}
        commands |= {step: [*us, "flow", "run", flow] for step, flow in FLOWS.items()}
        for name in self.names:
            config[f"program:{name}"] = {
                "command": _escaped(shlex.join(commands[name])),
                "environment": _escaped(",".join(f'{key}="{value}"' for key, value in _our_environment())),
                "autostart": "false",
                "autorestart": "true",
                "startsecs": "1",
                # The pause grows by a second a try: patience for a day and a half, as when a disk is full.
                "startretries": "500",
                "priority": "1" if name == DATABASE else "10",
                "stopsignal": "INT" if name == DATABASE else "TERM",
                "stopwaitsecs": "60",
                "redirect_stderr": "true",
                "stdout_logfile": _escaped(self.log(name)),
                "stdout_logfile_maxbytes": "10MB",
                "stdout_logfile_backups": "3",
            }
        return config


def _our_environment() -> list[tuple[str, str]]:
    return sorted((name, value) for name, value in os.environ.items() if name.startswith(PREFIX))


def _escaped(value: object) -> str:
    return str(value).replace("%", "%%")


def _supervised(pid: int | None) -> psutil.Process | None:
    """Return the process if a supervisor started it; what somebody runs in a terminal is theirs to end."""
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
