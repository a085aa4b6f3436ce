// The map of a view: base map, routes, trail, stations, buses.
import { lineColor } from "../colors.js";
import { t } from "../i18n.js";
import { limits, network } from "../network.js";
import { onTheme } from "../theme.js";
import { Fleet } from "./fleet.js";
import { BOUNDS, CITY, style } from "./style.js";

const EDGE = 30;
/** Share of the map that the sheet of details leaves visible on a phone. */
const SEEN_ON_PHONE = 0.45;
const narrow = matchMedia("(max-width: 760px)");
const EMPTY = { type: "FeatureCollection", features: [] };

/** Who made the base map; that of another city, which the server names, shows its GTFS alone. */
const SOURCES = document.documentElement.dataset.city ?? "Natural Earth · SMTR/data.rio";

/** Make a map in an element; `places` positions the buses. Rejects without WebGL. */
export async function makeStage(element, places, camera) {
  const maplibre = await import("/page/vendor/maplibre-gl/maplibre-gl.mjs");
  maplibre.setWorkerUrl(new URL("/page/vendor/maplibre-gl/maplibre-gl-worker.mjs", location.href).href);
  return new Stage(maplibre, element, places, camera);
}

class Stage {
  constructor(maplibre, element, places, camera) {
    this.drawn = { chosen: EMPTY, trail: EMPTY, here: EMPTY };
    this.shown = { stations: true, garages: true, streets: false };
    this.map = new maplibre.Map({
      container: element, style: style(), maxBounds: BOUNDS, minZoom: 8.5, maxZoom: 17.5, maxPitch: 0, pitchWithRotate: false,
      attributionControl: false, fadeDuration: 0, locale: { "Map.Title": t("map.title") }, ...(camera.center ? camera : CITY),
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.getCanvas().setAttribute("aria-label", t("map.title"));
    this.map.addControl(new maplibre.AttributionControl({ compact: false, customAttribution: SOURCES }), "bottom-right");
    this.fleet = new Fleet(this.map, places);
    this.map.on("styledata", () => this.restore());
    this.stopTheme = onTheme(() => this.map.setStyle(style(), { diff: true }));
    this.map.on("error", ({ sourceId }) => {
      if (sourceId === "streets") this.onStreetsLost?.();
    });
  }

  /** Highlight the routes of lines in their colours. */
  choose(lines, direction = "") {
    const features = (network.geo?.linhas.features ?? [])
      .filter(({ properties }) => lines.includes(properties.linha) && (!direction || properties.sentido === direction))
      .map((feature) => ({ ...feature, properties: { ...feature.properties, color: lineColor(feature.properties.cor) } }));
    this.put("chosen", { ...EMPTY, features });
  }

  /** Draw where a bus has been, each piece in the colour of its speed. */
  trail(points) {
    const features = [];
    for (let i = 1; i < points.length; i++) {
      const [before, after] = [points[i - 1], points[i]];
      if (Date.parse(after.datahora) - Date.parse(before.datahora) > limits().previsao_silencio_segundos * 1000) continue;
      const coordinates = [[before.longitude, before.latitude], [after.longitude, after.latitude]];
      features.push({ type: "Feature", properties: { speed: after.velocidade ?? 0 }, geometry: { type: "LineString", coordinates } });
    }
    this.put("trail", { ...EMPTY, features });
  }

  /** Mark a station, or none. */
  here(station) {
    const geometry = { type: "Point", coordinates: [station?.longitude, station?.latitude] };
    this.put("here", { ...EMPTY, features: station ? [{ type: "Feature", properties: { nome: station.nome }, geometry }] : [] });
  }

  put(source, data) {
    this.drawn[source] = data;
    this.map.getSource(source)?.setData(data);
  }

  /** Show or hide what belongs to a layer: stations, garages, streets. */
  layer(name, visible) {
    this.shown[name] = visible;
    this.restoreLayers();
  }

  restore() {
    for (const [source, data] of Object.entries(this.drawn)) {
      const known = this.map.getSource(source);
      if (known && known.brtWatchData !== data) {
        known.brtWatchData = data;
        known.setData(data);
      }
    }
    this.restoreLayers();
    this.fleet.draw();
  }

  restoreLayers() {
    const layers = { stations: ["stations", "terminal-names", "station-names"], garages: ["garages"], streets: ["streets"] };
    for (const [name, ids] of Object.entries(layers)) {
      for (const id of ids) {
        const wished = this.shown[name] ? "visible" : "none";
        if (this.map.getLayer(id) && (this.map.getLayoutProperty(id, "visibility") ?? "visible") !== wished) {
          this.map.setLayoutProperty(id, "visibility", wished);
        }
      }
    }
  }

  /** Bring a place into view without moving more than needed. */
  look(longitude, latitude, zoom = 14) {
    // On a phone the centre of the visible part lies above that of the map.
    const higher = narrow.matches ? ((SEEN_ON_PHONE - 1) / 2) * this.map.getContainer().clientHeight : 0;
    // MapLibre honours prefers-reduced-motion and jumps.
    this.map.easeTo({ center: [longitude, latitude], zoom: Math.max(zoom, this.map.getZoom()), duration: 700, offset: [0, higher] });
  }

  /** Bring the whole route of a line into view. */
  fit(linha) {
    const points = (network.geo?.linhas.features ?? []).filter(({ properties }) => properties.linha === linha).flatMap(({ geometry }) => geometry.coordinates);
    if (!points.length) return;
    const [longitudes, latitudes] = [0, 1].map((axis) => points.map((point) => point[axis]));
    const bounds = [[Math.min(...longitudes), Math.min(...latitudes)], [Math.max(...longitudes), Math.max(...latitudes)]];
    this.map.resize();
    this.map.fitBounds(bounds, { padding: Math.min(60, this.map.getContainer().clientWidth / 8), duration: 700, maxZoom: 15 });
  }

  /** Show the part of the map that an address names. */
  jump({ center, zoom }) {
    this.map.jumpTo({ center, zoom });
  }

  /** Bring a place into view if it is out of it, or under the sheet of details on a phone. */
  reveal({ longitude, latitude }) {
    this.map.resize();
    const { clientWidth: width, clientHeight: height } = this.map.getContainer();
    const { x, y } = this.map.project([longitude, latitude]);
    const bottom = narrow.matches ? height * SEEN_ON_PHONE : height;
    if (x < EDGE || x > width - EDGE || y < EDGE || y > bottom - EDGE) this.look(longitude, latitude, this.map.getZoom());
  }

  /** Return the station at a point of the screen, null when there is none. */
  stationAt(point) {
    const reach = 7;
    const box = [[point.x - reach, point.y - reach], [point.x + reach, point.y + reach]];
    const layers = ["stations"].filter((id) => this.map.getLayer(id));
    return this.map.queryRenderedFeatures(box, { layers })[0]?.properties.estacao_id ?? null;
  }

  remove() {
    this.stopTheme();
    this.fleet.stop();
    this.map.remove();
  }
}
