"""Which runs on Spark stay; needs no Spark."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from brt_watch.transform.compiled import Compiled
from brt_watch.transform.spark import DONE, SparkModels


class HadoopPath:
    """A path of Hadoop's, and its file system: folders here."""

    def __init__(self, path: str) -> None:
        self.path = Path(path.removeprefix("file:"))

    def __str__(self) -> str:
        return f"file:{self.path}"

    def getFileSystem(self, _: object) -> Any:
        return mock.Mock(
            create=lambda at, _: at.path.open("wb"),
            exists=lambda at: at.path.exists(),
            delete=lambda at, _: shutil.rmtree(at.path),
            listStatus=lambda at: [
                mock.Mock(getPath=lambda each=each: HadoopPath(str(each))) for each in at.path.iterdir()
            ],
        )

    def getParent(self) -> HadoopPath:
        return HadoopPath(str(self.path.parent))


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ("1 2 3", "3"),
        # An interrupted run is no run to go back to.
        ("1 2 3-", "2"),
        ("1- 2 3- 4-", "2"),
        ("1-", ""),
        ("", ""),
    ],
)
def test_the_last_complete_run_stays_beside_the_newest(tmp_path: Path, before: str, kept: str) -> None:
    for name in (*before.split(), "5", "6-"):
        folder = tmp_path / "spark" / f"run={name.rstrip('-')}"
        folder.mkdir(parents=True)
        if not name.endswith("-"):
            (folder / DONE).touch()
    session = mock.Mock()
    session._jvm.org.apache.hadoop.fs.Path = HadoopPath
    SparkModels(session, str(tmp_path), Compiled("main", [], []), tmp_path)._finish(f"{tmp_path}/spark/run=5")
    # A later one is somebody else's, and goes on.
    assert sorted(path.name for path in (tmp_path / "spark").iterdir()) == [
        *(f"run={name}" for name in kept.split()),
        *("run=5", "run=6"),
    ]
