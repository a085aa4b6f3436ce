"""All vehicles at one poll, and their bytes: rendered once, so that a request is a lookup."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any, NamedTuple

import msgspec

from brt_watch.clock import write_tick
from brt_watch.web.schemas import Vehicle, WarningCode

GZIP_LEVEL = 5
KEPT_ANSWERS = 128
"""Maximum number of filtered responses cached until the next poll."""


class Warned(NamedTuple):
    """What is stale or missing."""

    code: WarningCode
    sentence: str


class Encoded:
    """Response bytes, plain and gzipped, with their ETag."""

    def __init__(self, body: bytes, media_type: str = "application/json") -> None:
        self.body = body
        self.media_type = media_type

    @cached_property
    def gzipped(self) -> bytes:
        """The bytes, compressed once."""
        return gzip.compress(self.body, GZIP_LEVEL, mtime=0)

    @cached_property
    def etag(self) -> str:
        """The ETag; weak, because the gzipped bytes share it."""
        return f'W/"{blake2b(self.body, digest_size=12).hexdigest()}"'

    def prepared(self) -> Encoded:
        """Render in advance what the first request would render."""
        assert self.gzipped
        assert self.etag
        return self


class Snapshot:
    """All vehicles as of one poll; immutable."""

    def __init__(
        self,
        tick: datetime,
        captured_at: datetime,
        simulated: bool,
        vehicles: dict[str, tuple[Vehicle, datetime]],
        warned: Warned | None = None,
    ) -> None:
        self.tick = tick
        self.captured_at = captured_at
        self.simulated = simulated
        self._given = vehicles
        self.vehicles = {codigo: vehicle for codigo, (vehicle, _) in vehicles.items()}
        self.changed_at = {codigo: tick for codigo, (_, tick) in vehicles.items()}
        self.warned = warned
        self._raw = {codigo: msgspec.json.encode(vehicle) for codigo, vehicle in self.vehicles.items()}
        self._answers: dict[object, Encoded] = {}
        self.geojson = self.collection(self.vehicles).prepared()
        # Hardly anybody asks for this form; it is compressed (6 ms) when somebody does.
        self.json = self.plain(self.vehicles)

    @property
    def id(self) -> str:
        """The name of the poll in events."""
        return write_tick(self.tick)

    def with_warning(self, warned: Warned | None) -> Snapshot:
        """Return the same with another warning."""
        return Snapshot(self.tick, self.captured_at, self.simulated, self._given, warned)

    def collection(self, codes: Iterable[str]) -> Encoded:
        """Return vehicles as GeoJSON."""
        features = b",".join(self.feature(codigo) for codigo in codes)
        body = b'{"type":"FeatureCollection",%s,"features":[%s]}' % (self._head, features)
        return Encoded(body, "application/geo+json")

    def plain(self, codes: Iterable[str]) -> Encoded:
        """Return vehicles as a list."""
        return Encoded(b'{%s,"veiculos":[%s]}' % (self._head, b",".join(self._raw[codigo] for codigo in codes)))

    def feature(self, codigo: str) -> bytes:
        """Return a vehicle as a feature of GeoJSON."""
        vehicle = self.vehicles[codigo]
        return b'{"type":"Feature","id":%s,"geometry":{"type":"Point","coordinates":[%s,%s]},"properties":%s}' % (
            msgspec.json.encode(codigo),
            msgspec.json.encode(vehicle.longitude),
            msgspec.json.encode(vehicle.latitude),
            self._raw[codigo],
        )

    def changes(self, since: datetime | None) -> bytes:
        """Return the vehicles whose signal came after a tick; all of them without one."""
        codes = [codigo for codigo in self.vehicles if since is None or self.changed_at[codigo] > since]
        return self.plain(codes).body

    def answer(self, key: object, make: Callable[[], Encoded]) -> Encoded:
        """Return the cached response of a request, or render it."""
        found = self._answers.get(key)
        if found is None:
            if len(self._answers) >= KEPT_ANSWERS:
                self._answers.clear()
            found = self._answers[key] = make()
        return found

    @cached_property
    def _head(self) -> bytes:
        values: dict[str, Any] = {
            "gerado_em": self.captured_at,
            "simulado": self.simulated,
            "aviso": self.warned.sentence if self.warned else None,
            "aviso_codigo": self.warned.code if self.warned else None,
        }
        return msgspec.json.encode(values)[1:-1]
