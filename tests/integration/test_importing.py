from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from brt_watch import pipeline
from brt_watch.archive import table_windows
from brt_watch.archive.importing import Import, Imported
from brt_watch.archive.rebuild import rebuild, windows_to_rebuild
from brt_watch.archive.verify import compare_signals, verify
from brt_watch.clock import UTC
from brt_watch.errors import MixedData
from brt_watch.resources import Resources
from tests.integration.captured import query
from tests.made_vehicles import body, recorded_minutes, vehicle, write_recording

CAPTURED = datetime(2022, 6, 30, 6, 35, 20, tzinfo=UTC)

ROW = {
    "id_veiculo": "86811",
    "timestamp_gps": datetime(2022, 6, 30, 3, 34, 51),  # noqa: DTZ001, the table has times of Rio without a zone
    "timestamp_captura": datetime(2022, 6, 30, 3, 35, 20),  # noqa: DTZ001
    "latitude": -22.993042,
    "longitude": -43.597977,
    "servico": "13",
    "sentido": "ITI IDA - 13 MATO ALTO X ALVORADA (EXPRESSO)",
    "velocidade": 17,
}


def table(path: Path, *rows: dict[str, object]) -> Path:
    parquet.write_table(arrow.Table.from_pylist(list(rows)), path)
    return path


def import_all(file: Path, resources: Resources) -> tuple[Imported, int]:
    """Import a file; returns its content and the new signals."""
    source = Import.of(file, resources)
    if source.known() is None:
        is_table = file.suffix in (".csv", ".parquet")
        list(source.write_table({}, []) if is_table else source.write_answers(None))
    imported = source.known()
    assert imported
    return imported, sum(loaded.signals for loaded in source.load(pipeline.load))


def test_a_recording_is_a_separate_source_and_safe_to_repeat(resources: Resources, tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "june.jsonl.gz", recorded_minutes())
    imported, signals = import_all(recording, resources)
    assert signals == query(resources, "select count(*) as n from brt_raw")[0]["n"] > 60
    assert imported.rows == imported.records + 10
    assert query(resources, "select feed_url, polls, rejects from brt_window") == [
        {"feed_url": "june.jsonl.gz", "polls": 10, "rejects": 10}
    ]
    assert import_all(recording, resources) == (imported, 0)


def test_an_import_that_was_cut_short_goes_on_where_it_was(resources: Resources, tmp_path: Path) -> None:
    source = Import.of(write_recording(tmp_path / "june.jsonl.gz", recorded_minutes()), resources)
    polls = source.write_answers(None)
    for _ in range(4):
        next(polls)
    polls.close()
    assert len(list(source.write_answers(None))) == 6
    assert sum(loaded.rejects for loaded in source.load(pipeline.load)) == 10


def test_the_identity_of_a_source_is_its_content(resources: Resources, tmp_path: Path) -> None:
    """A second file of the same name was dropped or refused, and a copy of a file imported twice."""
    answers = recorded_minutes()
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    _, first = import_all(write_recording(tmp_path / "one" / "june.jsonl.gz", answers[5:]), resources)
    _, second = import_all(write_recording(tmp_path / "two" / "june.jsonl.gz", answers[:5]), resources)
    assert first > 0
    assert second > 0
    assert query(resources, "select count(distinct capturer) as n from brt_window") == [{"n": 2}]
    copy = tmp_path / "june.jsonl"
    copy.write_bytes(gzip.decompress((tmp_path / "one" / "june.jsonl.gz").read_bytes()))
    assert import_all(copy, resources)[1] == 0
    assert query(resources, "select count(distinct capturer) as n from brt_window") == [{"n": 2}]


def test_every_row_is_stored_rejected_or_a_repeat(resources: Resources, tmp_path: Path) -> None:
    header = "codigo,latitude,longitude,dataHora"
    rows = ["901008,-22.9,-43.3,1749159870000"] * 3 + ["901009,,-43.3,1749159870000", "901010", "7,-22,-43,1.74916E+12"]
    (tmp_path / "table.csv").write_text("\n".join([header, *rows]) + "\n")
    imported, stored = import_all(tmp_path / "table.csv", resources)
    assert imported.rejected == {"datahora_rounded": 1, "position_missing": 1, "wrong_length": 1}
    assert (imported.rows, imported.records, stored) == (6, 3, 1)
    assert import_all(tmp_path / "table.csv", resources) == (imported, 0)
    found = query(resources, "select reason, record from brt_reject order by reason")
    assert [row["reason"] for row in found] == list(imported.rejected)
    assert json.loads(found[2]["record"]) == "901010"
    (loaded,) = query(resources, "select feed_url, records, signals, rejects from brt_window")
    assert loaded == {"feed_url": "table.csv (captured_at estimated)", "records": 3, "signals": 1, "rejects": 3}


def test_an_answer_is_loaded_once(resources: Resources, tmp_path: Path) -> None:
    (tmp_path / "answer.json").write_bytes(body(vehicle(), vehicle("901011", latitude=None)))
    for signals in (1, 0):
        imported, new = import_all(tmp_path / "answer.json", resources)
        assert (imported.rows, imported.rejected, new) == (2, {"position_missing": 1}, signals)


def test_the_rows_of_a_minute_of_the_citys_table_are_a_poll(resources: Resources, tmp_path: Path) -> None:
    back = {**ROW, "id_veiculo": "86812", "sentido": "ITI VOLTA - 13 ALVORADA X MATO ALTO (EXPRESSO)", "servico": None}
    _, signals = import_all(table(tmp_path / "13.parquet", ROW, back), resources)
    assert signals == 2
    assert query(resources, "select records, captured_at, tick from brt_poll") == [
        {name: 2 if name == "records" else CAPTURED for name in ("records", "captured_at", "tick")}
    ]
    rows = query(resources, "select codigo, linha, sentido, datahora, captured_at from brt_raw order by codigo")
    assert [(row["codigo"], row["linha"], row["sentido"]) for row in rows] == [
        ("86811", "13", "ida"),
        ("86812", None, "volta"),
    ]
    assert rows[0]["datahora"].isoformat() == "2022-06-30T06:34:51+00:00"
    assert rows[0]["captured_at"] == CAPTURED


def test_a_table_that_was_cut_short_goes_on_where_it_was(
    resources: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_windows, "ROWS_OF_A_WINDOW", 3)
    days = [datetime(2022, 6, 30, 12) + timedelta(days=number) for number in range(4)]  # noqa: DTZ001
    rows = [
        {**ROW, "id_veiculo": str(bus), "timestamp_gps": day, "timestamp_captura": day} for day in days for bus in "12"
    ]
    source = Import.of(table(tmp_path / "a.parquet", *rows), resources)
    writing = source.write_table({}, [])
    assert next(writing) == (2, 8)
    writing.close()
    half_written = source.resources.files.windows / "20220701T150000Z"
    half_written.mkdir()
    assert source.known() is None
    assert list(source.write_table({}, []))[-1] == (8, 8)
    assert [loaded.signals for loaded in source.load(pipeline.load)] == [2, 2, 2, 2]


def test_nothing_real_comes_into_a_simulated_folder(loaded_resources: Callable[..., Resources], tmp_path: Path) -> None:
    resources = loaded_resources("simulated")
    resources.files.mark_simulated(b"{}")
    with pytest.raises(MixedData):
        Import.of(write_recording(tmp_path / "june.jsonl.gz", recorded_minutes()), resources)


def test_imports_are_compared_with_database_and_lake(resources: Resources, tmp_path: Path) -> None:
    """One that went into the lake only is compared with the lake, until it is loaded into the database too."""
    recording = write_recording(tmp_path / "june.jsonl.gz", recorded_minutes())
    import_all(recording, resources)
    lake_only = Import.of(table(tmp_path / "t.parquet", ROW), resources)
    list(lake_only.write_table({}, []))
    assert sum(loaded.signals for loaded in lake_only.load(pipeline.load, into_lake_only=True)) == 1
    assert verify(resources) == compare_signals(resources) == []
    sources = query(resources, "select capturer from brt_window order by 1")
    for folder in windows_to_rebuild(resources, None):
        rebuild(folder, resources, from_raw=False)
    assert query(resources, "select capturer from brt_window order by 1") == sources
    assert verify(resources) == compare_signals(resources) == []
    resources.lake.day_file(resources.lake.days()[-1]).unlink()
    assert len(verify(resources)) == len(compare_signals(resources)) == 1
    import_all(recording, resources)
    assert sum(loaded.signals for loaded in lake_only.load(pipeline.load)) == 1
    assert verify(resources) == compare_signals(resources) == []
    assert len(query(resources, "select capturer from brt_window")) == len(sources) + 1
