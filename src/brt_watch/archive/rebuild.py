"""Rebuild the database and the lake from archived windows, and add to the lake what it lacks."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import structlog

from brt_watch.archive.lake import Lake
from brt_watch.archive.lake_models import LakeModels
from brt_watch.archive.origins import files_of, is_lake_only
from brt_watch.archive.verify import NOTHING_LEFT
from brt_watch.archive.windows import has_raw, remake
from brt_watch.capture.files import CaptureFiles
from brt_watch.capture.manifest import Manifest, read_manifest, unchecked_manifest
from brt_watch.capture.poll import read_answer
from brt_watch.capture.window import has_csv, started_at
from brt_watch.errors import DamagedWindow
from brt_watch.resources import Resources
from brt_watch.store.load import Loaded

log = structlog.get_logger()


def windows_to_rebuild(resources: Resources, since: datetime | None) -> list[Path]:
    """Return the archived windows, oldest first, that began at `since` or later: captured, recovered, then imported."""
    every = [folder for each in resources.feeds for files in files_of(each) for folder in files.archived()]
    return [folder for folder in every if since is None or started_at(folder) >= since]


def rebuild(folder: Path, resources: Resources, from_raw: bool) -> Loaded:
    """Load an archived window and replace its rows in the database and the lake; raises DamagedWindow.

    The models on the lake are deleted, to be derived from all of it by the next transform there.

    `from_raw` reads its records again from the raw answers, if they exist, and rewrites its files, so that a change of
    the rules reaches the past; the same happens when the CSV was deleted. The database is never without the window.
    """
    started = time.perf_counter()
    resources = resources.of(folder)
    manifest, from_raw = _readable(folder, resources, from_raw)
    data = folder.parents[2]
    in_database = resources.settings.uses_postgres and not is_lake_only(data)
    loaded = resources.store.load_window(folder, manifest, instead=True) if in_database else None
    LakeModels(resources.lake).forget()
    in_lake = resources.lake.add(folder, manifest, instead=True)
    loaded = loaded or in_lake
    log.info("rebuild", **loaded.as_dict(), from_raw=from_raw, seconds=round(time.perf_counter() - started, 3))
    return loaded


def _readable(folder: Path, resources: Resources, from_raw: bool = False) -> tuple[Manifest, bool]:
    """Return the manifest of a window, and whether its files were written again from its raw answers."""
    from_csv = has_csv(folder)
    from_raw = (from_raw or not from_csv) and has_raw(folder)
    if not from_raw and not from_csv:
        raise DamagedWindow(folder=folder, difference=NOTHING_LEFT)
    return (remake(folder, read_answer, resources.files.feed) if from_raw else read_manifest(folder)), from_raw


def lacking(sources: Iterable[CaptureFiles], lake: Lake) -> list[tuple[Path, bool]]:
    """Return the archived windows that the lake lacks, and whether it lost some of the signals of one it had.

    Those that it had come first, in the order of their merges, so that each signal is of the window that saw it first.
    """
    found: list[tuple[float, str, Path, bool]] = []
    for files in sources:
        there = lake.windows(files.capturer)
        for folder in files.archived():
            counts = there.get(folder.name)
            has_lost = counts is not None and counts["signals_there"] < counts["signals"]
            lacks_rejects = counts is not None and counts["rejects_there"] < counts["rejects"]
            is_short = counts is None or counts["polls"] != unchecked_manifest(folder).polls
            if has_lost or lacks_rejects or is_short:
                found.append((counts["load_id"] if counts else math.inf, folder.name, folder, has_lost))
    return [(folder, has_lost) for *_, folder, has_lost in sorted(found)]


def add_again(folder: Path, has_lost: bool, resources: Resources) -> Loaded:
    """Add an archived window to the lake; raises DamagedWindow.

    The models on the lake are deleted when it `has_lost` signals of the window, as by a rebuild.
    """
    if not has_lost and not has_csv(folder):
        manifest = read_manifest(folder, missing_ok=True)
        if resources.lake.add_rejects(folder, manifest):
            return Loaded(manifest.window, manifest.records, 0, manifest.rejects)
    manifest, _ = _readable(folder, resources)
    if has_lost:
        LakeModels(resources.lake).forget()
    return resources.lake.add(folder, manifest, instead=has_lost)
