"""The routes, trips, hours and shapes of a GTFS."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from brt_watch.errors import NetworkError
from brt_watch.network.geometry import Point, simplify
from brt_watch.network.rows import Row, read_rows
from brt_watch.network.seeds import line_order

DIRECTIONS = {"0": "ida", "1": "volta"}


@dataclass
class Trip:
    """A trip of a line in one direction, and the hours in which it repeats."""

    linha: str
    sentido: str
    service: str
    shape: str
    departures: list[tuple[int, int, float]] = field(default_factory=list)
    """Begin, end and headway of each span, in seconds."""
    stops: list[tuple[int, str]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    """Arrival and departure times that the GTFS gives, in seconds."""

    @property
    def weight(self) -> float:
        """Departures per day."""
        return sum((end - begin) / apart for begin, end, apart in self.departures)


class Feed:
    """The files of a GTFS, from a .zip or a folder, named .txt or .csv."""

    def __init__(self, source: Path) -> None:
        self.source = source
        try:
            self._zip = None if source.is_dir() else zipfile.ZipFile(source)
        except (OSError, zipfile.BadZipFile) as error:
            raise NetworkError(where=str(source), problem=f"it is neither a folder nor a .zip ({error})") from None
        names = self._zip.namelist() if self._zip else [file.name for file in source.iterdir()]
        self._names = {Path(name).stem: name for name in sorted(names) if name.endswith((".csv", ".txt"))}

    def has(self, name: str) -> bool:
        """Return whether a file is there."""
        return name in self._names

    def rows(self, name: str, *columns: str) -> Iterator[Row]:
        """Yield the rows of a file; raises NetworkError when it or a column is missing."""
        if not self.has(name):
            raise NetworkError(where=f"{self.source}, {name}.txt", problem="the file is not there")
        with self._open(self._names[name]) as lines:
            yield from read_rows(self._names[name], lines, *columns)

    @contextmanager
    def _open(self, name: str) -> Iterator[io.TextIOWrapper]:
        try:
            raw = self._zip.open(name) if self._zip else (self.source / name).open("rb")
            with raw, io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as lines:
                yield lines
        except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, EOFError) as error:
            raise NetworkError(where=f"{self.source}, {name}", problem=str(error)) from None


def brt_routes(feed: Feed, agency: str | None, names: Sequence[str]) -> dict[str, Row]:
    """Return the routes of an agency, or those with the given short names, by id; all of them for None."""
    rows = list(feed.rows("routes", "route_id", "route_short_name"))
    agencies = Counter(row.optional("agency_id") for row in rows)
    if names:
        chosen = [row for row in rows if row.optional("route_short_name") in names]
    else:
        every = agency is None or set(agencies) == {""}
        chosen = [row for row in rows if every or row.optional("agency_id") == agency]
    missing = set(names) - {row.optional("route_short_name") for row in chosen}
    if missing or not chosen:
        what = f"no route is called {', '.join(sorted(missing))}" if missing else f"no route has the agency {agency}"
        there = ", ".join(f"{name or 'none'} ({count})" for name, count in agencies.most_common())
        raise NetworkError(where=f"{feed.source}, routes", problem=f"{what}; the agencies there, with routes: {there}")
    return {row.text("route_id"): row for row in chosen}


def line_names(routes: dict[str, Row], unique: bool) -> dict[str, str]:
    """Return the name of the line of each route: its short name; if lines must be `unique`, else its id."""
    uses = Counter(row.optional("route_short_name") for row in routes.values())
    return {
        route_id: row.text("route_short_name")
        if not unique or (uses[row.optional("route_short_name")] == 1 and row.optional("route_short_name"))
        else route_id
        for route_id, row in routes.items()
    }


def brt_trips(feed: Feed, names: dict[str, str]) -> dict[str, Trip]:
    """Return the trips of some routes by id, with their stops in order and their departures.

    `names` gives the line of each route.
    """
    trips: dict[str, Trip] = {}
    for row in feed.rows("trips", "route_id", "trip_id", "service_id", "direction_id"):
        if linha := names.get(row.text("route_id")):
            sentido = DIRECTIONS[row.one_of("direction_id", *DIRECTIONS)]
            trips[row.text("trip_id")] = Trip(linha, sentido, row.text("service_id"), row.optional("shape_id"))
    for row in feed.rows("stop_times", "trip_id", "stop_id", "stop_sequence", "arrival_time", "departure_time"):
        if trip := trips.get(row.text("trip_id")):
            trip.stops.append((row.integer("stop_sequence"), row.text("stop_id")))
            # A GTFS may omit times between the first stop and the last.
            trip.times += [row.time(column) for column in ("arrival_time", "departure_time") if row.optional(column)]
    if feed.has("frequencies"):
        for row in feed.rows("frequencies", "trip_id", "start_time", "end_time", "headway_secs"):
            if trip := trips.get(row.text("trip_id")):
                begin, end = row.time("start_time"), row.time("end_time")
                if begin >= end:
                    row.fail("end_time", "it must be later than start_time")
                trip.departures.append((begin, end, row.integer("headway_secs", low=1)))
    for trip_id, trip in trips.items():
        if len(trip.stops) < 2:
            raise NetworkError(where=f"{feed.source}, stop_times", problem=f"trip {trip_id} has fewer than two stops")
        trip.stops.sort()
        if not trip.departures and trip.times:
            # Departures without a headway are spread over their hour: four of them make a headway of 15 minutes.
            hour = min(trip.times) // 3600
            trip.departures.append((hour * 3600, (hour + 1) * 3600, 3600.0))
        if not trip.departures:
            raise NetworkError(where=f"{feed.source}, stop_times", problem=f"trip {trip_id} has no times")
    return trips


def weekday_services(feed: Feed, trips: dict[str, Trip]) -> dict[str, str]:
    """Return the service of each line with the most departures on a Wednesday; without a calendar, on any day."""
    working = {trip.service for trip in trips.values()}
    if feed.has("calendar"):
        calendar = feed.rows("calendar", "service_id", "wednesday")
        working = {row.text("service_id") for row in calendar if row.one_of("wednesday", "0", "1") == "1"}
    departures: dict[str, Counter[str]] = defaultdict(Counter)
    for trip in trips.values():
        if trip.service in working:
            departures[trip.linha][trip.service] += round(trip.weight)
    if not departures:
        raise NetworkError(where=f"{feed.source}, calendar", problem="no line runs on a Wednesday")
    return {linha: min(count, key=lambda name: (-count[name], name)) for linha, count in departures.items()}


def most_used(trips: dict[str, Trip]) -> dict[tuple[str, str], Trip]:
    """Return a trip with the most used shape of each line and direction, in the order of the lines."""
    uses: Counter[tuple[str, str, str]] = Counter()
    for trip in trips.values():
        uses[trip.linha, trip.sentido, trip.shape] += round(trip.weight * 1000)
    best: dict[tuple[str, str], tuple[int, int, str]] = {}
    for name, trip in sorted(trips.items()):
        rank = (uses[trip.linha, trip.sentido, trip.shape], len(trip.stops), name)
        key = (trip.linha, trip.sentido)
        if key not in best or rank[:2] > best[key][:2]:
            best[key] = rank
    return {key: trips[best[key][2]] for key in sorted(best, key=lambda key: (line_order(key[0]), key[1]))}


def intervals_of(trips: list[Trip]) -> list[tuple[int, int, int]]:
    """Return begin, end and headway of each span, in seconds, for `ida` or the only direction."""
    sentido = min(trip.sentido for trip in trips)
    spans = [span for trip in trips if trip.sentido == sentido for span in trip.departures]
    moments = sorted({moment for begin, end, _ in spans for moment in (begin, end)})
    intervals: list[tuple[int, int, int]] = []
    for begin, end in pairwise(moments):
        buses = sum(1 / apart for first, last, apart in spans if first <= begin < last)
        if buses:
            seconds = max(1, round(1 / buses))
            if intervals and intervals[-1][1:] == (begin, seconds):
                begin = intervals.pop()[0]
            intervals.append((begin, end, seconds))
    return intervals


def date_of(feed: Feed) -> str:
    """Return the first day of the GTFS by its feed_info or its calendar, empty when it names none."""
    for name, column in (("feed_info", "feed_start_date"), ("calendar", "start_date")):
        dates = [row.optional(column) for row in feed.rows(name)] if feed.has(name) else []
        if dates and (date := re.fullmatch(r"(\d{4})-?(\d\d)-?(\d\d)", min(dates))):
            return "-".join(date.groups())
    return ""


def shapes_of(feed: Feed, shapes: set[str]) -> dict[str, list[Point]]:
    """Return the simplified points of the shapes."""
    points: dict[str, list[tuple[int, Point]]] = defaultdict(list)
    if shapes:
        columns = ("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence")
        for row in feed.rows("shapes", *columns):
            if (shape := row.optional("shape_id")) in shapes:
                latitude, longitude = row.position("shape_pt_lat", "shape_pt_lon")
                points[shape].append((row.integer("shape_pt_sequence"), (round(latitude, 6), round(longitude, 6))))
    paths = {shape: simplify([point for _, point in sorted(numbered)]) for shape, numbered in points.items()}
    for shape in sorted(shapes):
        if len(paths.get(shape, [])) < 2:
            raise NetworkError(
                where=f"{feed.source}, shapes", problem=f"shape {shape} of trips has fewer than two points"
            )
    return paths
