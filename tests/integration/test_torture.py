"""Killed at random moments, the program loses and doubles nothing. How it is killed: tests/torture.py.

BRT_WATCH_TORTURE_KILLS sets how often (12), BRT_WATCH_TORTURE_SEED the chance of another run, which it prints.
"""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timezone
from pathlib import Path

import duckdb
import pytest

from brt_watch.archive.verify import compare_signals, verify
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from tests.torture import GOOD, Count, Torture, ledger, moment, read, rows

pytestmark = pytest.mark.system

KILLS = int(os.environ.get("BRT_WATCH_TORTURE_KILLS", "12"))
SEED = int(os.environ.get("BRT_WATCH_TORTURE_SEED") or random.SystemRandom().randrange(10**6))


@pytest.fixture(scope="module")
def count() -> Iterator[Count]:
    """The counts after the kills, once everything is idle."""
    folder = Path(tempfile.mkdtemp(prefix="brt-watch-test-"))
    folder.chmod(0o755)
    sys.stdout.write(f"\nseed     {SEED}\n")
    started = time.monotonic()
    torture = Torture(folder / "data", random.Random(SEED))
    try:
        torture.run(KILLS)
        torture.come_to_rest()
        count = Count.of(torture)
        sys.stdout.write(f"{count}\ntime     {time.monotonic() - started:.0f} s\n")
        yield count
    finally:
        torture.stop()
        shutil.rmtree(folder)


def test_the_kills_hit_the_work(count: Count) -> None:
    assert count.torture.kills.total() == KILLS
    assert count.torture.left_behind, "no kill left anything half-done"
    assert count.torture.api.refused == []


def test_no_signal_that_was_written_down_is_lost(count: Count) -> None:
    assert count.stored <= set(count.answers), "only what the API sent is written down"
    assert count.stored_signals - set(count.signals) == set()


def test_only_a_kill_before_the_write_loses_an_answer(count: Count) -> None:
    assert len(count.not_stored) - len(count.given_up) <= count.torture.kills["capture"]


def test_no_signal_is_doubled_and_none_comes_from_nowhere(count: Count) -> None:
    assert len(count.signals) == len(set(count.signals))
    assert set(count.signals) == count.stored_signals
    answers = [line["body_sha256"] for line in count.good]
    assert sorted(answers) == sorted(count.stored), "every answer counts in one line of the ledger"


def test_csv_ledger_and_tables_have_the_same_records(count: Count) -> None:
    in_csv = sum(len(rows(read(folder, "brt.csv"))) - 1 for folder in count.windows)
    assert in_csv == sum(int(line["records"]) for line in count.good)
    assert in_csv == sum(poll["records"] for poll in count.polls.values())
    assert in_csv == sum(poll["signals"] for poll in count.polls.values()) == len(count.signals)
    assert count.rejects == sum(int(line["rejects"]) for line in count.good) == len(count.good)


def test_every_tick_is_accounted_for_once(count: Count) -> None:
    assert count.not_once == []
    assert len(set(count.ticks)) == len(count.ticks)


def test_the_table_of_polls_is_the_ledger(count: Count) -> None:
    on_disk = {moment(line["tick"]): line["status"] for line in count.ledger}
    assert {tick: poll["status"] for tick, poll in count.polls.items()} == on_disk
    assert len(count.polls) == len(count.ledger)


def test_the_lake_has_what_the_database_has(count: Count) -> None:
    """Read without our code, and compared by `verify` window by window and by checksums a day."""
    lake = count.torture.data / "lake"
    query = f"select codigo, epoch_ms(datahora) from read_parquet('{lake}/feed=brt/data=*/*.parquet') order by all"
    assert duckdb.sql(query).fetchall() == sorted(count.signals)
    polls = duckdb.sql(
        f"select tick from read_parquet('{lake}/polls/feed=brt/mes=*/*.parquet') order by all"
    ).fetchall()
    assert [tick.astimezone(timezone.utc) for (tick,) in polls] == count.ticks
    resources = Resources.from_settings(Settings(**count.torture.values))
    assert verify(resources) == compare_signals(resources) == []


def test_every_csv_is_as_long_as_its_ledger_says(count: Count) -> None:
    assert not list(count.torture.data.glob("damaged/*"))
    for folder in count.windows:
        lines, records = ledger(folder), read(folder, "brt.csv")
        assert len(records) == int(lines[-1]["csv_bytes"])
        assert len(read(folder, "rejects.csv")) == int(lines[-1]["rejects_bytes"])
        before = int(lines[0]["csv_bytes"]) if lines[0]["status"] not in GOOD else records.index(b"\n") + 1
        for line in lines:
            part = rows(records[before : int(line["csv_bytes"])])
            assert {(len(row), row[0]) for row in part} <= {(17, line["captured_at"])}
            assert len(part) == int(line["records"])
            before = int(line["csv_bytes"])
