"""The captured feeds: the state of each, and its vehicles as it reports them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Annotated, Literal

from msgspec import Meta, Struct
from starlette.exceptions import HTTPException

from brt_watch.capture.newest import WINDOWS, newest_records
from brt_watch.capture.poll import NO_VEHICLES
from brt_watch.capture.window import read_growing_ledger
from brt_watch.clock import UTC
from brt_watch.health import Seen, problems_of
from brt_watch.model import Poll
from brt_watch.resources import Resources
from brt_watch.web.reference import Reference
from brt_watch.web.schemas import Moment, Point


class FeedState(Struct, frozen=True):
    """A feed, as its ledger shows it."""

    feed: Annotated[str, Meta(description="Its name in BRT_WATCH_FEEDS; that of the first feed is its format.")]
    formato: str
    endereco: str
    ultima_consulta: Moment | None
    situacao: Annotated[str | None, Meta(description="ok, late, failed or missed.")]
    motivo: Annotated[
        str,
        Meta(description="Why the last poll failed; unchanged: the feed has nothing new; no_vehicles: it lists none."),
    ]
    ultima_resposta: Annotated[Moment | None, Meta(description="The last poll with a good answer.")]
    veiculos: Annotated[int, Meta(description="Records of the last answer that lists its vehicles.")]
    sinal_mais_novo: Moment | None
    janelas_esperando: int
    velocidade: Annotated[str | None, Meta(description="The apparent unit of its speeds, if that is in doubt.")]
    problemas: list[str]


class Feeds(Struct, frozen=True):
    """The captured feeds, the first one before the further ones."""

    gerado_em: Moment
    feeds: list[FeedState]


class FeedVehicle(Struct, frozen=True):
    """A vehicle as its feed reports it; nothing is derived."""

    codigo: str
    linha: Annotated[str | None, Meta(description="By its number, if the feed gives the route_id of a known line.")]
    sentido: str | None
    velocidade: Annotated[float | None, Meta(description="km/h.")]
    direcao: Annotated[float | None, Meta(description="Heading in degrees.")]
    datahora: Moment
    idade_segundos: float


class FeedFeature(Struct, frozen=True):
    """A vehicle in GeoJSON."""

    id: str
    geometry: Point
    properties: FeedVehicle
    type: Literal["Feature"] = "Feature"


class FeedVehicles(Struct, frozen=True):
    """The vehicles of a feed in GeoJSON, each at its newest position."""

    gerado_em: Moment
    feed: str
    ultima_resposta: Annotated[Moment | None, Meta(description="The last poll with a good answer.")]
    features: list[FeedFeature]
    type: Literal["FeatureCollection"] = "FeatureCollection"


def name_of(resources: Resources) -> str:
    """Return the name of a feed; the first one has that of its format."""
    return resources.name or resources.settings.feed


def state_of(feed: Resources, seen: Seen) -> FeedState:
    """Return the state of a feed."""
    settings, files, polls = feed.settings, feed.files, _newest_polls(feed)
    last, good = polls[-1] if polls else None, _last_good(polls)
    filled = next((poll for poll in reversed(polls) if poll.records or poll.reason == NO_VEHICLES), None)
    measured = files.speeds.measured()
    return FeedState(
        feed=name_of(feed),
        formato=settings.feed,
        endereco=settings.feed_name,
        ultima_consulta=last.tick if last else None,
        situacao=last.status.value if last else None,
        motivo=last.reason if last else "",
        ultima_resposta=good.tick if good else None,
        veiculos=filled.records if filled else 0,
        sinal_mais_novo=filled.newest_signal_at if filled else None,
        janelas_esperando=len(files.closed_windows()),
        velocidade=measured.sentence if measured and files.feed.speed_unit == measured.unit else None,
        problemas=[each.sentence for each in problems_of(feed.name, seen)],
    )


@dataclass(frozen=True)
class Choice:
    """Which vehicles of a feed are wanted, by the values that it reports; None: all."""

    linha: str | None = None
    sentido: str | None = None
    codigo: str | None = None
    age: float | None = None

    def has(self, vehicle: FeedVehicle) -> bool:
        """Whether a vehicle is wanted."""
        return (
            (self.linha is None or (vehicle.linha or "") in self.linha.split(","))
            and (self.sentido is None or vehicle.sentido == self.sentido)
            and (self.codigo is None or vehicle.codigo in self.codigo.split(","))
            and (self.age is None or vehicle.idade_segundos <= self.age)
        )


def vehicles_of(feed: Resources, reference: Reference, choice: Choice = Choice()) -> FeedVehicles:
    """Return the vehicles of a feed, from its newest windows."""
    now, good = feed.clock.now(), _last_good(_newest_polls(feed))
    found = [_feature(record, now, reference) for record in newest_records(feed.files)]
    wanted = [feature for feature in found if choice.has(feature.properties)]
    return FeedVehicles(now, name_of(feed), good.captured_at if good else None, wanted)


def feed_called(name: str, resources: Resources) -> Resources:
    """Return the feed of a name; raises a problem (404) with the names that there are."""
    known = {name_of(each): each for each in resources.feeds}
    if name not in known:
        raise HTTPException(404, f"There is no feed {name}; the feeds are {', '.join(known)}.")
    return known[name]


def _newest_polls(feed: Resources) -> list[Poll]:
    folders = reversed(list(islice(feed.files.newest_first(), WINDOWS)))
    return [line.poll for folder in folders for line in read_growing_ledger(folder, damaged_ok=True)]


def _last_good(polls: list[Poll]) -> Poll | None:
    return next((poll for poll in reversed(polls) if poll.status.is_good), None)


def _feature(record: dict[str, str], now: datetime, reference: Reference) -> FeedFeature:
    at = datetime.fromtimestamp(int(record["dataHora"]) / 1000, UTC)
    vehicle = FeedVehicle(
        codigo=record["codigo"],
        linha=reference.line_of(record["linha"]) if record["linha"] else None,
        sentido=record["sentido"] or None,
        velocidade=float(record["velocidade"]) if record["velocidade"] else None,
        direcao=float(record["direcao"]) if record["direcao"].strip() else None,
        datahora=at,
        idade_segundos=round((now - at).total_seconds(), 1),
    )
    return FeedFeature(vehicle.codigo, Point([float(record["longitude"]), float(record["latitude"])]), vehicle)
