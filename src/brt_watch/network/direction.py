"""Which way a bus goes, told by its movement: the rule of the table gps_brt (`sentido`), signal by signal.

Pure: no clock, disk or database. The values are those of dbt/dbt_project.yml; a test holds them to be the same.
"""

from __future__ import annotations

from collections import deque
from typing import Literal, NamedTuple

from brt_watch.network import metres_between
from brt_watch.network.matching import ON_PATH_M, Place

Direction = Literal["ida", "volta"]

LONGEST_STEP_S = 3600
"""A signal that lies longer back is not the one before."""

LONGEST_MOVE_S = 600
"""From one signal to the next in longer than this, nothing is said of the way between them."""

WINDOW_S = 120
ADVANCE_M = 100
"""So many metres along the path, made in WINDOW_S, tell the direction."""

VALID_S = 600
"""And for so long."""


class Seen(NamedTuple):
    """A signal and where it lies on the paths of its line: `at` is latitude and longitude, `moment` epoch seconds."""

    moment: float
    linha: str | None
    at: tuple[float, float]
    places: dict[str, Place]


class Course:
    """The direction of a vehicle, by signals that come in the order of time."""

    def __init__(self) -> None:
        self._before: Seen | None = None
        self._advances: deque[tuple[float, int]] = deque()
        self._line_since = float("-inf")
        self._told_at = float("-inf")
        self._told: Direction = "ida"

    def take(self, seen: Seen) -> Direction | None:
        """Take the next signal; returns the direction by movement, None when that does not tell it."""
        before, self._before = self._before, seen
        now = seen.moment
        if before and now - before.moment <= LONGEST_STEP_S and seen.linha != before.linha:
            self._line_since = now
        if before and (advance := _advance(before, seen)) is not None:
            self._advances.append((now, advance))
        while self._advances and self._advances[0][0] < now - WINDOW_S:
            self._advances.popleft()
        came = sum(metres for _, metres in self._advances)
        if abs(came) >= ADVANCE_M:
            self._told_at, self._told = now, "ida" if came > 0 else "volta"
        # What was made with another line says nothing.
        is_valid = self._told_at >= now - VALID_S and self._told_at >= self._line_since + WINDOW_S
        return self._told if is_valid else None


def _advance(before: Seen, now: Seen) -> int | None:
    """Return the metres made on the way out less those made on the way back, halved; None when it cannot be told.

    A bus on the way back has them below zero. More than it moved it cannot have made: where the way comes by a second
    time, the place on it may jump.
    """
    places = [each.places.get(sentido) for sentido in ("ida", "volta") for each in (before, now)]
    if now.linha != before.linha or now.moment - before.moment > LONGEST_MOVE_S:
        return None
    out_before, out, back_before, back = places
    if not (out_before and out and back_before and back):
        return None
    came_out, came_back = out.progress_m - out_before.progress_m, back.progress_m - back_before.progress_m
    if max(abs(came_out), abs(came_back)) > 1.5 * metres_between(*before.at, *now.at) + ON_PATH_M:
        return None
    return round((came_out - came_back) / 2)
