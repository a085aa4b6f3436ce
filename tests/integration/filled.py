"""A database with its data folder, filled once for all tests of a file or of a run; each test gets a copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from brt_watch.clock import StillClock
from brt_watch.resources import Resources
from brt_watch.store.embedded import Server
from tests import shared_postgres
from tests.conftest import ScriptedFeed, make_settings
from tests.made_vehicles import NOON


@dataclass(frozen=True)
class Filled:
    """The name of the database, the folder, and the time at which they were left."""

    database: str
    folder: Path
    now: datetime

    @classmethod
    def by(cls, fill: Callable[[Resources], object], server: Server, like: str, name: str, folder: Path) -> Filled:
        """Fill a database that begins like another one, from noon on."""
        clock = StillClock(NOON)
        settings = make_settings(folder, database_url=shared_postgres.create(server, name, like))
        resources = Resources.from_settings(settings)
        fill(replace(resources, clock=clock, client=ScriptedFeed(clock)))  # type: ignore[arg-type]
        return cls(name, folder, clock.time)

    def into(self, resources: Resources) -> Resources:
        """Copy the folder into that of the resources, whose database is a copy already."""
        assert isinstance(resources.clock, StillClock)
        resources.clock.time = self.now
        # dbt's folder is that of the process.
        shutil.copytree(
            self.folder, resources.settings.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("dbt")
        )
        return resources
