// The drawing of a string-line: time across, distance up, one stroke per trip. It carries its own colours, so that it can be saved.
import { s } from "../dom.js";
import { clock, distance, number } from "../format.js";
import { t } from "../i18n.js";
import { isAway } from "../missing.js";
import { limits, short } from "../network.js";
import { token } from "../theme.js";
import { FONT } from "./save.js";

const MARGIN = { left: 168, right: 62, top: 12, bottom: 28 };
const NARROW = { left: 100, right: 12, top: 10, bottom: 26 };
const STEPS = [1, 2, 5, 10, 15, 30, 60].map((minutes) => minutes * 60);

const SIZE = 11.5;
const pen = document.createElement("canvas").getContext("2d");

/** Return a text, shortened to fit a width in pixels. */
function fitted(text, width) {
  pen.font = `${SIZE}px ${FONT}`;
  let cut = text;
  for (let end = text.length; end > 1 && pen.measureText(cut).width > width; end--) cut = `${text.slice(0, end - 1).trimEnd()}…`;
  return cut;
}

export class Strings {
  /** `shown` has data, span (s), the chosen bus, and the part of time and distance in view. */
  constructor(width, height, shown) {
    Object.assign(this, { width, height, shown });
    const m = width < 700 ? NARROW : MARGIN;
    this.box = { x: m.left, y: m.top, width: Math.max(50, width - m.left - m.right), height: Math.max(50, height - m.top - m.bottom) };
  }

  x(second) {
    return this.box.x + ((second - this.shown.view.t0) / (this.shown.view.t1 - this.shown.view.t0)) * this.box.width;
  }

  y(metres) {
    return this.box.y + (1 - (metres - this.shown.view.d0) / (this.shown.view.d1 - this.shown.view.d0)) * this.box.height;
  }

  at(px, py) {
    const { view } = this.shown;
    return [view.t0 + ((px - this.box.x) / this.box.width) * (view.t1 - view.t0), view.d0 + (1 - (py - this.box.y) / this.box.height) * (view.d1 - view.d0)];
  }

  draw() {
    const { box, width, height } = this;
    const clip = s("clipPath", { id: "plot" }, s("rect", { x: box.x, y: box.y, width: box.width, height: box.height }));
    const hatch = s("pattern", { id: "gap", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      s("rect", { width: 7, height: 7, fill: token("sunken") }), s("line", { x1: 0, x2: 0, y1: 0, y2: 7, stroke: token("rule-strong"), "stroke-width": 2.5 }));
    return s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, xmlns: "http://www.w3.org/2000/svg", "font-family": FONT, "font-size": SIZE, role: "img", "aria-label": t("diagram.words") },
      s("defs", {}, clip, hatch), s("rect", { width, height, fill: token("surface") }),
      this.gaps(), this.times(), this.stations(), s("g", { "clip-path": "url(#plot)", fill: "none", "stroke-linejoin": "round" }, this.trips()),
      s("rect", { x: box.x, y: box.y, width: box.width, height: box.height, fill: "none", stroke: token("rule-strong") }), s("g", { class: "over" }));
  }

  gaps() {
    const { data, first } = this.shown;
    return (data.lacunas ?? []).map(({ de, ate }) => {
      const before = first && Date.parse(ate) <= first + 60000;
      const away = isAway(data);
      const words = t(away ? "away.short" : before ? "diagram.before" : "diagram.gap");
      const from = Math.max(this.box.x, this.x(Date.parse(de) / 1000));
      const to = Math.min(this.box.x + this.box.width, this.x(Date.parse(ate) / 1000));
      return to > from && [s("rect", { class: away ? "away" : before ? "before" : "capture-gap", x: from, y: this.box.y, width: to - from, height: this.box.height, fill: away || before ? token("sunken") : "url(#gap)" }),
        to - from > 70 && s("text", { x: (from + to) / 2, y: this.box.y + 16, fill: token("soft"), "text-anchor": "middle" }, words)];
    });
  }

  times() {
    const { t0, t1 } = this.shown.view;
    const step = STEPS.find((size) => (t1 - t0) / size <= this.box.width / 70) ?? 7200;
    const lines = [];
    for (let second = Math.ceil(t0 / step) * step; second <= t1; second += step) {
      const x = this.x(second);
      lines.push(s("line", { x1: x, x2: x, y1: this.box.y, y2: this.box.y + this.box.height, stroke: token("rule"), "stroke-width": second % 3600 === 0 ? 1.6 : 0.8 }),
        s("text", { x, y: this.box.y + this.box.height + 18, fill: token("soft"), "text-anchor": "middle", "font-weight": second % 3600 === 0 ? 700 : 400 }, clock(second * 1000)));
    }
    return lines;
  }

  stations() {
    const { view, data } = this.shown;
    let last = Infinity;
    return data.estacoes.filter((station) => station.distancia_m >= view.d0 && station.distancia_m <= view.d1).map((station) => {
      const y = this.y(station.distancia_m);
      const named = last - y >= 12.5;
      if (named) last = y;
      const name = fitted(short(station.nome), this.box.x - 14);
      return [s("line", { x1: this.box.x - (named ? 5 : 3), x2: this.box.x + this.box.width, y1: y, y2: y, stroke: token("rule"), "stroke-width": 0.9 }),
        named && s("text", { x: this.box.x - 9, y: y + 4, "text-anchor": "end", fill: token("ink") }, name),
        named && this.width >= 700 && s("text", { x: this.box.x + this.box.width + 7, y: y + 4, fill: token("faint") }, distance(station.distancia_m))];
    });
  }

  trips() {
    const { data, color, chosen } = this.shown;
    // A line across a silence would claim where the bus was.
    const isSilent = (points, i) => i === 0 || points[i][0] - points[i - 1][0] > limits().em_silencio_segundos;
    const path = (points) => points.map(([second, metres], i) => `${isSilent(points, i) ? "M" : "L"}${this.x(second).toFixed(1)} ${this.y(metres).toFixed(1)}`).join("");
    const strokes = data.veiculos.map((trip, number) => s("path", {
      class: "trip", "data-trip": number, d: path(trip.pontos), stroke: trip.codigo === chosen ? token("ink") : color,
      "stroke-width": trip.codigo === chosen ? 3.2 : 1.5, "stroke-opacity": chosen && trip.codigo !== chosen ? 0.45 : 0.9,
    }));
    const pieces = data.veiculos.flatMap(({ comboios, pontos }) => comboios.map(([from, to]) => pontos.filter(([second]) => from <= second && second <= to)));
    const together = pieces.map((piece) => s("path", { class: "together", d: path(piece), stroke: token("poor"), "stroke-width": 4.5, "stroke-opacity": 0.5, "stroke-linecap": "round" }));
    return [together, strokes];
  }

  /** Return the trip and the point of it nearest to a place of the drawing, within some pixels. */
  nearest(px, py, reach = 22) {
    let best = null;
    this.shown.data.veiculos.forEach((trip, number) => {
      for (const point of trip.pontos) {
        const away = Math.hypot(this.x(point[0]) - px, this.y(point[1]) - py);
        if (away < reach && (!best || away < best.away)) best = { number, trip, point, away };
      }
    });
    return best;
  }

  /** Mark a trip under the pointer. */
  mark(svg, found) {
    const over = svg.querySelector(".over");
    over.replaceChildren();
    if (!found) return;
    const stroke = svg.querySelector(`[data-trip="${found.number}"]`).cloneNode();
    stroke.setAttribute("stroke", token("ink"));
    stroke.setAttribute("stroke-width", "3");
    stroke.setAttribute("fill", "none");
    stroke.setAttribute("clip-path", "url(#plot)");
    stroke.removeAttribute("data-trip");
    over.append(stroke, s("circle", { cx: this.x(found.point[0]), cy: this.y(found.point[1]), r: 5, fill: token("ink"), stroke: token("surface"), "stroke-width": 2 }));
  }
}

/** Return the words for a point of a trip. */
export function pointWords({ trip, point }, stations) {
  const near = stations.reduce((best, station) => (!best || Math.abs(station.distancia_m - point[1]) < Math.abs(best.distancia_m - point[1]) ? station : best), null);
  return t("diagram.hover", { bus: trip.codigo, time: clock(point[0] * 1000, true), place: near?.nome ?? distance(point[1]), speed: `${number(point[2] ?? 0)} km/h` });
}
