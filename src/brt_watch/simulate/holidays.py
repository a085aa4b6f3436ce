"""The timetable of a day: that of a weekday, a Saturday, or a Sunday, which also applies to holidays."""

from __future__ import annotations

from datetime import date, timedelta
from enum import Enum
from functools import lru_cache

FIXED = {
    *[(1, 1), (1, 20), (4, 21), (4, 23), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (11, 20), (12, 25)],
}
"""National holidays and those of the state (São Jorge) and the city (São Sebastião), as month and day."""

FROM_EASTER = (-48, -47, -2, 60)
"""Monday and Tuesday of Carnival, Good Friday and Corpus Christi, in days from Easter."""


class Kind(Enum):
    """A kind of day."""

    WEEKDAY = "weekday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday or holiday"


@lru_cache(maxsize=1000)
def kind_of(day: date) -> Kind:
    """Return the kind of a day."""
    if day.weekday() == 6 or (day.month, day.day) in FIXED or day - easter(day.year) in _AFTER_EASTER:
        return Kind.SUNDAY
    return Kind.SATURDAY if day.weekday() == 5 else Kind.WEEKDAY


_AFTER_EASTER = {timedelta(days=days) for days in FROM_EASTER}


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (Butcher's algorithm)."""
    century, rest = divmod(year, 100)
    golden = year % 19
    epact = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - epact - rest % 4) % 7
    shift = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * shift + 114, 31)
    return date(year, month, day + 1)
