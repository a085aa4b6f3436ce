"""The dependencies of all requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import msgspec
from fastapi import Request
from starlette.exceptions import HTTPException

from brt_watch.health import Problem, look, problems
from brt_watch.resources import Resources
from brt_watch.web.history import History
from brt_watch.web.lake_reader import LakeReader
from brt_watch.web.live import Live
from brt_watch.web.live_models import LiveModels
from brt_watch.web.new_polls import WaitingWindows
from brt_watch.web.reader import Reader
from brt_watch.web.reference import Reference
from brt_watch.web.snapshot import Encoded, Snapshot


@dataclass(frozen=True)
class Dependencies:
    """The network, the live state, and the history."""

    resources: Resources
    reference: Reference
    history: History
    live: Live

    @classmethod
    def of(cls, resources: Resources) -> Dependencies:
        """Return the dependencies of a data folder."""
        reference, files = Reference(resources.city.seeds), resources.files
        models = LiveModels(files, resources.settings.folder)
        on_postgres = resources.settings.uses_postgres
        reader = Reader(resources.store) if on_postgres else LakeReader(resources.lake, files)
        history = History(reader, WaitingWindows(files), models, resources.city.zone)
        live = Live(models, files.simulated() is not None, resources.clock, reference, history)
        return cls(resources, reference, history, live)

    @property
    def now(self) -> datetime:
        """The current time."""
        return self.resources.clock.now()

    @property
    def today(self) -> date:
        """The date that the city's clocks show."""
        return self.now.astimezone(self.history.zone).date()

    @cached_property
    def network(self) -> Encoded:
        """The network for a map, as bytes."""
        return Encoded(msgspec.json.encode(self.reference.geojson))

    def known_lines(self) -> set[str]:
        """Return the lines of the network and those of current vehicles; "" is not a line."""
        snapshot = self.live.snapshot
        seen = (each.linha or "" for each in snapshot.vehicles.values()) if snapshot else ()
        return {*self.reference.lines, *seen}

    def problems(self) -> list[Problem]:
        """Return the problems, by the same rule as `brt-watch status`."""
        seen = look(self.resources.settings, self.resources.files, self.resources.clock)
        return problems(seen, self.history.problem)

    def newest(self) -> Snapshot | None:
        """Return the newest snapshot, None when nothing was captured yet; 503 while that is unknown."""
        if self.live.snapshot is None and not self.live.looked:
            why = self.live.problem or "What was captured is still being read; ask again."
            raise HTTPException(503, why, headers={"Retry-After": "2"})
        return self.live.snapshot

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot; 503 before the first."""
        snapshot = self.newest()
        if snapshot is None:
            why = f"the last poll failed: {self.live.failure}" if self.live.failure else "no poll has been made yet"
            raise HTTPException(503, f"Nothing has been captured yet: {why}.", headers={"Retry-After": "5"})
        return snapshot


def get_dependencies(request: Request) -> Dependencies:
    """Return the dependencies of a request."""
    deps = request.app.state.deps
    assert isinstance(deps, Dependencies)
    return deps
