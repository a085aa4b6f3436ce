// The base map: water, land, garages, BRT routes, stations. Streets only on request.
import { network } from "../network.js";
import { token } from "../theme.js";

/** The box of another city, which the server names: west, south, east, north. */
const [west, south, east, north] = (document.documentElement.dataset.box ?? "").split(" ").map(Number);
const elsewhere = north !== undefined && [[west, south], [east, north]];

export const BOUNDS = elsewhere ? [[west - 0.5, south - 0.5], [east + 0.5, north + 0.5]] : [[-44.25, -23.35], [-42.75, -22.45]];
/** The initial view: the whole network. */
export const CITY = { bounds: elsewhere || [[-43.7, -23.02], [-43.2, -22.8]], fitBoundsOptions: { padding: 28 } };

const NOTHING = { type: "FeatureCollection", features: [] };
const WATERS = elsewhere ? NOTHING : {
  type: "FeatureCollection",
  features: [["Oceano Atlântico", -43.42, -23.075], ["Baía de Guanabara", -43.115, -22.835], ["Baía de Sepetiba", -43.79, -22.985]].map(([nome, ...coordinates]) => ({
    type: "Feature", properties: { nome }, geometry: { type: "Point", coordinates },
  })),
};
const STREETS = "https://tile.openstreetmap.org/{z}/{x}/{y}.png";
const LETTERS = { "text-font": ["Roboto, Helvetica, Arial, sans-serif"] };
const byZoom = (...stops) => ["interpolate", ["linear"], ["zoom"], ...stops];

/** Return the style for the current theme. */
export function style() {
  return {
    version: 8,
    sources: {
      coast: { type: "geojson", data: elsewhere ? NOTHING : "/page/data/coast.json" },
      waters: { type: "geojson", data: WATERS },
      garages: { type: "geojson", data: network.geo?.garagens ?? NOTHING },
      ways: { type: "geojson", data: network.geo?.linhas ?? NOTHING },
      chosen: { type: "geojson", data: NOTHING },
      trail: { type: "geojson", data: NOTHING },
      stations: { type: "geojson", data: network.geo?.estacoes ?? NOTHING },
      here: { type: "geojson", data: NOTHING },
      streets: {
        type: "raster", tiles: [STREETS], tileSize: 256, maxzoom: 19, attribution: "© OpenStreetMap",
      },
    },
    layers: [
      { id: "water", type: "background", paint: { "background-color": token(elsewhere ? "land" : "water") } },
      { id: "land", type: "fill", source: "coast", paint: { "fill-color": token("land") } },
      { id: "shore", type: "line", source: "coast", paint: { "line-color": token("track"), "line-width": 0.8, "line-opacity": 0.7 } },
      { id: "streets", type: "raster", source: "streets", layout: { visibility: "none" }, paint: { "raster-saturation": -0.85, "raster-opacity": 0.55 } },
      { id: "garages", type: "fill", source: "garages", minzoom: 10.5, paint: { "fill-color": token("garage"), "fill-outline-color": token("track") } },
      line("ways-case", "ways", token("track-case"), byZoom(9, 3, 12, 6, 15, 11)),
      line("ways", "ways", token("track"), byZoom(9, 1.4, 12, 2.6, 15, 5)),
      line("chosen-case", "chosen", token("track-case"), byZoom(9, 5, 12, 8, 15, 13)),
      line("chosen", "chosen", ["get", "color"], byZoom(9, 2.4, 12, 4, 15, 7)),
      line("trail-case", "trail", token("track-case"), byZoom(9, 5, 14, 9)),
      line("trail", "trail", ["interpolate", ["linear"], ["get", "speed"], 0, token("poor"), 20, token("fair"), 45, token("good")], byZoom(9, 3, 14, 5)),
      {
        id: "stations", type: "circle", source: "stations", minzoom: 10,
        paint: {
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, ["case", ["==", ["get", "tipo"], "terminal"], 3, 1.4], 13, ["case", ["==", ["get", "tipo"], "terminal"], 6, 4], 16, 8],
          "circle-color": token("track-case"), "circle-stroke-color": token("map-ink"), "circle-stroke-width": byZoom(10, 0.9, 14, 1.8),
        },
      },
      {
        id: "water-names", type: "symbol", source: "waters",
        layout: { ...LETTERS, "text-field": ["get", "nome"], "text-size": 12.5, "text-letter-spacing": 0.12, "text-max-width": 8 },
        paint: { "text-color": token("map-ink"), "text-opacity": 0.75 },
      },
      {
        id: "here", type: "circle", source: "here",
        paint: { "circle-radius": byZoom(10, 8, 16, 14), "circle-opacity": 0, "circle-stroke-color": token("ink"), "circle-stroke-width": 2.5 },
      },
      label("terminal-names", ["==", ["get", "tipo"], "terminal"], 10.2),
      label("station-names", ["!=", ["get", "tipo"], "terminal"], 12.8),
      // MapLibre places the last layer first, so the plain name of this station finds no room.
      {
        id: "here-name", type: "symbol", source: "here",
        layout: { ...LETTERS, "text-field": ["get", "nome"], "text-size": 14, "text-variable-anchor": ["left", "right"], "text-radial-offset": 1.3, "text-max-width": 9 },
        paint: { "text-color": token("ink"), "text-halo-color": token("land"), "text-halo-width": 2 },
      },
    ],
  };
}

function line(id, source, color, width) {
  return {
    id, source, type: "line", layout: { "line-join": "round", "line-cap": "round" },
    paint: { "line-color": color, "line-width": width },
  };
}

function label(id, filter, minzoom) {
  return {
    id, filter, minzoom, type: "symbol", source: "stations",
    layout: {
      ...LETTERS, "text-field": ["get", "nome"], "text-size": byZoom(11, 11, 15, 13.5),
      "text-variable-anchor": ["left", "right", "top", "bottom"], "text-radial-offset": 1, "text-max-width": 9, "text-justify": "auto",
    },
    paint: { "text-color": token("map-ink"), "text-halo-color": token("land"), "text-halo-width": 1.6 },
  };
}
