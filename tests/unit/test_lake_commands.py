"""The commands of the lake: query, shell, export, and the import of tables without storing anything."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from unittest import mock

import pytest
from typer.testing import CliRunner, Result

from brt_watch.archive import table_windows
from brt_watch.archive.lake import Lake
from brt_watch.cli import app, importing
from tests.made_vehicles import NOON, vehicle
from tests.unit.test_lake import Recorder


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Two days with three signals, and a record that was rejected, of a system without Postgres."""
    recorder = Recorder(tmp_path / "data")
    first = [vehicle("1", NOON), vehicle("2", NOON, linha="35"), vehicle("9", NOON, latitude=None)]
    recorder.add(recorder.window(first, [vehicle("1", NOON - timedelta(days=1))]))
    monkeypatch.setenv("BRT_WATCH_DATA", str(recorder.files.data))
    monkeypatch.setenv("BRT_WATCH_DATABASE_URL", "none")
    monkeypatch.chdir(tmp_path)
    return recorder.lake


def run(*words: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(words), input=typed)


COUNT = "select linha, count(*) as sinais from brt_raw group by all order by all"


def test_a_query_is_printed_as_table_csv_or_json(lake: Lake) -> None:
    assert "│ 22      │      2 │" in run("lake", "query", COUNT).stdout
    assert run("lake", "query", COUNT, "--format", "csv").stdout == "linha,sinais\n22,2\n35,1\n"
    rows = [{"linha": "22", "sinais": 2}, {"linha": "35", "sinais": 1}]
    assert json.loads(run("lake", "query", COUNT, "--json").stdout) == rows
    assert json.loads(run("lake", "query", "-", "--json", typed=COUNT).stdout) == rows
    refused = run("lake", "query", "select nada from brt_raw")
    assert (refused.exit_code, "DuckDB: Binder Error" in refused.stderr) == (1, True)


def test_the_shell_answers_until_its_input_ends(lake: Lake) -> None:
    """Also after an error, and a statement may take several lines."""
    shell = run("lake", "shell", typed="select nada;\nselect count(*) as sinais\nfrom brt_raw;\n")
    assert shell.exit_code == 0
    assert "brt_raw" in shell.stderr.splitlines()[0]
    assert "DuckDB: Binder Error" in shell.stderr
    assert "│      3 │" in shell.stdout


def test_days_of_a_line_are_exported_into_a_file(lake: Lake) -> None:
    words = ("export", "--from", "2026-11-22", "--to", "2026-11-23", "--format", "csv")
    done = run(*words)
    assert done.stdout.startswith("sinais_2026-11-22_2026-11-23.csv: 3 signals of 2 days")
    of_line = run(*words, "--line", "35")
    assert of_line.stdout.startswith("sinais_2026-11-22_2026-11-23_linha_35.csv: 1 signals of 2 days")
    (row,) = csv.DictReader(io.StringIO(Path("sinais_2026-11-22_2026-11-23_linha_35.csv").read_text()))
    assert (row["codigo"], row["linha"]) == ("2", "35")
    for wrong, why in ((words[:3], "are both needed"), ((*words[:4], "2026-11-21"), "it lies before --from")):
        refused = run(*wrong)
        assert (refused.exit_code, why in refused.stderr) == (2, True)


def test_an_export_names_the_days_that_the_lake_lacks(lake: Lake) -> None:
    """Days without capture are not days without buses."""
    done = run("export", "--from", "2026-11-21", "--to", "2026-11-30", "--line", "99")
    _, missing, line = done.stdout.splitlines()
    assert missing.endswith(
        "8 days asked for: 2026-11-21, 2026-11-24, 2026-11-25, 2026-11-26, 2026-11-27, 2026-11-28, 2026-11-29 ..."
    )
    assert line == "  no signal of these days names the line 99"
    refused = run("export", "--from", "2030-11-22", "--to", "2030-11-23")
    assert refused.exit_code == 2
    assert "days from 2026-11-22 to 2026-11-23" in " ".join(refused.stderr.replace("│", " ").split())
    assert not list(Path().glob("sinais_2030*"))


TABLE = """bus;datahoracoleta;latitude;longitude;servico
86811;2022-06-30 03:35:20;-22,993042;-43,597977;13
86812;2022-06-30 03:35:20;-22,99;-43,59;13
;2022-06-30 03:35:20;-22,99;-43,59;13
86813;2022-06-30 03:35:40;-22,99;-43,59;13
86814;2022-06-30 03:35:40;-22,99;-43,59;13
"""


def test_a_dry_run_of_a_table_shows_three_rows_as_stored(lake: Lake) -> None:
    Path("frota.csv").write_text(TABLE)
    words = ("import", "frota.csv", "--dry-run", "--column", "codigo=bus", "--column", "dataHora=datahoracoleta")
    there = sorted(lake.folder.parent.rglob("*"))
    done = run(*words)
    first, columns, example, *rows = done.stdout.splitlines()
    assert "5 rows, of which 1 would be rejected" in first
    assert "codigo from bus" in columns
    assert "linha from servico" in columns
    assert "line 4, column bus" in example
    assert [row.split(":")[0].strip() for row in rows] == ["1", "2", "3"]
    assert "codigo 86811" in rows[0]
    assert "latitude -22.993042" in rows[0]
    assert "datahora 2022-06-30 06:35:20" in rows[0]
    ((found,),) = [json.loads(run(*words, "--json").stdout)]
    assert (found["rows"], found["rejected"], len(found["preview"])) == (5, {"codigo_missing": 1}, 3)
    assert [path for path in sorted(lake.folder.parent.rglob("*")) if path not in there] == []


def test_a_dry_run_says_that_the_capture_time_is_estimated(lake: Lake) -> None:
    table = "codigo,latitude,longitude,dataHora\n86811,-22.99,-43.59,2022-06-30 03:35:10\n"
    Path("frota.csv").write_text(table)
    assert "captured_at: no column has it" in run("import", "frota.csv", "--dry-run").stdout
    Path("frota.csv").write_text(
        table.replace("dataHora", "dataHora,captured_at").replace(":10", ":10,2022-06-30 03:35:20")
    )
    assert "captured_at: no column has it" not in run("import", "frota.csv", "--dry-run").stdout


def test_the_bar_of_an_import_knows_its_windows(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    bar = mock.Mock(wraps=importing.track)
    monkeypatch.setattr(importing, "track", bar)
    monkeypatch.setattr(table_windows, "ROWS_OF_A_WINDOW", 1)
    days = TABLE + TABLE.partition("\n")[2].replace("2022-06-30", "2022-07-01")
    Path("frota.csv").write_text(days)
    for total in (2, 0):
        run("import", "frota.csv", "--column", "codigo=bus", "--column", "dataHora=datahoracoleta")
        (_, what, known), _ = bar.call_args
        assert (what, known) == ("loading", total)


def test_no_column_of_a_table_is_dropped_in_silence(lake: Lake) -> None:
    header = "Trip_ID,hora,codigo,nota,latitude,longitude,timestamp_gps,timestamp_captura"
    row = "t1,6,86811,boa,-22.99,-43.59,2022-06-30 03:35:10,2022-06-30 03:35:20"
    Path("frota.csv").write_text(f"{header}\n{row}\n")
    words = ("import", "frota.csv", "--into", "lake")
    for done in (run(*words, "--dry-run"), run(*words)):
        assert "left out, as repeating or derived from others: Trip_ID, hora\n" in done.stdout, done.output
    for asked in ((*words, "--dry-run", "--json"), (*words, "--json")):
        found = json.loads(run(*asked).stdout)
        assert (found[0] if isinstance(found, list) else found)["left_out"] == ["Trip_ID", "hora"]
