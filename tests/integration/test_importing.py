from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from brt_watch.archive.importing import bring_in, load_in
from brt_watch.archive.sources import read_source
from brt_watch.errors import ImportFailed, MixedData
from brt_watch.resources import Resources
from tests.city_data import CITY_DATA
from tests.fleet import body, recorded_minutes, vehicle, write_recording
from tests.integration.captured import query

HISTORY = CITY_DATA / "captures" / "hist_2022" / "13.parquet"

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


def import_all(file: Path, resources: Resources) -> tuple[int, int]:
    """Import a file; returns the new polls and the signals that were new."""
    source = read_source(file)
    polls = len(list(bring_in(source, resources)))
    return polls, sum(loaded.signals for loaded in load_in(source, resources))


def test_a_recording_is_a_source_of_its_own_and_twice_is_once(resources: Resources, tmp_path: Path) -> None:
    recording = write_recording(tmp_path / "june.jsonl.gz", recorded_minutes())
    polls, signals = import_all(recording, resources)
    assert polls == 10
    assert signals == query(resources, "select count(*) as n from brt_raw")[0]["n"] > 60
    assert query(resources, "select capturer, feed_url, polls, rejects from brt_window") == [
        {"capturer": "import-june", "feed_url": "june.jsonl.gz", "polls": 10, "rejects": 10}
    ]
    assert import_all(recording, resources) == (0, 0)


def test_an_import_that_was_cut_short_goes_on_where_it_was(resources: Resources, tmp_path: Path) -> None:
    source = read_source(write_recording(tmp_path / "june.jsonl.gz", recorded_minutes()))
    polls = bring_in(source, resources)
    for _ in range(4):
        next(polls)
    polls.close()
    assert len(list(bring_in(source, resources))) == 6
    assert sum(loaded.rejects for loaded in load_in(source, resources)) == 10


def test_another_file_of_the_same_name_is_refused(resources: Resources, tmp_path: Path) -> None:
    answers = recorded_minutes()
    import_all(write_recording(tmp_path / "june.jsonl.gz", answers[5:]), resources)
    with pytest.raises(ImportFailed, match="another file of this name"):
        import_all(write_recording(tmp_path / "june.jsonl.gz", answers), resources)
    # But one that goes on is taken up where it was.
    import_all(write_recording(tmp_path / "july.jsonl.gz", answers[:5]), resources)
    assert import_all(write_recording(tmp_path / "july.jsonl.gz", answers), resources)[0] == 5


def test_a_table_and_an_answer_are_loaded_once_and_say_what_was_refused(resources: Resources, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text(
        "codigo,latitude,longitude,dataHora\n901008,-22.9,-43.3,1749159870000\n901009,,-43.3,1749159870000\n901010\n"
    )
    (tmp_path / "answer.json").write_bytes(body(vehicle(), vehicle("901011", latitude=None)))
    for name, signals in (("table.csv", 1), ("answer.json", 1)):
        assert import_all(tmp_path / name, resources) == (1, signals)
        assert import_all(tmp_path / name, resources) == (0, 0)
    assert query(resources, "select capturer, reason, count(*) as n from brt_reject group by 1, 2 order by 1, 2") == [
        {"capturer": "import-answer", "reason": "position_missing", "n": 1},
        {"capturer": "import-table", "reason": "not_an_object", "n": 1},
        {"capturer": "import-table", "reason": "position_missing", "n": 1},
    ]
    assert query(resources, "select feed_url from brt_window order by load_id") == [
        {"feed_url": "table.csv (captured_at estimated)"},
        {"feed_url": "answer.json (captured_at estimated)"},
    ]


def test_the_rows_of_a_minute_of_the_citys_table_are_an_answer(resources: Resources, tmp_path: Path) -> None:
    back = {**ROW, "id_veiculo": "86812", "sentido": "ITI VOLTA - 13 ALVORADA X MATO ALTO (EXPRESSO)", "servico": None}
    file = table(tmp_path / "13.parquet", ROW, back)
    assert import_all(file, resources) == (1, 2)
    rows = query(
        resources, "select codigo, linha, sentido, velocidade, datahora, captured_at from brt_raw order by codigo"
    )
    assert [(row["codigo"], row["linha"], row["sentido"]) for row in rows] == [
        ("86811", "13", "ida"),
        ("86812", "0", "volta"),
    ]
    assert rows[0]["datahora"].isoformat() == "2022-06-30T06:34:51+00:00"
    assert rows[0]["captured_at"].isoformat() == "2022-06-30T06:35:20+00:00"


def test_a_table_that_we_do_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImportFailed, match="timestamp_gps"):
        read_source(table(tmp_path / "x.parquet", {"id_veiculo": "1"}))
    broken = tmp_path / "y.parquet"
    broken.write_bytes(b"PAR1")
    with pytest.raises(ImportFailed):
        read_source(broken)


def test_nothing_real_comes_into_a_simulated_folder(loaded_resources: Callable[..., Resources], tmp_path: Path) -> None:
    resources = loaded_resources("simulated")
    resources.files.mark_simulated(b"{}")
    source = read_source(write_recording(tmp_path / "june.jsonl.gz", recorded_minutes()))
    with pytest.raises(MixedData):
        next(bring_in(source, resources))


@pytest.mark.skipif(not HISTORY.exists(), reason="the city's table of 2022 is not here")
def test_the_citys_table_of_2022_is_read() -> None:
    source = read_source(HISTORY)
    assert len(source.answers) == 33_507
    assert source.answers[0].captured_at.isoformat() == "2022-06-30T06:35:20+00:00"
