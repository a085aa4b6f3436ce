"""A double of the city's service of closed minutes: strict, and as moody as the service is said to be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from brt_watch.capture.fetch import Response
from brt_watch.clock import MINUTE, StillClock, floor, parse_moment
from brt_watch.errors import FeedFailed

KEPT = timedelta(days=3)
KNOWN = {"minuto_utc", "modo", "limit", "cursor"}


def position(codigo: str, at: datetime, **changes: Any) -> dict[str, Any]:
    """Return an entry as the service gives it."""
    entry = {
        "id_veiculo": codigo,
        "fornecedor": "sonda",
        "sistema": "rio",
        "modo": "brt",
        "servico": "22",
        "sentido": "volta",
        "latitude": -23.0008,
        "longitude": -43.3643,
        "velocidade": 14.6,
        "direcao": 203.0,
        "route_id": None,
        "trip_id": "abc",
        "shape_id": "",
        "datetime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "datetime_servidor": None,
    }
    return {**entry, **changes}


@dataclass
class ItsDouble:
    """The service at the time of a clock: a client whose answers are those of the service, without a network.

    It refuses what it does not know: other parameters, moments that are no minute, more than 60 requests a minute.
    """

    clock: StillClock
    positions_of: Callable[[datetime], list[dict[str, Any]]]
    """The positions of a minute."""
    page: int = 5000
    moods: list[str] = field(default_factory=list)
    """What the next requests meet: "429", "down", "partial", "pending", "nan", "" for nothing."""
    dead: dict[datetime, int] = field(default_factory=dict)
    """The minutes that it refuses, each with its status."""
    asked: list[datetime] = field(default_factory=list)
    requests: list[datetime] = field(default_factory=list)

    def fetch(self, deadline: datetime, parameters: Mapping[str, str] | None = None) -> Response:
        now = self.clock.now()
        assert parameters is not None
        assert parameters.keys() <= KNOWN, "an unknown parameter is 422"
        assert 1 <= int(parameters["limit"]) <= 5000
        minute = parse_moment(parameters["minuto_utc"])
        assert minute == floor(minute, MINUTE)
        self.requests = [at for at in self.requests if now - at < MINUTE] + [now]
        assert len(self.requests) <= 60, "60 requests a minute are allowed"
        self.asked.append(minute)
        self.clock.time += timedelta(seconds=0.3)
        mood = self.moods.pop(0) if self.moods else ""
        if mood == "429":
            raise FeedFailed("http_429", "the server did not serve", 429)
        if mood == "down":
            raise FeedFailed("unreachable", "no route")
        if status := self.dead.get(minute):
            raise FeedFailed(f"http_{status}", "it was refused", status)
        if now - minute > KEPT:
            raise FeedFailed("http_404", "Not Found", 404)
        found = self.positions_of(minute)
        is_open = now < minute + MINUTE + timedelta(seconds=15)
        if mood == "partial" or is_open:
            found = [each for each in found if parse_moment(each["datetime"]) < minute + timedelta(seconds=15)]
        begin = int(parameters.get("cursor", "0"))
        end = begin + min(self.page, int(parameters["limit"]))
        answer = {
            "minuto_utc": f"{minute:%Y-%m-%dT%H:%M:%SZ}",
            "data": found[begin:end],
            "next_cursor": str(end) if end < len(found) else None,
            "providers_status": {"zirix": "ok", "sonda": "pending" if mood == "pending" else "ok"},
        }
        text = json.dumps(answer)
        if mood == "nan":
            text = text.replace('"velocidade": 14.6', '"velocidade": NaN', 1)
        return Response(text.encode(), 200, self.clock.now())
