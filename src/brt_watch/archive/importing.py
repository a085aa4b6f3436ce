"""Import captures that others made, as windows of another source.

Each file has its own data folder, `imports/NAME`, whose capturer is `import-NAME`; the name ends in the first digits of
the content's checksum, so another file with the same name is another source, and a copy is the same one. Answers of
the API (.json, .jsonl) are captured like the API's own. Tables (.csv, .parquet) become windows of a million rows. All
windows are then loaded like any other.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from pydantic import SecretStr

from brt_watch import disk
from brt_watch.archive.origins import LAKE_ONLY, is_lake_only, keep_in_lake_only
from brt_watch.archive.rebuild import add_again, lacking
from brt_watch.archive.recordings import Recorded
from brt_watch.archive.sources import read_source
from brt_watch.archive.table_windows import write_windows
from brt_watch.archive.tables import Table, read_table
from brt_watch.archive.texts import open_bytes
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.poll import store_and_read
from brt_watch.capture.window import REJECTS, read_ledger
from brt_watch.clock import UTC
from brt_watch.errors import ImportFailed, MixedData
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from brt_watch.settings import NO_POSTGRES
from brt_watch.store.duck import open_duckdb
from brt_watch.store.load import Loaded

_TABLES = ("csv", "parquet")

LoadStep = Callable[[Path, Resources], Loaded]
"""The step of the pipeline that loads one closed window."""


def is_table(file: Path) -> bool:
    """Whether a file is a table, by its name; otherwise it holds answers of the API."""
    return file.name.removesuffix(".gz").rpartition(".")[2] in _TABLES


class Imported(msgspec.Struct):
    """The content of a source's windows; its file beside them marks them all as written."""

    rows: int
    records: int
    rejected: dict[str, int]
    first: str
    last: str
    is_estimated: bool
    taken: dict[str, str] = {}
    examples: list[str] = []
    left_out: list[str] = []


@dataclass(frozen=True)
class Import:
    """A file to import, and its data folder."""

    file: Path
    name: str
    resources: Resources

    @classmethod
    def of(cls, file: Path, resources: Resources) -> Import:
        """Return the import of a file; raises MixedData in a folder of simulated data, and ImportFailed."""
        if resources.files.simulated():
            raise MixedData(folder=resources.settings.folder)
        name = f"{file.name.split('.')[0]}-{content_sha256(file)[:8]}"
        files = CaptureFiles(resources.settings.folder / "imports" / name, file.name)
        return cls(file, name, replace(resources, files=files))

    @property
    def capturer(self) -> str:
        """The name of the source in all tables."""
        return f"import-{self.name}"

    def known(self) -> Imported | None:
        """Return the content of the windows, None before all of them are written."""
        noted = disk.read(self._note)
        return msgspec.json.decode(noted, type=Imported) if noted else None

    def write_answers(self, captured_at: datetime | None) -> Iterator[Poll]:
        """Capture the answers of a .json or .jsonl into daily windows, and yield each new poll."""
        source = read_source(self.file, captured_at)
        files = self._folder(source.described)
        with files.writing():
            newest = files.newest_tick()
            answers = list(_apart(sorted(source.answers, key=lambda answer: answer.captured_at)))
            for _, of_day in groupby(answers, key=lambda answer: answer.captured_at.date()):
                day = list(of_day)
                new = [answer for answer in day if newest is None or _tick(answer) > newest]
                window = files.open_window() or (files.new_window(_tick(new[0])) if new else None)
                for answer in new if window else ():
                    assert window
                    poll = Poll(
                        _tick(answer), Status.OK, requested_at=answer.captured_at, captured_at=answer.captured_at
                    )
                    poll, parsed = store_and_read(poll, answer.body, window)
                    yield window.record(poll, parsed)
                if window:
                    files.close(window)
            rows, records, rejected = _counted(files)
        first, last = answers[0].captured_at, answers[-1].captured_at
        self._write_note(Imported(rows, records, rejected, str(first), str(last), source.is_estimated))

    def write_table(self, columns: Mapping[str, str], utc: Iterable[str]) -> Iterator[tuple[int, int]]:
        """Write the rows of a table into windows; yields (rows done, total rows) after each window.

        Windows from an earlier, interrupted run stay.
        """
        with self.reading(columns, utc) as (table, database):
            described = f"{self.file.name} (captured_at estimated)" if table.is_estimated else self.file.name
            files = self._folder(described)
            with files.writing():
                yield from write_windows(database, files, table.rows)
            ((first, last, records),) = database.execute(
                "select min(captured_at), max(captured_at), sum(records) from polls"
            ).fetchall()
        first, last = (moment.replace(tzinfo=UTC) for moment in (first, last))
        self._write_note(
            Imported(
                *(table.rows, int(records), table.rejected, str(first), str(last), table.is_estimated),
                *(table.taken, table.examples, table.left_out),
            )
        )

    @contextmanager
    def reading(
        self, columns: Mapping[str, str], utc: Iterable[str]
    ) -> Iterator[tuple[Table, duckdb.DuckDBPyConnection]]:
        """Read a table into a temporary DuckDB; raises ImportFailed."""
        parent = self.resources.settings.folder
        parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix="import-", dir=parent) as work,
            open_duckdb() as database,
        ):
            yield read_table(self.file, database, columns, utc, Path(work)), database

    def described(self, captured_at: datetime | None) -> dict[str, Any]:
        """Return the content of a .json or .jsonl."""
        source = read_source(self.file, captured_at)
        moments = [answer.captured_at for answer in source.answers]
        return {
            **{"source": self.capturer, "answers": len(moments), "estimated": source.is_estimated},
            **{"first": min(moments).isoformat(), "last": max(moments).isoformat()},
        }

    def load(self, load_step: LoadStep, into_lake_only: bool = False) -> Iterator[Loaded]:
        """Load the waiting windows by the pipeline's step, and add to the lake again what it lost of the others.

        Yields the result of each.
        """
        resources = self.resources
        files = resources.files
        if into_lake_only and resources.settings.uses_postgres:
            if not files.archived():
                keep_in_lake_only(files.data)
            settings = resources.settings.model_copy(update={"database_url": SecretStr(NO_POSTGRES)})
            resources = replace(resources, settings=settings)
        elif self._goes_on_to_postgres:
            for folder in files.archived():
                yield resources.store.load_window(folder, read_manifest(folder))
            (files.data / LAKE_ONLY).unlink()
        for folder in resources.files.closed_windows():
            yield load_step(folder, resources)
        for folder, has_lost in lacking([resources.files], resources.lake):
            yield add_again(folder, has_lost, resources)

    def waiting(self, into_lake_only: bool = False) -> int:
        """Count the windows that `load` will load, but for those that the lake has lost."""
        files = self.resources.files
        again = files.archived() if self._goes_on_to_postgres and not into_lake_only else ()
        return len(again) + len(files.closed_windows())

    @property
    def _goes_on_to_postgres(self) -> bool:
        """Whether windows that are in the lake alone are to be loaded into Postgres too."""
        return self.resources.settings.uses_postgres and is_lake_only(self.resources.files.data)

    def _folder(self, described: str) -> CaptureFiles:
        files = self.resources.files
        files.feed_url = described
        files.data.mkdir(parents=True, exist_ok=True)
        disk.write_durably(files.data / "capturer", self.capturer.encode())
        return files

    @property
    def _note(self) -> Path:
        return self.resources.files.data / "import.json"

    def _write_note(self, imported: Imported) -> None:
        disk.write_durably(self._note, msgspec.json.encode(imported))


def content_sha256(file: Path) -> str:
    """Return the SHA-256 of the content of a file, unpacked; raises ImportFailed."""
    digest = hashlib.sha256()
    try:
        with open_bytes(file) as content:
            while piece := content.read(disk.PIECE):
                digest.update(piece)
    except OSError as error:
        raise ImportFailed(file=file, reason=str(error)) from error
    return digest.hexdigest()


def _counted(files: CaptureFiles) -> tuple[int, int, dict[str, int]]:
    """Return the rows, the records and, by reason, the rejects of all windows of a source."""
    reasons: Counter[str] = Counter()
    records = 0
    for folder in files.newest_first():
        records += sum(line.poll.records for line in read_ledger(folder))
        rejects = csv.DictReader(io.StringIO(disk.read(folder / REJECTS).decode(), newline=""))
        reasons.update(row["reason"] for row in rejects)
    return records + reasons.total(), records, dict(sorted(reasons.items()))


def _tick(answer: Recorded) -> datetime:
    return answer.captured_at.astimezone(UTC).replace(microsecond=0)


def _apart(answers: list[Recorded]) -> Iterator[Recorded]:
    """Yield the answers in order of time, each at a different second: ticks are identified by their second."""
    last: datetime | None = None
    for answer in answers:
        if last and _tick(answer) <= last:
            answer = answer._replace(captured_at=last + timedelta(seconds=1))
        last = _tick(answer)
        yield answer
