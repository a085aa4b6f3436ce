"""The network as the web shows it: names, colours, corridors, and its GeoJSON."""

from __future__ import annotations

import colorsys
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

from brt_watch.network import SEEDS, read_network, read_seed
from brt_watch.web.schemas import Direction, Lengths, LineAtStation, LineInfo, Network, StopOnPath
from brt_watch.web.thresholds import LIMITS


class Reference:
    """The network for the web, read once."""

    def __init__(self, folder: Path = SEEDS) -> None:
        self.network = read_network(folder)
        self._polygons: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for row in read_seed(folder, "garagem_poligonos"):
            self._polygons[row.text("poligono_id")].append(row.position("latitude", "longitude"))
        rows = {row.text("linha"): row for row in read_seed(folder, "linhas")}
        self.lines = {
            linha: LineInfo(
                linha,
                line.nome,
                line.servico,
                rows[linha].optional("extremo_a") or "",
                rows[linha].optional("extremo_b") or "",
                _corridors(rows[linha].optional("corredores")),
                _colour(number),
                Lengths(self.length(linha, "ida"), self.length(linha, "volta")),
            )
            for number, (linha, line) in enumerate(self.network.lines.items())
        }
        self._route_ids = {linha: found for linha, row in rows.items() if (found := row.optional("route_id"))}
        self.station_corridors = {
            row.text("estacao_id"): _corridors(row.optional("corredores")) for row in read_seed(folder, "estacoes")
        }

    def route_id(self, linha: str) -> str:
        """Return the `route_id` of a line in the GTFS, where the reference files name it; else the line's number."""
        return self._route_ids.get(linha, linha)

    @cached_property
    def _lines_of_routes(self) -> dict[str, str]:
        return {route_id: linha for linha, route_id in self._route_ids.items()}

    def line_of(self, route_id: str) -> str:
        """Return the name of the line with a `route_id`; the id itself if no line that is known has it."""
        return self._lines_of_routes.get(route_id, route_id)

    @cached_property
    def box(self) -> tuple[float, float, float, float]:
        """The bounding box of all stations and paths: south, north, west, east."""
        points = [(station.latitude, station.longitude) for station in self.network.stations.values()]
        for path in self.network.paths.values():
            points += zip(path.latitudes, path.longitudes, strict=True)
        latitudes, longitudes = zip(*points, strict=True)
        return min(latitudes), max(latitudes), min(longitudes), max(longitudes)

    def covers(self, latitude: float, longitude: float) -> bool:
        """Whether a position lies in the bounding box of all stations and paths."""
        south, north, west, east = self.box
        return south <= latitude <= north and west <= longitude <= east

    def length(self, linha: str | None, sentido: str | None) -> float | None:
        """Return the length of a path in metres, None when it is unknown."""
        path = self.network.paths.get((linha or "", sentido or ""))
        return path.length_m if path else None

    def stops(self, linha: str, sentido: str) -> list[StopOnPath]:
        """Return the stations on a path, in their order."""
        path, stations = self.network.paths[linha, sentido], self.network.stations
        return [StopOnPath(stop.estacao_id, stations[stop.estacao_id].nome, stop.distancia_m) for stop in path.stops]

    def lines_at(self, estacao_id: str) -> list[LineAtStation]:
        """Return the lines that stop at a station, with their directions."""
        return self._lines_at.get(estacao_id, [])

    @cached_property
    def _lines_at(self) -> dict[str, list[LineAtStation]]:
        found: dict[str, list[LineAtStation]] = defaultdict(list)
        for (linha, sentido), path in self.network.paths.items():
            for number, stop in enumerate(path.stops):
                end = number == len(path.stops) - 1
                ponta: Literal["inicio", "fim"] | None = "inicio" if number == 0 else "fim" if end else None
                found[stop.estacao_id].append(LineAtStation(linha, cast(Direction, sentido), stop.distancia_m, ponta))
        return dict(found)

    @cached_property
    def geojson(self) -> Network:
        """The network for a map."""
        paths = [
            _feature(
                "LineString",
                [list(point) for point in zip(path.longitudes, path.latitudes, strict=True)],
                linha=linha,
                sentido=sentido,
                comprimento_m=path.length_m,
                cor=self.lines[linha].cor,
            )
            for (linha, sentido), path in self.network.paths.items()
        ]
        stations = [
            _feature(
                "Point",
                [each.longitude, each.latitude],
                estacao_id=each.estacao_id,
                nome=each.nome,
                tipo=each.tipo,
                corredores=self.station_corridors[each.estacao_id],
            )
            for each in self.network.stations.values()
        ]
        garages = [
            _feature("Polygon", [[[longitude, latitude] for latitude, longitude in corners]], poligono_id=name)
            for name, corners in self._polygons.items()
        ]
        return Network(_collection(paths), _collection(stations), _collection(garages), None, LIMITS)


def _feature(kind: str, coordinates: list[Any], **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": properties}


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


def _corridors(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").replace(";", "|").split("|") if name.strip()]


def _colour(number: int) -> str:
    """Return one of many distinct colours: steps of the golden angle around the colour wheel."""
    red, green, blue = colorsys.hls_to_rgb(number * 0.381966 % 1.0, 0.42 + 0.1 * (number % 2), 0.68)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
