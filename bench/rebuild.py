"""Making the database again from raw answers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from bench import rig
from bench.load import REALISTIC
from bench.made_vehicles import Capture, Fleet
from bench.rig import Result
from brt_watch import pipeline
from brt_watch.archive.rebuild import rebuild as rebuild_window
from brt_watch.archive.rebuild import windows_to_rebuild

WINDOWS = 5


def rebuild(windows: int = WINDOWS) -> Iterator[Result]:
    """Rebuild N archived windows: records/s read again from raw answers, against taken from their CSV."""
    with rig.folder() as data, rig.postgres() as server:
        capture = Capture(data / "data", Fleet(REALISTIC), database_url=rig.new_database(server, "rebuild"))
        for folder in capture.windows(windows):
            pipeline.load(folder, capture.resources)
        folders = windows_to_rebuild(capture.resources, since=None)
        ours, plain = [], []
        for number, folder in enumerate(folders):
            ways = [(ours, True), (plain, False)]
            for times, from_raw in ways if number % 2 else reversed(ways):
                times.append(rig.timed(partial(rebuild_window, folder, capture.resources, from_raw)))
        records = capture.resources.store.totals().records / len(folders)
    note = f"{records:.0f} records a window; plain: ours too, from the CSV instead of the raw answers"
    per_second = [records / rig.wall(times) * 1000 for times in (ours, plain)]
    yield Result("rebuild", "records/s", per_second[0], per_second[1], note)
