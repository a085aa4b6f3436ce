"""Rebuild the database and the lake from archived windows."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import structlog

from brt_watch.archive.lake_models import LakeModels
from brt_watch.archive.verify import NOTHING_LEFT
from brt_watch.archive.windows import has_raw, remake
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.poll import read_answer
from brt_watch.capture.recovery import recovery_of
from brt_watch.capture.window import has_csv, started_at
from brt_watch.errors import DamagedWindow
from brt_watch.resources import Resources
from brt_watch.store.load import Loaded

log = structlog.get_logger()


def windows_to_rebuild(resources: Resources, since: datetime | None) -> list[Path]:
    """Return the archived windows, oldest first, that began at `since` or later."""
    recovered = recovery_of(resources).files.archived()
    every = [folder for each in resources.feeds for folder in each.files.archived()] + recovered
    return [folder for folder in every if since is None or started_at(folder) >= since]


def rebuild(folder: Path, resources: Resources, from_raw: bool) -> Loaded:
    """Load an archived window and replace its rows in the database and the lake; raises DamagedWindow.

    The models on the lake are deleted, to be derived from all of it by the next transform there.

    `from_raw` reads its records again from the raw answers, if they exist, and rewrites its files, so that a change of
    the rules reaches the past; the same happens when the CSV was deleted. The database is never without the window.
    """
    started = time.perf_counter()
    resources = resources.of(folder)
    from_csv = has_csv(folder)
    from_raw = (from_raw or not from_csv) and has_raw(folder)
    if not from_raw and not from_csv:
        raise DamagedWindow(folder=folder, difference=NOTHING_LEFT)
    manifest = remake(folder, read_answer, resources.files.feed) if from_raw else read_manifest(folder)
    loaded = resources.store.load_window(folder, manifest, instead=True) if resources.settings.uses_postgres else None
    LakeModels(resources.lake).forget()
    in_lake = resources.lake.add(folder, manifest, instead=True)
    loaded = loaded or in_lake
    log.info("rebuild", **loaded.as_dict(), from_raw=from_raw, seconds=round(time.perf_counter() - started, 3))
    return loaded
