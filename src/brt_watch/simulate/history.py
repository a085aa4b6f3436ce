"""Hours of simulated windows as fast as the machine can, through the capture's own code."""

from __future__ import annotations

import gc
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from brt_watch import pipeline
from brt_watch.capture.alerts import Webhook
from brt_watch.capture.fetch import Client, Response
from brt_watch.capture.simulation import Simulation
from brt_watch.capture.ticks import next_ticks
from brt_watch.clock import StillClock, floor, write_tick
from brt_watch.network import Network
from brt_watch.resources import Resources
from brt_watch.settings import Settings
from brt_watch.simulate.truth import Truth
from brt_watch.simulate.world import World

RESPONSE_SECONDS = 0.4


class SimulatedClient(Client):
    """The simulated API without a network, on a clock that only it moves."""

    def __init__(self, settings: Settings, clock: StillClock, world: World) -> None:
        super().__init__(str(settings.feed_url), clock, settings.max_response_bytes)
        self._still, self._world = clock, world

    def fetch(self, deadline: datetime, parameters: Mapping[str, str] | None = None) -> Response:  # noqa: ARG002
        """Return the API's answer, shortly after the request."""
        self._still.sleep_until(min(self._still.now() + timedelta(seconds=RESPONSE_SECONDS), deadline))
        return Response(self._world.body_at(self._still.now()), 200, self._still.now(), simulated=True)


def history(
    settings: Settings,
    network: Network,
    simulation: Simulation,
    start: datetime,
    end: datetime,
    keeps: Callable[[datetime], bool] | None = None,
) -> Generator[datetime, None, None]:
    """Capture the simulation between two times, or the missing part of it; yields every finished tick.

    A tick that `keeps` refuses is missed, as if nothing had run then.

    Existing polls stay; a second run continues where the first one stopped.
    """
    resources = Resources.from_settings(settings)
    newest = resources.files.newest_tick()
    start = max(start, newest) if newest else start
    if start >= floor(end, resources.step):
        return
    with (
        _without_garbage_collection(),
        closing(Truth(settings.folder / "truth" / write_tick(floor(start, resources.step)))) as truth,
    ):
        clock = StillClock(start)
        world = World(network, simulation, start, truth)
        resources = replace(
            resources, clock=clock, client=SimulatedClient(settings, clock, world), webhook=Webhook("", lambda: "")
        )
        for tick in takewhile(lambda tick: tick < end, next_ticks(resources)):
            if keeps is None or keeps(tick):
                pipeline.capture(tick, resources)
            else:
                clock.sleep_until(tick)
            yield tick


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable garbage collection, which takes a sixth of the time: it scans millions of small objects in vain."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
