from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from brt_watch import cli
from brt_watch.cli import database
from brt_watch.errors import MoveRefused
from brt_watch.settings import Settings, load_settings
from brt_watch.simulate.faults import Faults, parse_faults
from brt_watch.simulate.server import ApiServer
from tests.fleet import recorded_minutes, write_recording

runner = CliRunner()


def main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int | str | None:
    monkeypatch.setattr("sys.argv", ["brt-watch", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    return end.value.code


def test_wrong_settings_are_a_sentence_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BRT_WATCH_POLL_SECONDS", "7")
    assert main(monkeypatch, "config") == 2
    assert "BRT_WATCH_POLL_SECONDS" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_a_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(monkeypatch, "replay", "nowhere.jsonl.gz") == 1
    assert "nowhere.jsonl.gz cannot be played" in capsys.readouterr().err


def test_a_fault_that_is_not_understood_is_a_sentence_and_exit_code_2(
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


def test_capture_once_writes_a_ledger_line_even_when_nobody_answers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("BRT_WATCH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("BRT_WATCH_FEED_URL", "http://127.0.0.1:9/gps/brt")
    monkeypatch.setenv("BRT_WATCH_CLOCK", "2025-06-05T21:44:00Z@1764000000x30")
    assert main(monkeypatch, "capture", "--once") == 1
    (ledger,) = (tmp_path / "data").glob("windows/*/polls.csv")
    assert "failed,unreachable," in ledger.read_text()
    assert "failed: unreachable" in capsys.readouterr().out


@pytest.mark.parametrize("fails", [False, True])
def test_a_move_of_the_database_stops_what_loads_and_lets_it_go_on_if_it_fails(
    monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    said: list[tuple[str, list[str]]] = []

    class Running:
        def __init__(self, _settings: Settings) -> None:
            pass

        def is_running(self) -> bool:
            return True

        def stop_programs(self, names: list[str]) -> list[str]:
            said.append(("stop", names))
            return names

        def start(self, names: list[str]) -> None:
            said.append(("start", names))

    monkeypatch.setattr(database, "Service", Running)
    with suppress(MoveRefused), database._loading_into_neither(load_settings()):
        if fails:
            raise MoveRefused(where="there", reason="it has other data already")
    names = ["transform", "load"]
    assert said == ([("stop", names), ("start", names)] if fails else [("stop", names)])
