"""A data folder that an earlier version made goes on under this one, without hand work.

`tests/old_data/DATE.tar.xz` is a folder as the version of that date left it: a packed window in the archive, one that
waits to be loaded, and an open one, with failed, missed and unreadable polls, rejects, and a clock that was set back.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from brt_watch import disk, pipeline
from brt_watch.archive.windows import remake
from brt_watch.capture.manifest import read_manifest
from brt_watch.capture.poll import read_answer
from brt_watch.capture.ticks import next_ticks
from brt_watch.capture.window import CSV, POLLS, REJECTS, read_ledger
from brt_watch.clock import MINUTE, StillClock
from brt_watch.model import Poll, Status
from brt_watch.resources import Resources
from tests.made_vehicles import NOON

OLD = sorted((Path(__file__).parents[1] / "old_data").glob("*.tar.xz"))


@pytest.fixture(params=OLD, ids=lambda path: path.name.split(".")[0])
def resources(request: pytest.FixtureRequest, tmp_path: Path, make_resources: Callable[..., Resources]) -> Resources:
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path / "data", filter="data")
    return make_resources()


def ledger(resources: Resources) -> list[Poll]:
    folders = reversed(list(resources.files.newest_first()))
    return [line.poll for folder in folders for line in read_ledger(folder)]


def test_the_capture_goes_on_in_the_window_that_was_open(resources: Resources, clock: StillClock) -> None:
    before = ledger(resources)
    opened = next(resources.files.newest_first())
    csv = (opened / CSV).read_bytes()
    clock.time = NOON + 31 * MINUTE
    polls = [pipeline.capture(tick, resources) for tick in islice(next_ticks(resources), 3)]
    after = ledger(resources)
    assert after[: len(before)] == before
    missed = [poll for poll in after[len(before) :] if poll.status is Status.MISSED]
    assert after[len(before) :] == [*missed, *polls]
    assert all(poll.status is Status.OK for poll in polls)
    assert next(resources.files.newest_first()) == opened
    assert (opened / CSV).read_bytes().startswith(csv)


def test_what_waits_is_loadable_and_the_archive_readable(resources: Resources) -> None:
    (waiting,), (archived,) = pipeline.windows_to_load(resources), resources.files.archived()
    assert {read_manifest(folder).feed for folder in (waiting, archived)} == {"brt"}
    assert {Status.OK, Status.FAILED} <= {line.poll.status for line in read_ledger(archived)}


def test_an_archived_window_is_the_same_when_it_is_read_again(resources: Resources) -> None:
    (archived,) = resources.files.archived()
    old = read_manifest(archived)
    new = remake(archived, read_answer)
    assert (new.records, new.rejects, new.captured_minutes) == (old.records, old.rejects, old.captured_minutes)
    assert {name: new.sha256[name] for name in (CSV, REJECTS)} == {name: old.sha256[name] for name in (CSV, REJECTS)}
    assert disk.read(archived / POLLS).count(b"\r\n") == old.polls + 1


def test_the_watch_and_the_capturer_are_remembered(resources: Resources, clock: StillClock) -> None:
    known = resources.files.state.read_watch()
    assert known.fields["novo"] == ["object"]
    assert resources.files.capturer == disk.read(resources.files.data / "capturer").decode()
    clock.time = NOON + 31 * MINUTE
    assert resources.files.newest_tick() is not None
