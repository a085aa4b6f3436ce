"""Captures of others, in the forms in which people keep them, read as answers of the API.

| form | what it is | when it was captured |
|---|---|---|
| .jsonl | a recording: a line an answer, with captured_at | as it says |
| .json | one answer, `{"veiculos": [...]}` or only its list | as the user says, else from its stamps |
| .csv | a row a vehicle and answer, the API's names as columns | a column (CAPTURED), else from its stamps |
| .csv of 2022 | the same of the vendor of the devices, with other names | from its stamps |
| .parquet | the city's table of treated signals, 2022 | timestamp_captura |

Each may be compressed (.gz), but the last. What is no signal stays in the answers, and is refused and counted by the
rules of the capture.
"""

from __future__ import annotations

import csv
import gzip
import io
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from dateutil.parser import isoparse

from brt_watch.archive.recordings import Recorded, read_recording
from brt_watch.clock import RIO, UTC
from brt_watch.errors import ImportFailed

SMTR = ("id_veiculo", "timestamp_gps", "timestamp_captura", "latitude", "longitude", "servico", "sentido", "velocidade")
"""What we take of the city's table of treated signals of 2022: a row a vehicle and minute, times those of Rio."""

CAPTURED = ("captured_at", "timestamp")
"""Columns of a CSV that say when the answer came."""

NUMBERS = {
    *("latitude", "longitude", "velocidade", "hodometro", "direcao", "ignicao"),
    *("capacidadePeVeiculo", "capacidadeSentadoVeiculo"),
}

CROWD = 1 / 20
"""So many of an answer's stamps lie within 20 s before it was captured: fewer have clocks that are ahead."""

NEAR = timedelta(minutes=30)
"""Stamps that lie further than this from their capture are told in another zone than was thought."""


@dataclass(frozen=True)
class Source:
    """A file and its answers, in the order of time; `is_estimated` when their moments are taken from their stamps."""

    name: str
    file: Path
    answers: list[Recorded]
    is_estimated: bool = False

    @property
    def described(self) -> str:
        """What is kept with the data as where they came from."""
        return f"{self.file.name} (captured_at estimated)" if self.is_estimated else self.file.name


def read_source(file: Path, captured_at: datetime | None = None, utc: Iterable[str] = ()) -> Source:
    """Read a file of any form; raises RecordingError, ImportFailed.

    `captured_at` is when the one answer of a .json came. Times of a CSV without a zone are those of Rio, but in the
    columns that `utc` names.
    """
    name, form = file.name.split(".")[0], file.name.removesuffix(".gz").rpartition(".")[2]
    if form == "parquet":
        return Source(f"{file.parent.name}-{name}", file, _smtr_answers(file))
    if form == "csv":
        return _csv_source(name, file, set(utc))
    if form == "json":
        return _json_source(name, file, captured_at)
    return Source(name, file, read_recording(file).answers)


def moment_of(stamps_ms: Iterable[int]) -> datetime | None:
    """Return when an answer with these stamps was captured, a few seconds early; None without any.

    That is the newest stamp with a crowd in the 20 s up to it.
    """
    stamps = sorted(stamps_ms)
    enough = CROWD * len(stamps)
    crowds = (stamp for index, stamp in enumerate(stamps) if index + 1 - bisect_left(stamps, stamp - 20_000) >= enough)
    newest = max(crowds, default=stamps[-1] if stamps else None)
    return datetime.fromtimestamp(newest / 1000, UTC) if newest is not None else None


def _read(file: Path) -> bytes:
    try:
        return gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    except (OSError, EOFError) as error:
        raise ImportFailed(file=file, reason=str(error)) from error


# -- one answer -----------------------------------------------------------------------------------------------------


def _json_source(name: str, file: Path, captured_at: datetime | None) -> Source:
    body = _read(file)
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise ImportFailed(file=file, reason=str(error)) from error
    if isinstance(value, list):
        body, value = b'{"veiculos":' + body.strip() + b"}", {"veiculos": value}
    entries = value.get("veiculos") if isinstance(value, dict) else None
    if not isinstance(entries, list) or not any(isinstance(entry, dict) and entry.get("codigo") for entry in entries):
        raise ImportFailed(file=file, reason="no vehicle in it has a codigo, so it is no answer of the BRT's API")
    moment = captured_at or moment_of(_stamps(entries))
    if moment is None:
        raise ImportFailed(file=file, reason="no record of it has a stamp; say when it was captured: --captured-at")
    return Source(name, file, [Recorded(moment, body)], is_estimated=captured_at is None)


def _stamps(entries: list[Any]) -> list[int]:
    found = (entry.get("dataHora") for entry in entries if isinstance(entry, dict))
    # What is no moment at all is left to the rules of the capture.
    return [stamp for stamp in found if type(stamp) is int and 0 <= stamp < 10**14]


# -- tables ---------------------------------------------------------------------------------------------------------


def _csv_source(name: str, file: Path, utc: set[str]) -> Source:
    data = _read(file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    try:
        header, *lines = [line for line in csv.reader(io.StringIO(text, newline="")) if line] or [[]]
    except csv.Error as error:
        raise ImportFailed(file=file, reason=str(error)) from error
    record, codigo = (_vendor_record, "vei_nro_gestor") if "vei_nro_gestor" in header else (_api_record, "codigo")
    captured = next((column for column in CAPTURED if column in header), None)
    if missing := {codigo, "latitude", "longitude"} - set(header):
        raise ImportFailed(file=file, reason=f"it has no column {', '.join(sorted(missing))}")
    rows = [dict(zip(header, line, strict=True)) if len(line) == len(header) else line for line in lines]
    zones = defaultdict(lambda: RIO, dict.fromkeys(utc, UTC))
    try:
        answers = list(_told(rows, captured, zones) if captured else _split(rows, codigo))
    except ValueError as error:
        raise ImportFailed(file=file, reason=str(error)) from error
    found: list[Recorded] = []
    for moment, of in answers:
        entries = [record(row, captured, zones) if isinstance(row, dict) else row for row in of]
        guessed = moment_of(_stamps(entries))
        if moment and guessed and not found and abs(moment - guessed) > NEAR:
            hours = (guessed - moment) / timedelta(hours=1)
            reason = f"dataHora lies {hours:+.1f} hours from {captured}; say which of them is UTC: --utc"
            raise ImportFailed(file=file, reason=reason)
        # Where nothing tells, it came after the one before.
        moment = moment or guessed or (found[-1].captured_at if found else None)
        if moment is None:
            raise ImportFailed(file=file, reason="its first answer has no stamp, and no column says when it came")
        found.append(Recorded(moment, msgspec.json.encode({"veiculos": entries})))
    if not found:
        raise ImportFailed(file=file, reason="it has no row")
    return Source(name, file, found, is_estimated=captured is None)


_Row = dict[str, str] | list[str]
"""A line with as many fields as the header, or one with another number of them, which is refused and kept."""

_Zones = dict[str, timezone]


def _told(rows: list[_Row], captured: str, zones: _Zones) -> Iterator[tuple[datetime, list[_Row]]]:
    """Yield the rows of each answer by the moment that they tell; raises ValueError when one tells none.

    Of a line that cannot be read it is not known; it stays with those before it.
    """
    last = next((row[captured] for row in rows if isinstance(row, dict)), "")

    def moment(row: _Row) -> str:
        nonlocal last
        last = row[captured] if isinstance(row, dict) else last
        return last

    for text, of in groupby(rows, key=moment):
        yield _moment(text, zones[captured]), list(of)


def _split(rows: list[_Row], codigo: str) -> Iterator[tuple[None, list[_Row]]]:
    """Yield the rows of each answer, where none tells when it came: no vehicle is in an answer twice."""
    seen: set[str] = set()
    answer: list[_Row] = []
    for row in rows:
        code = row[codigo] if isinstance(row, dict) else ""
        if code in seen:
            yield None, answer
            seen, answer = set(), []
        seen |= {code} - {""}
        answer.append(row)
    if answer:
        yield None, answer


def _moment(text: str, zone: timezone) -> datetime:
    moment: datetime = isoparse(text.strip())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _stamp(text: str, zone: timezone) -> object:
    """Return milliseconds since 1970; what is no time stays as it is, for the rules of the capture."""
    number = _number(text)
    if isinstance(number, str):
        try:
            return round(_moment(number, zone).timestamp() * 1000)
        except ValueError:
            return number
    return int(number) if isinstance(number, float) and number.is_integer() else number


def _number(text: str) -> object:
    """Return a number as the API writes it; null for nothing; what is no number stays as it is."""
    if not text:
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _api_record(row: dict[str, str], captured: str | None, zones: _Zones) -> dict[str, Any]:
    """Return a row with the API's names as the API would have said it: a table tells no types."""
    return {
        name: _stamp(text, zones[name]) if name == "dataHora" else _number(text) if name in NUMBERS else text
        for name, text in row.items()
        if name != captured
    }


def _vendor_record(row: dict[str, str], _captured: str | None, zones: _Zones) -> dict[str, Any]:
    """Return a row of the vendor of the devices (2022). Its direcao is an eighth of the circle, 0 from north to 45."""
    itinerary = row.get("nomeItinerario", "")
    return {
        "codigo": row["vei_nro_gestor"],
        "linha": row.get("linha") or "0",
        "latitude": _number(row["latitude"]),
        "longitude": _number(row["longitude"]),
        "dataHora": _stamp(row.get("comunicacao", ""), zones["comunicacao"]),
        "velocidade": _number(row.get("velocidade", "")),
        "sentido": _direction(itinerary),
        "trajeto": itinerary,
        "oitavo": _number(row.get("direcao", "")),
        "inicio_viagem": row.get("inicio_viagem"),
        "nomeLinha": row.get("nomeLinha"),
    }


def _direction(itinerary: str) -> str:
    """Return the direction in a name like `ITI IDA - 13 MATO ALTO X ALVORADA (EXPRESSO)`."""
    return "ida" if " IDA " in f" {itinerary} " else "volta" if " VOLTA " in f" {itinerary} " else ""


# -- the city's table -----------------------------------------------------------------------------------------------


def _smtr_answers(file: Path) -> list[Recorded]:
    """Put the rows of a minute together as the API would have given them."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    try:
        rows = parquet.read_table(file, columns=list(SMTR)).to_pylist()
    except (OSError, arrow.ArrowException) as error:
        raise ImportFailed(file=file, reason=str(error)) from error
    minutes: dict[datetime, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        minutes[row["timestamp_captura"]].append(row)
    return [
        Recorded(
            captured.replace(tzinfo=RIO).astimezone(UTC), msgspec.json.encode({"veiculos": list(map(_smtr_record, of))})
        )
        for captured, of in sorted(minutes.items())
    ]


def _smtr_record(row: dict[str, Any]) -> dict[str, Any]:
    way = row["sentido"] or ""
    return {
        "codigo": row["id_veiculo"],
        "placa": "",
        "linha": row["servico"] or "0",
        "latitude": row["latitude"],
        "longitude": row["longitude"],
        "dataHora": round(row["timestamp_gps"].replace(tzinfo=RIO).timestamp() * 1000),
        "velocidade": row["velocidade"],
        "id_migracao_trajeto": "",
        "sentido": _direction(way),
        "trajeto": way,
    }
