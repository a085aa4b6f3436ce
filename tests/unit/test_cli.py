from __future__ import annotations

import asyncio
import io
import json
import re
import subprocess
import threading
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock
from xmlrpc.client import Fault

import psycopg
import pytest
import structlog
from typer.testing import CliRunner

from brt_watch import __version__, cli, pipeline
from brt_watch.cli import database, service, simulation
from brt_watch.cli import demo as demo_command
from brt_watch.cli import flow as flow_command
from brt_watch.cli.terminal import counted
from brt_watch.errors import MoveRefused, NetworkError, PortBusy, PostgresFailed, TransformFailed
from brt_watch.network import download, read_network
from brt_watch.network.city import city_of
from brt_watch.place import IN_DEMO
from brt_watch.resources import Resources
from brt_watch.service.supervisor import Service
from brt_watch.settings import Settings, load_settings
from brt_watch.simulate import demo
from brt_watch.simulate.faults import Faults, parse_faults
from brt_watch.simulate.server import ApiServer
from brt_watch.store.move import Moved
from brt_watch.transform.city import LOOKED_AT, project_of
from brt_watch.transform.compiled import project_vars
from brt_watch.web.app import _look_at_city, create_app
from tests import made_up_city
from tests.free_port import free_port
from tests.made_vehicles import recorded_minutes, write_recording
from tests.simulated_morning import PARKED, clock_at
from tests.small_city import small_city

runner = CliRunner()


def main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    monkeypatch.setattr("sys.argv", ["brt-watch", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code


def test_the_version_is_printed_without_a_command() -> None:
    assert runner.invoke(cli.app, ["--version"]).stdout == f"brt-watch {__version__}\n"


def test_wrong_settings_are_a_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRT_WATCH_POLL_SECONDS", "7")
    assert main(monkeypatch, "config") == 2
    assert "BRT_WATCH_POLL_SECONDS" in capsys.readouterr().err


def test_one_window_is_not_counted_in_the_plural() -> None:
    assert [counted(number, "window") for number in (0, 1, 2)] == ["0 windows", "1 window", "2 windows"]


def test_a_missing_file_is_a_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "replay", "nowhere.jsonl.gz") == 1
    assert "nowhere.jsonl.gz cannot be played" in capsys.readouterr().err


def test_unknown_fault_is_a_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "replay", "nowhere.jsonl.gz", "--fault", "html:0.1", "--fault", "timeout:1") == 2
    assert "do you mean timeouts" in capsys.readouterr().err


def test_replay_serves_with_the_faults_that_were_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "day.jsonl.gz", recorded_minutes(minutes=1, vehicles=5))
    served: list[Faults] = []

    def serve(server: ApiServer) -> None:
        served.append(server.faults)
        server.server_close()

    monkeypatch.setattr(ApiServer, "serve_forever", serve)
    words = ["--fault", "html:0.1,reset:0.1", "--fault", "outage@07:10-07:25", "--seed", "7", "--port", "0"]
    assert main(monkeypatch, "replay", str(recording), *words) == 0
    assert served == [parse_faults("html:0.1,reset:0.1,outage@07:10-07:25", seed=7)]


PORTS = ("POSTGRES_PORT", "HTTP_PORT")


def ports_of_system_and_demo(name: str) -> set[str]:
    return {str(Settings.model_fields[name.lower()].default), demo.ENVIRONMENT[name]}


@pytest.mark.parametrize("command", ["replay", "simulate"])
def test_printed_ports_are_free_beside_system_and_demo(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BRT_WATCH_CLOCK", clock_at(PARKED))
    monkeypatch.setattr(ApiServer, "serve_forever", ApiServer.server_close)
    monkeypatch.setattr(simulation, "read_network", small_city)
    words = [write_recording(tmp_path / "day.jsonl.gz", recorded_minutes(1, 5))] if command == "replay" else []
    assert main(monkeypatch, command, *map(str, words), "--port", "0") == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == {"export"}
    printed = dict(word.split("=", 1) for line in lines for word in line.split()[1:])
    assert not [name for name in PORTS if printed[f"BRT_WATCH_{name}"] in ports_of_system_and_demo(name)]
    assert printed["BRT_WATCH_DATA"]


def test_status_of_a_new_folder_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    assert main(monkeypatch, "status") == 1
    assert "make start" in capsys.readouterr().out
    assert not (tmp_path / "data").exists(), "looking changes nothing"


def test_psql_and_url_are_not_printed_with_a_password_by_config(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "postgresql://me:geheim@db/brt")
    monkeypatch.setenv("BRT_WATCH_FEED_URI", "x")
    main(monkeypatch, "config", "--json")
    printed = capsys.readouterr()
    assert "geheim" not in printed.out
    assert "do you mean BRT_WATCH_FEED_URL" in printed.err


def test_capture_once_writes_a_ledger_line_without_an_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BRT_WATCH_FEED_URL", "http://127.0.0.1:9/gps/brt")
    monkeypatch.setenv("BRT_WATCH_CLOCK", "2025-06-05T21:44:00Z@1764000000x5")
    assert main(monkeypatch, "capture", "--once") == 1
    (ledger,) = (tmp_path / "data").glob("windows/*/polls.csv")
    # On a busy machine the time of the poll may be over before the connection is refused.
    (reason,) = re.findall(r",failed,(unreachable|deadline),", ledger.read_text())
    assert f"failed: {reason}" in capsys.readouterr().out


class Running:
    """A running service that records its calls."""

    def __init__(self, _settings: Settings | None = None) -> None:
        pass

    said: ClassVar[list[tuple[str, list[str]]]] = []

    def is_running(self) -> bool:
        return True

    def stop_programs(self, names: list[str]) -> list[str]:
        self.said.append(("stop", names))
        return names

    def start(self, names: list[str]) -> None:
        self.said.append(("start", names))


STOPPED = ("stop", ["transform", "load", "recover"])
GOING_ON = ("start", ["transform", "load", "recover"])


def test_start_makes_the_city_of_a_gtfs_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BRT_WATCH_FEED", "gtfs_rt")
    monkeypatch.setenv("BRT_WATCH_GTFS", str(made_up_city.write_gtfs(tmp_path / "city.zip")))
    settings = load_settings()
    service.prepare_city(settings)
    assert "the city has 10 lines; its clocks are those of America/New_York" in capsys.readouterr().out
    project = project_of(settings.folder)
    assert project_vars(project)["frota_prefixos"] == []
    assert (project / "seeds" / "trajeto_nomes.csv").read_text().count("\n") == 1, "no spelling of Rio"
    before = sorted((path, path.stat().st_mtime_ns) for path in project.rglob("*"))
    service.prepare_city(settings)
    assert sorted((path, path.stat().st_mtime_ns) for path in project.rglob("*")) == before
    assert capsys.readouterr().out == ""


class GtfsServer(BaseHTTPRequestHandler):
    """An address of a GTFS, which answers 304 while it is unchanged."""

    content: ClassVar[bytes]
    tag: ClassVar[str]
    answered: ClassVar[list[int]]

    def do_GET(self) -> None:
        same = self.headers.get("If-None-Match") == self.tag
        status = 304 if same else 200
        self.answered.append(status)
        self.send_response(status)
        self.send_header("ETag", self.tag)
        self.send_header("Content-Length", "0" if same else str(len(self.content)))
        self.end_headers()
        self.wfile.write(b"" if same else self.content)

    def log_message(self, *_: object) -> None:
        pass


def test_a_gtfs_by_its_address_is_downloaded_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    GtfsServer.content = made_up_city.write_gtfs(tmp_path / "there.zip").read_bytes()
    GtfsServer.tag, GtfsServer.answered = '"1"', []
    with ThreadingHTTPServer(("127.0.0.1", 0), GtfsServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
        monkeypatch.setenv("BRT_WATCH_GTFS", f"http://127.0.0.1:{server.server_port}/city.zip?key=secret")
        settings = load_settings()
        for _ in range(2):
            service.prepare_city(settings)
        assert "the city has 10 lines" in capsys.readouterr().out
        GtfsServer.content, GtfsServer.tag = b"<html>moved</html>", '"2"'
        service.prepare_city(settings)
        assert GtfsServer.answered == [200, 304, 200]
        server.shutdown()
    said = " ".join(capsys.readouterr().err.split())
    assert "it is not a .zip" in said
    assert "the copy of the last time is used" in said
    assert "secret" not in said
    assert settings.gtfs_file is not None
    assert city_of(settings.folder).agency.name == "Made-up Transit"
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "other"))
    monkeypatch.setattr(download, "LONGEST", timedelta(seconds=2))
    with pytest.raises(NetworkError, match="download it yourself and give the path"):
        service.prepare_city(load_settings())


def test_a_newer_gtfs_is_found_within_a_day(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Its lines get new versions from its first day on; days before keep theirs, and a broken one changes nothing."""
    there = made_up_city.write_gtfs(tmp_path / "city.zip")
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BRT_WATCH_GTFS", str(there))
    settings = load_settings()
    resources = Resources.from_settings(settings)
    service.prepare_city(settings)
    app = create_app(resources)
    ended: list[bool] = []
    app.state.outdated = lambda: ended.append(True)
    monkeypatch.setattr(made_up_city, "LINES", 9)
    made_up_city.write_gtfs(there, since="20261201")
    assert not pipeline.renew_city(resources)
    mark = settings.folder / "city" / LOOKED_AT
    mark.write_text("2026-01-01T00:00:00Z")
    assert pipeline.renew_city(resources)
    assert not pipeline.renew_city(resources)
    asyncio.run(asyncio.wait_for(_look_at_city(app, settings.folder), 5))
    assert ended == [True]
    lines = {day: read_network(resources.city.seeds, date.fromisoformat(day)).lines for day in DAYS}
    assert [len(lines[day]) for day in DAYS] == [10, 9]
    mark.write_text("2026-01-01T00:00:00Z")
    there.write_bytes(b"not a zip")
    assert not pipeline.renew_city(resources)
    service.prepare_city(settings)
    assert len(read_network(resources.city.seeds).lines) == 9
    app.state.deps.history.reader.close()


DAYS = ("2026-11-30", "2026-12-01")


def test_the_page_begins_again_with_a_new_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    runs: list[Any] = []

    def run(server: Any, sockets: list[Any]) -> None:
        runs.append(server.config.app)
        if len(runs) == 1:
            server.config.app.state.outdated()
            assert server.should_exit
        sockets[0].close()

    monkeypatch.setattr("uvicorn.Server.run", run)
    assert runner.invoke(cli.app, ["serve", "--port", "0"]).exit_code == 0
    assert len(set(map(id, runs))) == 2


def test_a_recovery_that_ends_before_it_begins_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    times = ["--from", "2026-11-26T06:00Z", "--to", "2026-11-26T05:00Z"]
    refused = runner.invoke(cli.app, ["recover", "--dry-run", *times])
    assert refused.exit_code == 2
    assert "it is not after --from" in refused.output


@pytest.mark.parametrize("words", [("recover", "--to"), ("rebuild", "--since"), ("import", "x.json", "--captured-at")])
@pytest.mark.parametrize("time", ["yesterday", "2026-11-26"])
def test_a_wrong_time_is_refused_with_an_example(words: tuple[str, ...], time: str) -> None:
    refused = runner.invoke(cli.app, [*words, time])
    assert refused.exit_code == 2
    said = " ".join(refused.output.replace("│", " ").split())
    assert f"Invalid value for '{words[-1]}'" in said
    assert "write a time as 2026-11-26T06:00Z" in said


def test_a_dry_run_of_rebuild_prints_json_when_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "none")
    assert json.loads(runner.invoke(cli.app, ["rebuild", "--dry-run", "--json"]).stdout) == {"windows": []}


def test_a_gtfs_that_is_not_there_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BRT_WATCH_GTFS", str(tmp_path / "nowhere.zip"))
    with pytest.raises(NetworkError, match=r"nowhere\.zip"):
        service.prepare_city(load_settings())


@pytest.mark.parametrize("all_of_them", [True, False])
def test_flow_start_starts_every_flow_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, all_of_them: bool
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    monkeypatch.setenv("BRT_WATCH_RECOVER_URL", "http://127.0.0.1:9/v1" if all_of_them else "")
    monkeypatch.setenv("BRT_WATCH_LAKE_MIRROR", "s3://bucket/brt" if all_of_them else "")
    begun: list[list[str]] = []
    monkeypatch.setattr(Service, "start", lambda _self, names: begun.append(list(names)) or [])
    monkeypatch.setattr(Service, "stop_programs", lambda _self, names: begun.append(list(names)) or [])
    monkeypatch.setattr(flow_command, "check_environment", lambda: None)
    monkeypatch.setattr(flow_command, "print_where_to_look", lambda *_: None)
    assert runner.invoke(cli.app, ["flow", "start"]).exit_code == 0
    assert runner.invoke(cli.app, ["flow", "stop"]).exit_code == 0
    steps = ["capture", "load", "transform"]
    # One that still runs by earlier settings is stopped too.
    assert begun == [[*steps, "recover", "mirror"] if all_of_them else steps, [*steps, "recover", "mirror"]]


@pytest.mark.parametrize(
    ("copy", "derive", "expected"),
    [
        (None, None, [STOPPED]),
        (MoveRefused(where="there", reason="it has other data already"), None, [STOPPED, GOING_ON]),
        (None, TransformFailed(reason="no room", log="dbt.log"), [STOPPED]),
    ],
)
def test_db_move_stops_loads_and_resumes_only_if_nothing_moved(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    copy: Exception | None,
    derive: Exception | None,
    expected: list[tuple[str, list[str]]],
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    monkeypatch.setattr(Running, "said", [])
    monkeypatch.setattr(database, "Service", Running)
    monkeypatch.setattr(database, "move", mock.Mock(side_effect=copy, return_value=Moved({}, again=False)))
    monkeypatch.setattr(pipeline, "transform_if_due", mock.Mock(side_effect=derive))
    result = runner.invoke(cli.app, ["db", "move", "postgresql://brt:geheim@127.0.0.1:9/brt"])
    assert result.exception is (copy or derive)
    assert Running.said == expected
    assert ("run this again" in result.output) == (derive is not None)


@pytest.mark.parametrize("url", ["", "postgresql://brt@127.0.0.1:9/brt"])
def test_database_left_without_tables_gets_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    """`make start` prints sentences only: the steps of the schema add no log lines between them."""
    server, resources = mock.Mock(), mock.Mock()
    server.pid.return_value = 1
    resources.store.apply_schema.side_effect = lambda: structlog.get_logger().info("store.schema", step="001")
    monkeypatch.setattr(service.Server, "of", lambda _settings: server)
    monkeypatch.setattr(service.Resources, "from_settings", lambda _settings: resources)
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", url)
    assert service.start_database_if_possible(load_settings(), Running()) == ""  # type: ignore[arg-type]
    assert server.wait_until_ready.called == (not url)
    assert resources.store.apply_schema.called
    assert "store.schema" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "failed",
    [
        PostgresFailed(reason="the disk is full", log="postgres.log"),
        PortBusy(port=15432),
        PermissionError(13, "the disk is full: Permission denied", "/var/lib/brt-watch"),
        subprocess.CalledProcessError(1, ["initdb"]),
        Fault(50, "SPAWN_ERROR: postgres"),
        KeyError("getpwnam(): name not found: nobody"),
        psycopg.ProgrammingError("no such option"),
        None,
    ],
    ids=repr,
)
def test_capture_starts_although_the_database_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, failed: Exception | None
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    if failed:
        monkeypatch.setattr(service, "start_database", mock.Mock(side_effect=failed))
    else:
        monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "postgresql://brt:geheim@127.0.0.1:9/brt")
    running = mock.Mock(programs=list, parts=["capture", "web"])
    running.start.return_value = running.parts
    monkeypatch.setattr(service, "Service", lambda _settings: running)
    monkeypatch.setattr(service, "check_web_port", lambda *_: None)
    monkeypatch.setenv("BRT_WATCH_FEED_URI", "x")
    result = runner.invoke(cli.app, ["start"])
    assert "note: BRT_WATCH_FEED_URI is not a setting; do you mean BRT_WATCH_FEED_URL?" in result.output
    running.start.assert_called_once_with(running.parts)
    assert "note:" in result.output
    assert ("does not answer" if failed is None else " ".join(str(failed).split())) in " ".join(result.output.split())


def test_a_demo_without_a_database_captures_all_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (IN_DEMO, *(demo.PREFIX + name for name in demo.ENVIRONMENT)):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data-demo"))
    monkeypatch.setenv("BRT_WATCH_FEED_URL", f"{demo.LOOPBACK}9/gps/brt")
    for name, value in (("FEED", "brt"), ("POSTGRES_PORT", "15433"), ("HTTP_PORT", "8001")):
        monkeypatch.setenv(f"BRT_WATCH_{name}", value)
    running = mock.Mock(programs=list)
    running.start.return_value = []
    monkeypatch.setattr(demo_command, "Service", lambda _settings: running)
    for name in ("check_web_port", "check_environment", "fill"):
        monkeypatch.setattr(demo_command, name, mock.Mock())
    monkeypatch.setattr(demo, "wait_for_api", mock.Mock())
    monkeypatch.setattr(service, "start_database", mock.Mock(side_effect=Fault(50, "SPAWN_ERROR: postgres")))
    result = runner.invoke(cli.app, ["demo", "--hours", "0"])
    assert result.exit_code == 0, result.output
    assert ["capture", "web"] in [call.args[0] for call in running.start.call_args_list]
    assert "SPAWN_ERROR" in result.output


def test_programs_of_other_settings_are_named_and_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "postgresql://brt:geheim@127.0.0.1:9/brt")
    known = [{"name": name, "statename": "RUNNING", "pid": 1, "start": 1} for name in ("web", "postgres", "capture")]
    monkeypatch.setattr(Service, "_ask", lambda _self, method, *_: known if method == "getAllProcessInfo" else {})
    programs = Service(load_settings()).programs()
    assert [program.name for program in programs] == ["postgres", "capture", "web"]


def test_commands_print_sentences_and_no_log_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "none")
    recording = write_recording(tmp_path / "minutes.jsonl.gz", recorded_minutes()[:2])
    assert main(monkeypatch, "import", str(recording)) == 0
    printed = capsys.readouterr()
    assert "stored" in printed.out
    assert '"event"' not in printed.err


@pytest.mark.parametrize("words", [("start",), ("capture", "--once"), ("load",)])
def test_a_folder_that_cannot_be_written_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", "/proc/no-folder")
    monkeypatch.setattr(service, "check_web_port", lambda *_: None)
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "none")
    assert main(monkeypatch, *words) == 2
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert "set BRT_WATCH_DATA to another folder" in said


@pytest.mark.parametrize("words", [("db", "psql"), ("db", "url"), ("db", "start")])
def test_commands_of_postgres_say_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "none")
    monkeypatch.setattr(database, "start_database", mock.Mock(side_effect=AssertionError("nothing is started")))
    monkeypatch.setattr("shutil.which", lambda _name: "/bin/false")
    assert main(monkeypatch, *words) in (1, 2)
    printed = capsys.readouterr()
    assert "BRT_WATCH_DATABASE_URL" in printed.err
    assert "Traceback" not in printed.err
    assert printed.out == ""


def test_psql_without_a_server_says_how_to_start_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    monkeypatch.setenv("BRT_WATCH_POSTGRES_PORT", str(free_port()))
    monkeypatch.setattr("os.execv", mock.Mock(side_effect=AssertionError("psql is not run")))
    assert main(monkeypatch, "db", "psql") == 1
    said = capsys.readouterr().err
    assert ": Connection refused. Nothing is lost" in said, "the reason once, without libpq's hints"
    assert "make start_db" in said


def test_an_agent_without_its_server_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRT_WATCH_PREFECT_API", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr("os.execv", mock.Mock(side_effect=AssertionError("no agent is run")))
    assert main(monkeypatch, "flow", "agent") == 1
    assert "No Prefect Server answers" in capsys.readouterr().err


def test_help_breaks_no_line_before_the_edge() -> None:
    """Lines end where the terminal does, not where those of the docstring end."""
    help_text = runner.invoke(cli.app, ["recover", "--help"], env={"COLUMNS": "100"}).output
    paragraph = help_text.split("The hourly flow")[1].split("╭")[0].rstrip().splitlines()
    assert len(paragraph) == 2


def test_names_are_written_as_utf_8_in_every_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    assert main(monkeypatch, "network", "show") == 0
    assert "Oceânico" in written.getvalue().decode()


def test_a_name_that_is_not_utf_8_is_written_with_escapes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = io.BytesIO()
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(said, encoding="utf-8", errors="backslashreplace"))
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path))
    assert main(monkeypatch, "import", f"{tmp_path}/\udce9.csv") in (1, 2)
    assert "\\udce9.csv" in said.getvalue().decode()
