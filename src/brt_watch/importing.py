"""Captures of others, brought in as windows of another source: recordings of the API, and the city's treated history.

Each file has a data folder of its own, `imports/NAME`, whose capturer is `import-NAME`. Everything else is as with a
capture: the answers are kept, read by the rules of today, and loaded window by window.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from brt_watch import disk, pipeline
from brt_watch.clock import RIO, UTC
from brt_watch.errors import ImportFailed, MixedData
from brt_watch.model import Poll, Status
from brt_watch.pipeline import Parts
from brt_watch.replay import Recorded, read_recording
from brt_watch.store import Loaded
from brt_watch.window import CaptureFiles

SMTR = ("id_veiculo", "timestamp_gps", "timestamp_captura", "latitude", "longitude", "servico", "sentido", "velocidade")
"""What we take of the city's table of treated signals of 2022: a row a vehicle and minute, times those of Rio."""


@dataclass(frozen=True)
class Source:
    """A file and its answers, in the order of time."""

    name: str
    file: Path
    answers: list[Recorded]


def read_source(file: Path) -> Source:
    """Read a recording (.jsonl, .jsonl.gz) or a table of the city (.parquet); raises RecordingError, ImportFailed."""
    name = file.name.split(".")[0]
    if file.suffix == ".parquet":
        return Source(f"{file.parent.name}-{name}", file, _smtr_answers(file))
    return Source(name, file, read_recording(file).answers)


def bring_in(source: Source, parts: Parts) -> Iterator[Poll]:
    """Write the answers of a source into windows, a day each, and yield each poll. What is there already stays."""
    if parts.files.simulated():
        raise MixedData(folder=parts.settings.folder)
    files = _files(source, parts)
    disk.write_durably(files.data / "capturer", f"import-{source.name}".encode())
    with files.writing():
        newest = files.newest_tick()
        for _, answers in groupby(_apart(source.answers), key=lambda answer: answer.captured_at.date()):
            new = [answer for answer in answers if newest is None or _tick(answer) > newest]
            window = files.open_window() or (files.new_window(_tick(new[0])) if new else None)
            if not window:
                continue
            for answer in new:
                poll = Poll(_tick(answer), Status.OK, requested_at=answer.captured_at, captured_at=answer.captured_at)
                yield window.record(*pipeline.keep_and_understand(poll, answer.body, window))
            files.close(window)


def load_in(source: Source, parts: Parts) -> Iterator[Loaded]:
    """Load the windows of a source that wait, and yield what each brought."""
    parts = replace(parts, files=_files(source, parts))
    for folder in parts.files.closed_windows():
        yield pipeline.load(folder, parts)


def _files(source: Source, parts: Parts) -> CaptureFiles:
    folder = parts.settings.folder / "imports" / source.name
    folder.mkdir(parents=True, exist_ok=True)
    return CaptureFiles(folder, source.file.name)


def _tick(answer: Recorded) -> datetime:
    return answer.captured_at.astimezone(UTC).replace(microsecond=0)


def _apart(answers: list[Recorded]) -> Iterator[Recorded]:
    """Yield the answers at seconds of their own: a tick is known by its second."""
    last: datetime | None = None
    for answer in answers:
        if last and _tick(answer) <= last:
            answer = answer._replace(captured_at=last + timedelta(seconds=1))
        last = _tick(answer)
        yield answer


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
            captured.replace(tzinfo=RIO).astimezone(UTC), msgspec.json.encode({"veiculos": list(map(_record, of))})
        )
        for captured, of in sorted(minutes.items())
    ]


def _record(row: dict[str, Any]) -> dict[str, Any]:
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
        "sentido": "ida" if " IDA " in f" {way} " else "volta" if " VOLTA " in f" {way} " else "",
        "trajeto": way,
    }
