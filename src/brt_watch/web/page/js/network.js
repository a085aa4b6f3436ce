// Lines, paths and stations.
import { get } from "./api.js";

/** The centre of the network in Mercator units (0 to 1); positions are offsets from it, which keeps their precision. */
const CENTRE = centre(document.documentElement.dataset.box) ?? [-43.4, -22.93];
export const ORIGIN = { x: mercatorX(CENTRE[0]), y: mercatorY(CENTRE[1]) };

/** Metres per Mercator unit at the latitude of the network. */
export const METRES = 40075017 * Math.cos((CENTRE[1] * Math.PI) / 180);

/** Return the centre of the box of another city, which the server names. */
function centre(box) {
  const [west, south, east, north] = (box ?? "").split(" ").map(Number);
  return north === undefined ? undefined : [(west + east) / 2, (south + north) / 2];
}

export function mercatorX(longitude) {
  return (longitude + 180) / 360;
}

export function mercatorY(latitude) {
  const radians = (latitude * Math.PI) / 180;
  return (1 - Math.log(Math.tan(radians) + 1 / Math.cos(radians)) / Math.PI) / 2;
}

class Path {
  constructor(feature) {
    const points = feature.geometry.coordinates;
    const { linha, sentido, comprimento_m } = feature.properties;
    Object.assign(this, { linha, sentido, length: comprimento_m });
    this.x = Float64Array.from(points, ([longitude]) => mercatorX(longitude) - ORIGIN.x);
    this.y = Float64Array.from(points, ([, latitude]) => mercatorY(latitude) - ORIGIN.y);
    this.metres = new Float64Array(points.length);
    for (let i = 1; i < points.length; i++) {
      this.metres[i] = this.metres[i - 1] + Math.hypot(this.x[i] - this.x[i - 1], this.y[i] - this.y[i - 1]);
    }
    const scale = this.length / (this.metres[points.length - 1] || 1);
    this.metres.forEach((value, i) => { this.metres[i] = value * scale; });
  }

  /** Write x, y and heading (degrees) of a distance along the path into `out`. */
  place(metres, out) {
    let low = 0;
    let high = this.metres.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.metres[middle] <= metres) low = middle;
      else high = middle;
    }
    const share = Math.min(1, Math.max(0, (metres - this.metres[low]) / (this.metres[high] - this.metres[low] || 1)));
    const dx = this.x[high] - this.x[low];
    const dy = this.y[high] - this.y[low];
    out[0] = this.x[low] + dx * share;
    out[1] = this.y[low] + dy * share;
    out[2] = (Math.atan2(dx, -dy) * 180) / Math.PI;
  }
}

export const network = { paths: new Map(), stations: new Map(), lines: new Map(), geo: null, limits: null };

/** The thresholds of the models, as the server gives them. */
export const limits = () => network.limits;

/** Load the network. The names of the lines may arrive later, with an event `lines` of the document. */
export async function loadNetwork() {
  get("lines").then(takeLines, () => {});
  const geo = await get("network");
  network.geo = geo;
  network.limits = geo.limiares;
  for (const feature of geo.linhas.features) {
    const { linha, sentido, cor } = feature.properties;
    network.paths.set(`${linha} ${sentido}`, new Path(feature));
    if (!network.lines.has(linha)) network.lines.set(linha, { linha, cor, nome: linha, corredores: [] });
  }
  for (const { properties, geometry } of geo.estacoes.features) {
    network.stations.set(properties.estacao_id, { ...properties, longitude: geometry.coordinates[0], latitude: geometry.coordinates[1] });
  }
}

/** Store the lines as the server reports them. */
export function takeLines(answer) {
  network.lines = new Map(answer.linhas.map((line) => [line.linha, line]));
  document.dispatchEvent(new Event("lines"));
}

/** Return a station name with "Terminal" abbreviated. */
export const short = (name) => name.replaceAll("Terminal ", "T. ");

/** Return the beginning of a text that is too long for its place, with a sign that it goes on. */
export const cut = (text, letters) => (text.length > letters ? `${text.slice(0, letters - 1).trimEnd()}…` : text);

export const pathOf = (linha, sentido) => network.paths.get(`${linha} ${sentido}`);

/** Return where a line goes in a direction: `ida` is from end a to end b. */
export function destination(linha, sentido) {
  const line = network.lines.get(linha);
  return line && sentido ? (sentido === "ida" ? line.extremo_b : line.extremo_a) : null;
}
