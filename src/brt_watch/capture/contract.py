"""The contract watch: anomalies of a poll, compared with earlier ones. No input or output, and no clock.

A trouble is raised once, when it begins, and closed once, when it ends. Troubles relative to earlier polls also close
after a day, and the new value becomes the baseline: the city has changed its API.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from brt_watch.capture import silence
from brt_watch.clock import UTC
from brt_watch.model import Parsed, Poll

FREEZE = timedelta(minutes=3)
"""The feed is frozen when no vehicle has a new timestamp for longer than this. In the quietest recorded minute, on a
Sunday night, one vehicle in four had one."""

JUMP = timedelta(minutes=30)
"""The timestamps jumped when the age of the freshest signals changes by more than this between two polls."""

NEW_NORMAL = timedelta(days=1)

LEARNED = {"field_appeared", "field_disappeared", "field_changed_type", "stamps_jumped", "fleet_shrank"}
"""Troubles that become the baseline after a day. The absence of good answers never does."""

FEW = 20
"""With fewer vehicles than this, ages and counts are not judged."""


class Trouble(msgspec.Struct, frozen=True):
    """An anomaly. `subject` is the field concerned, if any."""

    code: str
    subject: str
    detail: str
    since: datetime

    @property
    def key(self) -> tuple[str, str]:
        """The key of a trouble."""
        return self.code, self.subject


class Alert(msgspec.Struct, frozen=True):
    """A trouble that was raised or closed (`event`)."""

    event: str
    code: str
    subject: str
    detail: str
    since: datetime

    @property
    def text(self) -> str:
        """The alert as a sentence."""
        what = f"{self.code} {self.subject}".strip()
        return f"{what} {self.event} (since {self.since:%Y-%m-%d %H:%M:%S %Z}): {self.detail}"


class Watch(msgspec.Struct, frozen=True):
    """The state of the watch between polls: open troubles and the baseline."""

    troubles: list[Trouble] = []
    fields: dict[str, list[str]] = {}
    """The fields of the API, each with the kinds of its values."""
    vehicles: int = 0
    freshest_age_seconds: float | None = None
    """The 5th percentile of the ages."""
    stamps: int = 0
    """A checksum of all timestamps, which changes when any vehicle sends a signal."""
    advanced_at: datetime | None = None
    """When it last changed."""
    made_at_ms: int | None = None
    """When the answer says that it was made; None if answers do not say."""
    made_advanced_at: datetime | None = None
    """The tick at which that last changed."""
    good_at: datetime | None = None
    """The tick of the last good poll, or of the first poll before there is a good one."""


def watch(
    before: Watch, poll: Poll, parsed: Parsed | None, suspected: Sequence[Trouble] = ()
) -> tuple[Watch, list[Alert]]:
    """Compare a poll with earlier ones; return the new state, and the alerts that are raised or closed.

    `suspected` are the troubles that other checks found at this poll.
    """
    if poll.status.is_good and parsed is None:
        # An unchanged answer: everything else stays the same, and the feed may be frozen.
        now = msgspec.structs.replace(before, good_at=poll.tick)
        over = ("silent", "frozen", "disk_full")
        kept = [trouble for trouble in before.troubles if trouble.code not in over]
        found = [*kept, *_frozen(now, poll)]
    elif parsed is None or poll.captured_at is None:
        now = msgspec.structs.replace(before, good_at=before.good_at or poll.tick)
        # A failed poll shows nothing about other troubles, which stay as they are.
        found = [*before.troubles, *_silent(now, poll), *_disk_full(poll)]
    else:
        now = _seen(before, poll, parsed)
        found = [
            *_changed_fields(before, now, poll),
            *_rejected(poll, parsed),
            *_jumped(before, now, poll),
            *((_frozen(now, poll) or _old_header(now, poll)) if parsed.records else ()),
            *_shrank(before, now, poll),
            *_silent(now, poll),
            *suspected,
        ]
    return _settled(before, now, found, poll)


def watch_past(before: Watch, poll: Poll, parsed: Parsed) -> tuple[Watch, list[Alert]]:
    """Compare the fields of a past minute with those of earlier answers; return the same as `watch`.

    Past minutes come in any order, so their timestamps and numbers of vehicles show nothing about the service.
    """
    assert poll.captured_at is not None
    # A trouble begins with the answer that shows it, not in the minute that was asked for.
    poll = replace(poll, tick=poll.captured_at)
    now = msgspec.structs.replace(before, fields=parsed.fields)
    return _settled(before, now, [*_changed_fields(before, now, poll), *_rejected(poll, parsed)], poll)


def _settled(before: Watch, now: Watch, found: Sequence[Trouble], poll: Poll) -> tuple[Watch, list[Alert]]:
    """Return the state after a poll that found these troubles, and the alerts that are raised or closed."""
    was_open = {trouble.key: trouble for trouble in before.troubles}
    troubles = {trouble.key: was_open.get(trouble.key, trouble) for trouble in reversed(found)}
    troubles = {key: trouble for key, trouble in troubles.items() if not _is_normal_now(trouble, poll)}
    raised = [trouble for key, trouble in troubles.items() if key not in was_open]
    closed = [trouble for key, trouble in was_open.items() if key not in troubles]
    alerts = [_alert("raised", trouble) for trouble in raised] + [_alert("closed", trouble) for trouble in closed]
    return _remember(before, now, list(troubles.values())), alerts


def _checksum(stamps: list[tuple[str, int]]) -> int:
    return zlib.crc32(repr(stamps).encode())


_NO_STAMPS = _checksum([])
"""The checksum of an answer without vehicles, which cannot be frozen."""


def _is_normal_now(trouble: Trouble, poll: Poll) -> bool:
    return trouble.code in LEARNED and poll.tick - trouble.since > NEW_NORMAL


def _seen(before: Watch, poll: Poll, parsed: Parsed) -> Watch:
    stamps = _checksum([(record.vehicle, record.stamp_ms) for record in parsed.records])
    stamps_ms = sorted((record.stamp_ms for record in parsed.records), reverse=True)
    assert poll.captured_at is not None
    newest = poll.captured_at.timestamp() - stamps_ms[len(stamps_ms) // 20] / 1000 if len(stamps_ms) >= FEW else None
    return Watch(
        # Without vehicles an answer shows nothing about their fields.
        fields=parsed.fields if parsed.records or parsed.rejects else before.fields,
        vehicles=len(parsed.records),
        freshest_age_seconds=newest,
        stamps=stamps,
        advanced_at=before.advanced_at if stamps == before.stamps else poll.tick,
        made_at_ms=parsed.made_at_ms,
        made_advanced_at=before.made_advanced_at if parsed.made_at_ms == before.made_at_ms else poll.tick,
        good_at=poll.tick if poll.status.is_good else before.good_at or poll.tick,
    )


def _remember(before: Watch, now: Watch, troubles: list[Trouble]) -> Watch:
    """Keep the baseline while an open trouble is measured against it."""
    codes = {trouble.code for trouble in troubles}
    kept: dict[str, object] = {"troubles": troubles}
    if codes & {"field_appeared", "field_disappeared", "field_changed_type"}:
        kept["fields"] = before.fields
    if codes & {"stamps_jumped", "frozen"} or now.freshest_age_seconds is None:
        kept["freshest_age_seconds"] = before.freshest_age_seconds
    if "fleet_shrank" in codes:
        kept["vehicles"] = before.vehicles
    return msgspec.structs.replace(now, **kept)


def _silent(now: Watch, poll: Poll) -> Iterator[Trouble]:
    if now.good_at and poll.tick - now.good_at > silence.ALERT:
        yield Trouble("silent", "", f"no good poll; the last one failed: {poll.reason} {poll.detail}", now.good_at)


def _disk_full(poll: Poll) -> Iterator[Trouble]:
    if poll.reason == "disk_full":
        yield Trouble("disk_full", "", poll.detail, poll.tick)


def _changed_fields(before: Watch, now: Watch, poll: Poll) -> Iterator[Trouble]:
    if not before.fields:
        return
    for name in sorted(now.fields.keys() | before.fields.keys()):
        was, is_now = before.fields.get(name), now.fields.get(name)
        if was is None:
            yield Trouble("field_appeared", name, "the API has a new field; it is kept in the column extra", poll.tick)
        elif is_now is None:
            yield Trouble("field_disappeared", name, "no record has the field any more", poll.tick)
        elif was and set(is_now) - set(was):
            detail = f"it is {' or '.join(is_now)} and was {' or '.join(was)}"
            yield Trouble("field_changed_type", name, detail, poll.tick)


def _rejected(poll: Poll, parsed: Parsed) -> Iterator[Trouble]:
    if len(parsed.rejects) > len(parsed.records):
        reasons = ", ".join(sorted({reject.reason for reject in parsed.rejects}))
        yield Trouble("rejected", "", f"most records break a rule ({reasons}); they are in rejects.csv", poll.tick)


def _jumped(before: Watch, now: Watch, poll: Poll) -> Iterator[Trouble]:
    if before.freshest_age_seconds is None or now.freshest_age_seconds is None or before.good_at is None:
        return
    if now.stamps == before.stamps:
        return  # A frozen feed ages as time passes; that is another trouble.
    change = now.freshest_age_seconds - before.freshest_age_seconds
    if abs(change) > (JUMP + abs(poll.tick - before.good_at)).total_seconds():
        unit = ": perhaps another unit" if abs(change) > timedelta(days=3650).total_seconds() else ""
        yield Trouble("stamps_jumped", "", f"the freshest signals moved by {-change / 3600:+,.1f} h{unit}", poll.tick)


def _frozen(now: Watch, poll: Poll) -> list[Trouble]:
    if now.stamps != _NO_STAMPS and now.advanced_at and poll.tick - now.advanced_at > FREEZE:
        return [Trouble("frozen", "", "the API answers, and no vehicle has a new stamp", now.advanced_at)]
    return []


def _old_header(now: Watch, poll: Poll) -> list[Trouble]:
    since = now.made_advanced_at
    if now.made_at_ms is None or since is None or poll.tick - since <= FREEZE:
        return []
    made_at = datetime.fromtimestamp(now.made_at_ms / 1000, UTC)
    detail = f"vehicles have new stamps, and the message still says that it was made at {made_at:%Y-%m-%d %H:%M:%S %Z}"
    return [Trouble("header_frozen", "", detail, since)]


def _shrank(before: Watch, now: Watch, poll: Poll) -> Iterator[Trouble]:
    if before.vehicles >= FEW and now.vehicles < before.vehicles / 2:
        yield Trouble("fleet_shrank", "", f"{now.vehicles} vehicles; there were {before.vehicles}", poll.tick)


def _alert(event: str, trouble: Trouble) -> Alert:
    return Alert(event, trouble.code, trouble.subject, trouble.detail, trouble.since)
