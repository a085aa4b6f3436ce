"""Faults of the API over time, at random or scheduled; the user writes `timeouts:0.05,outage@07:10-07:25`."""

from __future__ import annotations

import difflib
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from brt_watch.clock import RIO, floor, parse_moment, write_moment
from brt_watch.errors import FaultSpecError
from brt_watch.simulate.fault_kinds import ALIASES, FAULTS, Fault, good

DAY = timedelta(days=1)

DRAW = timedelta(seconds=5)
"""There is a new draw every five seconds. A poll's first request and its quick retries therefore meet the same fault, a
later retry perhaps not, and a request that is tenths of a second later than in another run still meets the same one."""


@dataclass(frozen=True)
class Daily:
    """Every day from one time of day in Rio to another, perhaps across midnight; without an end until midnight."""

    begins: time
    ends: time | None = None

    def began(self, moment: datetime) -> datetime | None:
        """Return the start of the span that contains `moment`, if any."""
        begin = datetime.combine(moment.astimezone(RIO), self.begins, RIO)
        if begin > moment:
            begin -= DAY
        end = datetime.combine(begin, self.ends or time(0), RIO)
        return begin if moment < (end if end > begin else end + DAY) else None

    def __str__(self) -> str:
        """Return it in the user's notation."""
        return f"{self.begins}-{self.ends or ''}"


@dataclass(frozen=True)
class Once:
    """From one time to another; without an end for ever."""

    begins: datetime
    ends: datetime | None = None

    def began(self, moment: datetime) -> datetime | None:
        """Return the start of the span if it contains `moment`."""
        return self.begins if self.begins <= moment and (self.ends is None or moment < self.ends) else None

    def __str__(self) -> str:
        """Return it in the user's notation."""
        return f"{write_moment(self.begins)}-{write_moment(self.ends) if self.ends else ''}"


@dataclass(frozen=True)
class Script:
    """A fault at known times."""

    name: str
    times: Daily | Once

    def __str__(self) -> str:
        """Return it in the user's notation."""
        return f"{self.name}@{self.times}"


@dataclass(frozen=True)
class Chance:
    """A fault that a share of the draws meets."""

    name: str
    share: float

    def __str__(self) -> str:
        """Return it in the user's notation."""
        return f"{self.name}:{self.share!r}"


@dataclass(frozen=True)
class Faults:
    """The faults of the API over time. The same seed gives the same faults; str() returns the user's notation."""

    scripts: tuple[Script, ...] = ()
    chances: tuple[Chance, ...] = ()
    seed: int = 0

    @classmethod
    def none(cls) -> Faults:
        """Return an API without faults."""
        return cls()

    def at(self, moment: datetime) -> Fault | None:
        """Return the fault at a moment.

        Changes of the body combine. Of several faults that damage the answer itself, only the first one listed applies.
        """
        present = list(self._present(moment))
        if not present:
            return None
        shown = min((since for fault, since in present if fault.holds), default=moment)
        # A frozen answer has the changes that applied when it froze, and no others.
        changed = present if shown == moment else list(self._present(shown))
        return Fault(
            name="+".join(fault.name for fault, _ in present),
            description=" ".join(fault.description for fault, _ in present),
            changes=tuple(change for fault, _ in changed for change in fault.changes),
            answer=next((fault.answer for fault, _ in present if fault.answer is not good), good),
            as_of=shown,
        )

    def _present(self, moment: datetime) -> Iterator[tuple[Fault, datetime]]:
        """Yield the faults at a moment, each with when it began."""
        for script in self.scripts:
            if since := script.times.began(moment):
                yield _kind(script.name), since
        draw = floor(moment, DRAW)
        drawn = random.Random(f"{self.seed} {write_moment(draw)}").random()
        for chance in self.chances:
            drawn -= chance.share
            if drawn < 0:
                yield _kind(chance.name), draw
                return

    def __str__(self) -> str:
        """Return it in the user's notation."""
        return ",".join(map(str, [*self.scripts, *self.chances]))


def fault_table() -> list[tuple[str, str]]:
    """Return the name of every fault and what the API does; short names first."""
    return [(alias, f"{FAULTS[name].description} (the same as {name})") for alias, name in ALIASES.items()] + [
        (fault.name, fault.description) for fault in FAULTS.values()
    ]


def parse_faults(text: str, seed: int = 0) -> Faults:
    """Parse the user's notation; raises FaultSpecError."""
    scripts: list[Script] = []
    chances: list[Chance] = []
    for part in text.split(",") if text.strip() else []:
        name, sign, rest = (word.strip() for word in [*re.split("([:@])", part, maxsplit=1), "", ""][:3])
        if name not in FAULTS and name not in ALIASES:
            near = difflib.get_close_matches(name, [*ALIASES, *FAULTS], 3)
            raise FaultSpecError(part=part, problem="no fault has this name" + _or(near))
        if sign == "@":
            scripts.append(Script(name, _times(part, rest)))
        elif sign == ":":
            chances.append(Chance(name, _share(part, rest)))
        else:
            raise FaultSpecError(part=part, problem="it says neither how often nor when")
        if sign == ":" and _kind(name).holds:
            raise FaultSpecError(part=part, problem="this fault lasts, so it has times and no chance")
    if math.fsum(chance.share for chance in chances) > 1:
        raise FaultSpecError(part=text, problem="the chances add up to more than 1")
    return Faults(tuple(scripts), tuple(chances), seed)


def _kind(name: str) -> Fault:
    return FAULTS[ALIASES.get(name, name)]


def _or(near: list[str]) -> str:
    return f"; do you mean {' or '.join(near)}?" if near else ""


def _share(part: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise FaultSpecError(part=part, problem=f"{text!r} is not a chance between 0 and 1")
    return share


_TIME = r"\d\d:\d\d(?::\d\d)?"
_MOMENT = rf"\d{{4}}-\d\d-\d\dT{_TIME}(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"


def _times(part: str, text: str) -> Daily | Once:
    times: Daily | Once | None = None
    try:
        if match := re.fullmatch(rf"({_TIME})-({_TIME})?", text):
            begins, ends = (time.fromisoformat(each) if each else None for each in match.groups())
            times = Daily(begins, ends) if begins is not None else None
        elif match := re.fullmatch(rf"({_MOMENT})-({_MOMENT})?", text):
            first, last = (parse_moment(each) if each else None for each in match.groups())
            times = Once(first, last) if first is not None else None
    except ValueError as error:
        raise FaultSpecError(part=part, problem=str(error)) from None
    if times is None:
        raise FaultSpecError(part=part, problem=f"{text!r} is not a time or moment, a dash, and perhaps another")
    if times.begins == times.ends or (isinstance(times, Once) and times.ends and times.ends < times.begins):
        raise FaultSpecError(part=part, problem="its end is not after its beginning")
    return times
