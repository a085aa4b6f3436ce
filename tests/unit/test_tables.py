from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import msgspec
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from brt_watch.archive.columns import match_columns
from brt_watch.archive.tables import Table, read_table
from brt_watch.errors import ImportFailed
from brt_watch.feeds.brt import parse
from brt_watch.feeds.record import COLUMNS
from tests.city_data import CITY_DATA

CAPTURES = CITY_DATA / "captures"

HEADER = "codigo,linha,latitude,longitude,dataHora,velocidade,sentido,trajeto,hodometro,direcao,ignicao"
ROW = "901008,22,-23.0,-43.3,1749159870000,1.3,volta,22 - X,176266.6,70.0,1.0"


def written(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def read(
    file: Path, asked: Mapping[str, str] | None = None, utc: Iterable[str] = ()
) -> tuple[Table, list[dict[str, Any]]]:
    """Return a table, and its rows in the order of the file."""
    # Never beside the file: the captures of others are shared.
    with TemporaryDirectory() as work, duckdb.connect() as database:
        table = read_table(file, database, asked or {}, utc, Path(work))
        found = database.execute("select * from capturados order by n")
        names = [column[0] for column in found.description or ()]
        return table, [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def moments(rows: list[dict[str, Any]]) -> list[str]:
    return [f"{row['captured_at']:%Y-%m-%dT%H:%M:%S}" for row in rows]


def test_a_table_gets_the_types_of_the_api(tmp_path: Path) -> None:
    nothing = "KXE9191 PKP,0,0,0,,x,,,, ,nan"
    _, (bus, car) = read(written(tmp_path / "a.csv", f"{HEADER}\r", f"{ROW}\r", f"{nothing}\r", encoding="utf-8-sig"))
    assert bus["reason"] is None
    assert (bus["codigo"], bus["datahora"], bus["velocidade"], bus["direcao"], bus["ignicao"]) == (
        *("901008", 1749159870000, 1.3),
        *("70", 1),
    )
    assert (car["reason"], car["direcao"], car["ignicao"], json.loads(car["extra"])) == (
        *("datahora_missing", " ", None),
        {"velocidade": "x"},
    )


def test_rows_are_judged_as_the_answers_of_the_api_are(tmp_path: Path) -> None:
    """The rules of the capture (feeds/brt.py) and those of tables give the same records and the same reasons."""
    odd = [
        *({"codigo": ""}, {"codigo": "x" * 201}, {"latitude": None}, {"latitude": 91}, {"longitude": -181}),
        *(
            {"dataHora": None},
            {"dataHora": 253_402_300_800_000},
            {"velocidade": 1e15},
            {"ignicao": 1.5},
            {"ignicao": 40000},
        ),
        *({"direcao": " "}, {"direcao": 360}, {"hodometro": -3.25}, {"novo": "7"}, {"latitude": 0, "longitude": 0}, {}),
    ]
    base = {
        **{"codigo": "901008", "linha": "22", "latitude": -23.0, "longitude": -43.3, "dataHora": 1749159870000},
        **{"velocidade": 1.5, "sentido": "ida", "trajeto": "x", "hodometro": 7.5, "direcao": 7, "ignicao": 1},
    }
    entries = [{**base, **change} for change in odd]
    names = [*base, "novo"]
    lines = [",".join("" if (value := entry.get(name)) is None else str(value) for name in names) for entry in entries]
    _, rows = read(
        written(tmp_path / "a.csv", ",".join([*names, "timestamp"]), *(f"{line},2025-06-05 18:44:49" for line in lines))
    )
    parsed = parse(msgspec.json.encode({"veiculos": entries}))
    assert [row["reason"] for row in rows if row["reason"]] == [reject.reason for reject in parsed.rejects]
    good = [row for row in rows if not row["reason"]]
    for row, record in zip(good, parsed.records, strict=True):
        for column in COLUMNS[:-1]:
            value = getattr(record, column.name)
            found = row[column.table_name]
            assert str(found) == str(value) if column.name == "direcao" else found == value, column.name


def test_numbers_may_have_decimal_commas_and_fields_semicolons(tmp_path: Path) -> None:
    file = written(
        tmp_path / "a.csv", "codigo;latitude;longitude;dataHora;velocidade", "1;-22,9;-43,25;05/06/2025 18:44:30;12,5"
    )
    _, (row,) = read(file)
    assert (row["latitude"], row["longitude"], row["velocidade"], row["datahora"]) == (
        -22.9,
        -43.25,
        12.5,
        1749159870000,
    )


@pytest.mark.parametrize(
    ("text", "utc", "hour"),
    [
        ("2025-06-05 18:44:30", False, 21),
        ("2025-06-05 18:44:30", True, 18),
        ("2025-06-05T18:44:30Z", False, 18),
        ("2025-06-05 18:44:30 UTC", False, 18),
        ("2025-06-05 18:44:30.250-03:00", True, 21),
        ("2025-06-05 18:44:30+0200", False, 16),
        ("2025-06-05 18:44:30-05", False, 23),
    ],
)
def test_zones_are_honoured(tmp_path: Path, text: str, utc: bool, hour: int) -> None:
    file = written(tmp_path / "a.csv", "codigo,latitude,longitude,dataHora", f"1,-22.9,-43.2,{text}")
    _, (row,) = read(file, utc=["dataHora"] if utc else ())
    assert datetime.fromtimestamp(row["datahora"] / 1000, timezone.utc).hour == hour


@pytest.mark.parametrize("zone", [timezone.utc, None])
def test_moments_of_a_parquet_with_a_zone_are_not_shifted(tmp_path: Path, zone: timezone | None) -> None:
    """They were read as times of Rio and stored three hours late."""
    at = datetime(2022, 6, 30, 6, 34, 51, tzinfo=zone)
    row = {"id_veiculo": "1", "timestamp_gps": at, "timestamp_captura": at, "latitude": -22.9, "longitude": -43.5}
    parquet.write_table(arrow.Table.from_pylist([row]), tmp_path / "a.parquet")
    _, (found,) = read(tmp_path / "a.parquet")
    assert moments([found]) == ["2022-06-30T06:34:51" if zone else "2022-06-30T09:34:51"]
    assert datetime.fromtimestamp(found["datahora"] / 1000, timezone.utc).hour == (6 if zone else 9)


def test_stamps_that_a_spreadsheet_rounded_are_rejected(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", HEADER, ROW, *[ROW.replace("1749159870000", "1.74916E+12")] * 3)
    table, _ = read(file)
    assert (table.rows, table.rejected) == (4, {"datahora_rounded": 3})
    assert table.examples == [
        "a.csv, line 3, column dataHora: '1.74916E+12' (datahora_rounded; "
        "expected all digits: a spreadsheet rounded them; export the column as text)"
    ]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("captured_at", "1.74916E+12", "captured_at_rounded"),
        ("captured_at", "1749159889", "captured_at_in_seconds"),
        ("dataHora", "1749159870", "datahora_in_seconds"),
        ("codigo", "9.01E+05", "codigo_rounded"),
    ],
)
def test_values_spoilt_on_their_way_are_rejected_by_row(tmp_path: Path, column: str, value: str, reason: str) -> None:
    """A rounded or mistaken value would be stored as another vehicle or as a moment of 1970."""
    good = {"codigo": "901008", "latitude": "-23", "longitude": "-43", "dataHora": "1749159870000"}
    good["captured_at"] = "1749159889000"
    lines = [",".join(row.values()) for row in (good, {**good, column: value}, {**good, "codigo": "12E3"})]
    table, rows = read(written(tmp_path / "a.csv", ",".join(good), *lines))
    assert [row["reason"] for row in rows] == [None, reason, None]
    assert f"line 3, column {column}: '{value}' ({reason}; expected " in table.examples[0]
    assert {row["captured_at"].year for row in rows} == {2025}


def test_rows_may_come_newest_first(tmp_path: Path) -> None:
    """They once got times of capture one second apart, which no row supports."""
    times = ["2025-06-05 18:46:50", "2025-06-05 18:45:50", "2025-06-05 18:44:50"]
    file = written(tmp_path / "a.csv", f"{HEADER},timestamp", *(f"{ROW},{time}" for time in times))
    table, rows = read(file)
    assert moments(rows) == ["2025-06-05T21:46:50", "2025-06-05T21:45:50", "2025-06-05T21:44:50"]
    assert not table.is_estimated


def test_undated_rows_split_when_a_vehicle_returns(tmp_path: Path) -> None:
    again = ROW.replace("1749159870000", "2025-06-05 18:45:30")
    other = ROW.replace("901008", "901009")
    file = written(tmp_path / "a.csv", HEADER, ROW, other, again)
    table, rows = read(file)
    assert moments(rows) == ["2025-06-05T21:44:30", "2025-06-05T21:44:30", "2025-06-05T21:45:30"]
    assert table.is_estimated
    assert list(tmp_path.iterdir()) == [file], "nothing is written beside it"


def test_columns_hours_apart_are_refused_until_one_is_called_utc(tmp_path: Path) -> None:
    row = ROW.replace("1749159870000", "2025-06-05 21:44:30")
    file = written(tmp_path / "a.csv", f"{HEADER},timestamp", f"{row},2025-06-05 18:44:49")
    with pytest.raises(ImportFailed, match=r"\+3.0 hours from timestamp.*--utc"):
        read(file)
    _, (found,) = read(file, utc=["dataHora"])
    assert found["datahora"] == 1749159870000


def test_lines_of_another_length_are_rejected_in_place(tmp_path: Path) -> None:
    lines = [f"{ROW},2025-06-05 18:44:49", "901009,22", f"{ROW},2025-06-05 18:45:49", f"{ROW},2025-06-05 18:45:49,7"]
    table, rows = read(written(tmp_path / "a.csv", f"{HEADER},timestamp", *lines))
    assert [(row["reason"], row["captured_at"].minute) for row in rows] == [
        *[(None, 44), ("wrong_length", 44)],
        *[(None, 45), ("wrong_length", 45)],
    ]
    assert json.loads(rows[1]["record"]) == "901009,22"
    assert table.rows == 4
    assert "line 3, the whole line: '901009,22'" in table.examples[0]


def test_the_code_page_of_windows_is_read(tmp_path: Path) -> None:
    _, (row,) = read(written(tmp_path / "a.csv", HEADER, ROW.replace("22 - X", "JARDIM OCEÂNICO"), encoding="cp1252"))
    assert row["trajeto"] == "JARDIM OCEÂNICO"


@pytest.mark.parametrize(
    ("header", "taken"),
    [
        (
            ["codigo_onibus", "datahoracoleta", "dataposicao", "horaposicao", "latitude", "longitude"],
            {
                "codigo": ["codigo_onibus"],
                "captured_at": ["datahoracoleta"],
                "dataHora": ["dataposicao", "horaposicao"],
            },
        ),
        (
            ["id_veiculo", "timestamp_gps", "vista", "capacidade_pe", "timestamp_captura", "lat", "lng"],
            {
                **{"codigo": ["id_veiculo"], "dataHora": ["timestamp_gps"], "trajeto": ["vista"], "latitude": ["lat"]},
                **{
                    "capacidadePeVeiculo": ["capacidade_pe"],
                    "captured_at": ["timestamp_captura"],
                    "longitude": ["lng"],
                },
            },
        ),
    ],
)
def test_the_names_of_published_captures_are_recognised(header: list[str], taken: dict[str, list[str]]) -> None:
    found, kept = match_columns(header, {})
    assert taken.items() <= found.items()
    assert not kept


def test_columns_can_be_named_and_dates_be_split_over_two(tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", "bus,y,x,dia_gps,hora_gps", "901008,-22.9,-43.2,05/06/2025,18:44:30")
    asked = {"codigo": "bus", "latitude": "y", "longitude": "x", "dataHora": "dia_gps+hora_gps"}
    table, (row,) = read(file, asked)
    assert (row["codigo"], row["datahora"]) == ("901008", 1749159870000)
    assert table.taken["dataHora"] == "dia_gps+hora_gps"
    for wrong, problem in [
        ({"codigo": "nope"}, "no column nope"),
        ({"nope": "bus"}, "nope is no column of the capture"),
    ]:
        with pytest.raises(ImportFailed, match=problem):
            read(file, {**asked, **wrong})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty, or has no header"),
        ("codigo,latitude\n1,2", "no column for longitude, dataHora"),
        (HEADER, "no row"),
        (f"{HEADER},codigo\n{ROW},1", "line 1: two columns have the same name"),
        (
            f"{HEADER},timestamp\n{ROW},yesterday",
            "line 2, column timestamp: 'yesterday' .captured_at_missing; expected",
        ),
        (f"{HEADER}\n901008,22,0,0,soon,,,,,,", "line 2, column dataHora: 'soon' .datahora_missing; expected"),
    ],
)
def test_what_cannot_be_imported_is_refused_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ImportFailed, match=f"x.csv cannot be imported.*{problem}"):
        read(written(tmp_path / "x.csv", text))


def test_a_damaged_packed_table_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join([HEADER, *[ROW] * 500]).encode())
    (tmp_path / "whole.csv.gz").write_bytes(whole)
    assert read(tmp_path / "whole.csv.gz")[0].rows == 500
    contents = {
        "cut.csv.gz": whole[:-20],
        "bits.csv.gz": whole[:15] + b"\xff" * 9 + whole[24:],
        "sum.csv.gz": whole[:-8] + b"\0" * 4 + whole[-4:],
        "none.csv.gz": b"codigo",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImportFailed, match=r"\.csv\.gz cannot be imported: the gzip file is damaged"):
            read(tmp_path / name)


def test_numbers_and_times_of_a_parquet_are_read_as_their_texts(tmp_path: Path) -> None:
    """Each odd value alone in a row: the Parquet file has it as it is, the CSV as DuckDB writes it."""
    odd = {
        "latitude": ["null", "'nan'::double", "'inf'::double", "91", "-90"],
        "dataHora": ["null", "-1", "1749159870", "253402300800000", "1000000000000001"],
        "velocidade": ["null", "'nan'::double", "1e15", "12.5"],
        "ignicao": ["null", "40000", "-1"],
        "direcao": ["null", "1.5", "360", "'nan'::double"],
    }
    types = dict.fromkeys(odd, "double") | {"dataHora": "bigint", "ignicao": "integer"}
    good = {"latitude": "-23.0", "dataHora": "1749159870000", "velocidade": "1.3", "ignicao": "1", "direcao": "70.0"}
    rows = [good | {name: value} for name, values in odd.items() for value in values]
    queries = [
        "select '901008' as codigo, -43.3::double as longitude, timestamp '2025-06-05 18:44:49.25' as captured_at, "
        + ", ".join(f"cast({value} as {types[name]}) as {name}" for name, value in row.items())
        for row in rows
    ]
    with duckdb.connect() as database:
        for form in ("parquet", "csv"):
            database.execute(f"copy ({' union all '.join(queries)}) to '{tmp_path}/a.{form}' (format {form})")
    (table, found), (of_texts, expected) = read(tmp_path / "a.parquet"), read(tmp_path / "a.csv")
    assert table.rejected == of_texts.rejected
    assert table.rejected.keys() == {
        *("position_missing", "position_out_of_range", "datahora_missing", "datahora_in_seconds"),
        "datahora_out_of_range",
    }
    assert [row | {"record": None} for row in found] == [row | {"record": None} for row in expected]


def test_a_damaged_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "y.parquet").write_bytes(b"PAR1")
    with pytest.raises(ImportFailed, match=r"it is no Parquet file, or damaged\."):
        read(tmp_path / "y.parquet")


@pytest.mark.parametrize("content", [b"\n", b"\xef\xbb\xbf"])
def test_an_empty_table_is_refused_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "empty.csv").write_bytes(content)
    with pytest.raises(ImportFailed, match="it is empty, or has no header"):
        read(tmp_path / "empty.csv")


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captures of others are not here")
@pytest.mark.parametrize(
    ("name", "answers", "rows", "first"),
    [
        ("brt_2023-07-26_gabryelle.csv", 41, 9573, "2023-07-26T07:02:25"),
        ("brt_2025-01-20_nicolas3.csv", 4, 3024, "2025-01-21T00:54:56"),
        ("brt_2025-02-17_leoneves.csv", 23, 17089, "2025-02-17T12:24:49"),
        ("hist_2022/13.parquet", 33507, 105394, "2022-06-30T06:35:20"),
        ("hist_2022/real_time_data_2022-08-04.csv", 179, 15239, "2022-08-04T12:47:15"),
    ],
)
def test_published_captures_are_read_to_the_last_row(name: str, answers: int, rows: int, first: str) -> None:
    table, found = read(CAPTURES / name, utc=["dataHora"] if "leoneves" in name else ())
    assert (table.rows, table.rejected) == (rows, {})
    assert len({row["captured_at"] for row in found}) == answers
    assert min(moments(found)) == first
