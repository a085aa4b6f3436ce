"""Captures of others, brought in as windows of another source.

Each file has a data folder of its own, `imports/NAME`, whose capturer is `import-NAME`. Everything else is as with a
capture: the answers are kept, read by the rules of today, and loaded window by window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby

from brt_watch import disk, pipeline
from brt_watch.archive.recordings import Recorded
from brt_watch.archive.sources import Source
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.poll import store_and_read
from brt_watch.capture.window import read_ledger
from brt_watch.clock import UTC
from brt_watch.errors import ImportFailed, MixedData
from brt_watch.model import Parsed, Poll, Status
from brt_watch.resources import Resources
from brt_watch.store.load import Loaded


def bring_in(source: Source, resources: Resources) -> Iterator[tuple[Poll, Parsed | None]]:
    """Write the answers of a source into windows, a day each, and yield each poll and what it says.

    What is there already stays. Raises MixedData, and ImportFailed when that is of another file of this name.
    """
    if resources.files.simulated():
        raise MixedData(folder=resources.settings.folder)
    files = _files(source, resources)
    disk.write_durably(files.data / "capturer", f"import-{source.name}".encode())
    with files.writing():
        newest = files.newest_tick()
        answers = list(_apart(source.answers))
        if newest and {_tick(answer) for answer in answers if _tick(answer) <= newest} - _ticks(files):
            raise ImportFailed(file=source.file, reason="another file of this name was imported; rename this one")
        for _, of_day in groupby(answers, key=lambda answer: answer.captured_at.date()):
            new = [answer for answer in of_day if newest is None or _tick(answer) > newest]
            window = files.open_window() or (files.new_window(_tick(new[0])) if new else None)
            if not window:
                continue
            for answer in new:
                poll = Poll(_tick(answer), Status.OK, requested_at=answer.captured_at, captured_at=answer.captured_at)
                poll, parsed = store_and_read(poll, answer.body, window)
                yield window.record(poll, parsed), parsed
            files.close(window)


def load_in(source: Source, resources: Resources) -> Iterator[Loaded]:
    """Load the windows of a source that wait, and yield what each brought."""
    resources = replace(resources, files=_files(source, resources))
    for folder in resources.files.closed_windows():
        yield pipeline.load(folder, resources)


def _files(source: Source, resources: Resources) -> CaptureFiles:
    folder = resources.settings.folder / "imports" / source.name
    folder.mkdir(parents=True, exist_ok=True)
    return CaptureFiles(folder, source.described)


def _ticks(files: CaptureFiles) -> set[datetime]:
    return {line.poll.tick for folder in files.newest_first() for line in read_ledger(folder)}


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
