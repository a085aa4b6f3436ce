from __future__ import annotations

import gzip
import json
import math
from datetime import timedelta
from pathlib import Path

import pytest

from brt_watch.archive.sources import moment_of, read_source
from brt_watch.errors import ImportFailed, RecordingError
from brt_watch.feeds.brt import parse
from tests.city_data import CITY_DATA
from tests.made_vehicles import START, body, recorded_minutes, vehicle

CAPTURES = CITY_DATA / "captures"


def written(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_an_answer_is_kept_as_it_is(tmp_path: Path) -> None:
    answer = body(vehicle(), vehicle("901009"))
    plain, packed = tmp_path / "plain.json", tmp_path / "packed.json.gz"
    plain.write_bytes(answer)
    packed.write_bytes(gzip.compress(answer))
    for file in (plain, packed):
        source = read_source(file, START)
        assert source.answers == [(START, answer)]
        assert source.described == file.name


def test_a_list_alone_becomes_an_answer(tmp_path: Path) -> None:
    file = written(tmp_path / "list.json", json.dumps([vehicle(), "nonsense"]))
    parsed = parse(read_source(file).answers[0].body)
    assert [record.codigo for record in parsed.records] == ["901008"]
    assert [reject.reason for reject in parsed.rejects] == ["not_an_object"]


def test_a_damaged_packed_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = gzip.compress(body(vehicle()) * 50)
    for name, content in {"cut.json.gz": whole[:-20], "bits.json.gz": whole[:15] + b"\xff" * 9 + whole[24:]}.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImportFailed, match=r"\.json\.gz cannot be imported"):
            read_source(tmp_path / name)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"veiculos": []}', '[{"ordem": "B63014"}]', '{"a": 1}', "3"])
def test_what_is_no_answer_of_the_brt_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ImportFailed):
        read_source(written(tmp_path / "x.json", text))


def test_undated_answer_is_dated_by_its_newest_stamps(tmp_path: Path) -> None:
    for captured_at, answer in recorded_minutes():
        file = tmp_path / "answer.json"
        file.write_bytes(answer)
        source = read_source(file)
        assert timedelta() <= captured_at - source.answers[0].captured_at <= timedelta(seconds=15)
        assert source.described == "answer.json (captured_at estimated)"


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize(
    "form", [b"%b", b'{"veiculos":%b}', b'{"captured_at":"2025-06-05T21:44:49Z","body":{"veiculos":%b}}']
)
def test_a_vehicle_that_is_no_json_costs_no_other(tmp_path: Path, form: bytes, bom: bytes) -> None:
    """NaN, as Python writes it, or a byte order mark, as Windows writes it, once had the whole file refused."""
    file = tmp_path / ("x.jsonl" if b"captured_at" in form else "x.json")
    file.write_bytes(bom + form % json.dumps([vehicle(), vehicle("901009", latitude=math.nan)]).encode())
    (answer,) = read_source(file).answers
    parsed = parse(answer.body)
    assert [record.codigo for record in parsed.records] == ["901008"]
    assert [reject.reason for reject in parsed.rejects] == ["not_readable"]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("x.json", '{"veiculos": [\n{"codigo": "90', r"line 2, column 15: '\{\"codigo\": \"90'.*expected.*veiculos"),
        ("x.json", '{"veiculos": [1]}\n}', r"line 2, column 1: '\}'.*expected.*veiculos"),
        (
            "x.jsonl",
            '{"captured_at":"2025-06-05T21:44:49Z","body":{}}\n{"captured_at":',
            "line 2, column 16.*expected.*body",
        ),
        ("x.jsonl", '{"captured_at":"yesterday","body":{}}', "line 1: .*yesterday.*expected.*captured_at"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place(tmp_path: Path, name: str, text: str, place: str) -> None:
    with pytest.raises((ImportFailed, RecordingError), match=f"(?s){name}.*{place}"):
        read_source(written(tmp_path / name, text))


def test_an_answer_with_stamps_in_seconds_is_refused(tmp_path: Path) -> None:
    """Its moment would be estimated as one of January 1970."""
    with pytest.raises(ImportFailed, match=r"seconds\? milliseconds"):
        read_source(written(tmp_path / "x.json", json.dumps([vehicle(dataHora=1_749_160_048)])))


def test_a_clock_ahead_does_not_date_an_answer() -> None:
    at = int(START.timestamp()) * 1000
    assert moment_of([*range(at - 60_000, at + 1, 1000), at + 155_000]) == START.replace(microsecond=0)
    assert moment_of([at]) == START.replace(microsecond=0)
    assert moment_of([]) is None


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captures of others are not here")
@pytest.mark.parametrize(
    ("name", "answers", "records", "first"),
    [
        ("brt_2021-02-24_maestro_raw.json", 1, 329, "2021-02-24T16:16:54"),
        ("brt_2023-07-26_mark1.json", 1, 452, "2023-07-26T23:17:18"),
        ("brt_2026-10-02_monitoraflow_fixture.json", 1, 45, "2026-10-02T03:17:45"),
        ("brt_snippets_2025-11_2026-03.json", 1, 4, "2026-03-19T23:53:10"),
    ],
)
def test_imported_captures_are_read_to_the_last_record(name: str, answers: int, records: int, first: str) -> None:
    source = read_source(CAPTURES / name)
    parsed = [parse(answer.body) for answer in source.answers]
    assert (len(source.answers), sum(len(each.records) for each in parsed)) == (answers, records)
    assert not any(each.rejects for each in parsed)
    assert source.answers[0].captured_at.isoformat().startswith(first)


@pytest.mark.skipif(not CAPTURES.exists(), reason="the captures of others are not here")
def test_ordinary_buses_are_not_the_brt() -> None:
    with pytest.raises(ImportFailed, match="codigo"):
        read_source(CAPTURES / "sppo_2024-06-06_smtr_api.json")
