from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from brt_watch.archive.sources import Source, moment_of, read_source
from brt_watch.errors import ImportFailed
from brt_watch.feeds.brt import parse
from tests.city_data import CITY_DATA
from tests.fleet import START, body, recorded_minutes, vehicle

CAPTURES = CITY_DATA / "captures"

HEADER = "codigo,linha,latitude,longitude,dataHora,velocidade,sentido,trajeto,hodometro,direcao,ignicao"
ROW = "901008,22,-23.0,-43.3,1749159870000,1.3,volta,22 - X,176266.6,70.0,1.0"


def written(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def said(source: Source, answer: int = 0) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(source.answers[answer].body)["veiculos"]
    return records


def test_an_answer_is_kept_as_it_is(tmp_path: Path) -> None:
    answer = body(vehicle(), vehicle("901009"))
    plain, packed = tmp_path / "plain.json", tmp_path / "packed.json.gz"
    plain.write_bytes(answer)
    packed.write_bytes(gzip.compress(answer))
    for file in (plain, packed):
        source = read_source(file, START)
        assert source.answers == [(START, answer)]
        assert (source.name, source.described) == (file.name.split(".")[0], file.name)


def test_a_list_alone_becomes_an_answer(tmp_path: Path) -> None:
    file = written(tmp_path / "list.json", json.dumps([vehicle(), "nonsense"]))
    parsed = parse(read_source(file).answers[0].body)
    assert [record.codigo for record in parsed.records] == ["901008"]
    assert [reject.reason for reject in parsed.rejects] == ["not_an_object"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"veiculos": []}', '[{"ordem": "B63014"}]', '{"a": 1}', "3"])
def test_what_is_no_answer_of_the_brt_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ImportFailed):
        read_source(written(tmp_path / "x.json", text))


def test_an_answer_without_a_moment_is_as_old_as_its_newest_stamps(tmp_path: Path) -> None:
    for captured_at, answer in recorded_minutes():
        file = tmp_path / "answer.json"
        file.write_bytes(answer)
        source = read_source(file)
        assert timedelta() <= captured_at - source.answers[0].captured_at <= timedelta(seconds=15)
        assert source.described == "answer.json (captured_at estimated)"


def test_a_clock_that_is_ahead_does_not_tell_when_an_answer_came() -> None:
    at = int(START.timestamp()) * 1000
    assert moment_of([*range(at - 60_000, at + 1, 1000), at + 155_000]) == START.replace(microsecond=0)
    assert moment_of([at]) == START.replace(microsecond=0)
    assert moment_of([]) is None


def test_a_table_tells_no_types_and_gets_those_of_the_api(tmp_path: Path) -> None:
    nothing = "KXE9191 PKP,0,0,0,,x,,,, ,nan"
    source = read_source(written(tmp_path / "a.csv", f"{HEADER}\r", f"{ROW}\r", f"{nothing}\r", encoding="utf-8-sig"))
    bus, car = said(source)
    assert bus == {
        **{"codigo": "901008", "linha": "22", "latitude": -23.0, "longitude": -43.3, "dataHora": 1749159870000},
        **{"velocidade": 1.3, "sentido": "volta", "trajeto": "22 - X", "hodometro": 176266.6, "direcao": 70.0},
        "ignicao": 1.0,
    }
    assert (car["dataHora"], car["velocidade"], car["hodometro"], car["direcao"]) == (None, "x", None, " ")
    assert car["ignicao"] is None
    parsed = parse(source.answers[0].body)
    assert (parsed.records[0].direcao, parsed.records[0].ignicao) == (70, 1)
    assert [reject.reason for reject in parsed.rejects] == ["datahora_missing"]


def test_a_table_of_windows_is_read_with_its_accents(tmp_path: Path) -> None:
    source = read_source(
        written(tmp_path / "a.csv", HEADER, ROW.replace("22 - X", "JARDIM OCEÂNICO"), encoding="cp1252")
    )
    assert said(source)[0]["trajeto"] == "JARDIM OCEÂNICO"


def test_the_rows_of_one_moment_are_an_answer(tmp_path: Path) -> None:
    moments = ["2025-06-05 18:44:49.5", "2025-06-05 18:45:50", "2025-06-05T21:45:50Z"]
    lines = [f"{ROW},{moment}" for moment in moments for _ in range(2)]
    source = read_source(written(tmp_path / "a.csv", f"{HEADER},timestamp", *lines))
    assert [answer.captured_at.isoformat() for answer in source.answers] == [
        "2025-06-05T21:44:49.500000+00:00",
        "2025-06-05T21:45:50+00:00",
        "2025-06-05T21:45:50+00:00",
    ]
    assert [len(said(source, number)) for number in range(3)] == [2, 2, 2]
    assert "timestamp" not in said(source)[0]
    assert source.described == "a.csv"


def test_where_no_row_tells_a_moment_a_vehicle_that_comes_again_begins_an_answer(tmp_path: Path) -> None:
    again = ROW.replace("1749159870000", "2025-06-05 18:45:30")
    other = ROW.replace("901008", "901009")
    source = read_source(written(tmp_path / "a.csv", HEADER, ROW, other, again))
    assert [[each["codigo"] for each in said(source, number)] for number in range(2)] == [
        ["901008", "901009"],
        ["901008"],
    ]
    assert [f"{answer.captured_at:%H:%M:%S}" for answer in source.answers] == ["21:44:30", "21:45:30"]
    assert source.is_estimated


def test_times_are_those_of_rio_unless_it_is_said_that_they_are_utc(tmp_path: Path) -> None:
    row = ROW.replace("1749159870000", "2025-06-05 21:44:30")
    file = written(tmp_path / "a.csv", f"{HEADER},timestamp", f"{row},2025-06-05 18:44:49")
    with pytest.raises(ImportFailed, match=r"\+3.0 hours from timestamp.*--utc"):
        read_source(file)
    assert said(read_source(file, utc=["dataHora"]))[0]["dataHora"] == 1749159870000


def test_a_line_of_another_length_is_refused_and_kept(tmp_path: Path) -> None:
    source = read_source(written(tmp_path / "a.csv", f"{HEADER},timestamp", f"{ROW},2025-06-05 18:44:49", "901009,22"))
    parsed = parse(source.answers[0].body)
    assert [(reject.reason, reject.record) for reject in parsed.rejects] == [("not_an_object", '["901009","22"]')]
    assert len(parsed.records) == 1


def test_the_vendors_table_has_names_of_its_own(tmp_path: Path) -> None:
    header = "longitude,latitude,vei_nro_gestor,direcao,velocidade,inicio_viagem,linha,nomeItinerario,comunicacao"
    row = "-43.3,-22.8,12701,3,50,2022-08-04 05:21:17,46,ITI VOLTA - 46 PENHA X ALVORADA (EXPRESSO),2022-08-04 09:46:45"
    (record,) = parse(read_source(written(tmp_path / "a.csv", header, row)).answers[0].body).records
    assert (record.codigo, record.linha, record.sentido, record.direcao) == ("12701", "46", "volta", None)
    assert datetime.fromtimestamp(record.dataHora / 1000, START.tzinfo).isoformat() == "2022-08-04T12:46:45+00:00"
    assert json.loads(record.extra or "") == {
        **{"oitavo": 3, "inicio_viagem": "2022-08-04 05:21:17", "nomeLinha": None}
    }


@pytest.mark.parametrize(
    "text", ["", "codigo,latitude", HEADER, f"{HEADER},timestamp\n{ROW},yesterday", f"{HEADER}\n901008,22,0,0,,,,,,,"]
)
def test_a_table_that_we_do_not_know_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ImportFailed):
        read_source(written(tmp_path / "x.csv", text))


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captures of others are not here")
@pytest.mark.parametrize(
    ("name", "answers", "records", "first"),
    [
        ("brt_2021-02-24_maestro_raw.json", 1, 329, "2021-02-24T16:16:54"),
        ("brt_2023-07-26_gabryelle.csv", 41, 9573, "2023-07-26T07:02:25"),
        ("brt_2023-07-26_mark1.json", 1, 452, "2023-07-26T23:17:18"),
        ("brt_2025-01-20_nicolas3.csv", 4, 3024, "2025-01-21T00:54:56"),
        ("brt_2025-02-17_leoneves.csv", 23, 17089, "2025-02-17T12:24:49"),
        ("brt_2026-10-02_monitoraflow_fixture.json", 1, 45, "2026-10-02T03:17:45"),
        ("brt_snippets_2025-11_2026-03.json", 1, 4, "2026-03-19T23:53:10"),
        ("hist_2022/real_time_data_2022-08-04.csv", 179, 15239, "2022-08-04T12:47:15"),
    ],
)
def test_the_captures_of_others_are_read_to_the_last_record(name: str, answers: int, records: int, first: str) -> None:
    source = read_source(CAPTURES / name, utc=["dataHora"] if "leoneves" in name else ())
    parsed = [parse(answer.body) for answer in source.answers]
    assert (len(source.answers), sum(len(each.records) for each in parsed)) == (answers, records)
    assert not any(each.rejects for each in parsed)
    assert source.answers[0].captured_at.isoformat().startswith(first)


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captures of others are not here")
def test_ordinary_buses_are_not_the_brt() -> None:
    with pytest.raises(ImportFailed, match="codigo"):
        read_source(CAPTURES / "sppo_2024-06-06_smtr_api.json")
