// The way of a line as a map without a ground, its stretches between stations coloured by speed.
import { s } from "../dom.js";
import { t } from "../i18n.js";
import { pathOf, short } from "../network.js";
import { token } from "../theme.js";
import { FONT } from "./save.js";

const [HIGHEST, LOWEST, SIDE, NAMES] = [460, 150, 30, 100];
const LETTER = 6.2;

/** Return the map. `stretches` have start and metres, `paint(stretch)` gives the stroke, `words(stretch)` the text of one. */
export function speedMap({ width, linha, sentido, stops, stretches, paint, words, over }) {
  const path = pathOf(linha, sentido);
  const [left, right, top, bottom] = [Math.min(...path.x), Math.max(...path.x), Math.min(...path.y), Math.max(...path.y)];
  const scale = Math.min((width - 2 * SIDE - Math.min(NAMES, width / 5)) / (right - left || 1e-9), (HIGHEST - 2 * SIDE) / (bottom - top || 1e-9));
  const height = Math.max(LOWEST, (bottom - top) * scale + 2 * SIDE);
  const indent = (width - (right - left) * scale) / 2;
  const lower = (height - (bottom - top) * scale) / 2;
  const at = (x, y) => [indent + (x - left) * scale, lower + (y - top) * scale];
  const place = (metres) => {
    const out = [0, 0, 0];
    path.place(metres, out);
    return at(out[0], out[1]);
  };
  const points = ({ start, metres }) => {
    const inner = [...path.metres.keys()].filter((i) => path.metres[i] > start && path.metres[i] < start + metres).map((i) => at(path.x[i], path.y[i]));
    return [place(start), ...inner, place(start + metres)].map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  };
  return s("svg", { class: "speed-map", viewBox: `0 0 ${width} ${height.toFixed(0)}`, width, height: height.toFixed(0), "font-family": FONT, "font-size": 11, role: "img", "aria-label": t("speed.map") },
    stretches.map((one, i) => s("polyline", { class: "way", "data-stretch": i, points: points(one), fill: "none", "stroke-width": 8, "stroke-linecap": "butt", "stroke-linejoin": "round", ...paint(one), onpointerenter: () => over(i) }, s("title", {}, words(one)))),
    stops.map((stop) => {
      const [x, y] = place(stop.distancia_m);
      return s("circle", { cx: x, cy: y, r: 3, fill: token("surface"), stroke: token("ink"), "stroke-width": 1.2, "pointer-events": "none" }, s("title", {}, stop.nome));
    }),
    labels(stops, place, stretches.flatMap((one) => along(one).map(place)), width, height));
}

/** Return some distances along a stretch. */
const along = ({ start, metres }) => Array.from({ length: 12 }, (_, i) => start + (metres * (i + 0.5)) / 12);

/** Return the names that find room beside the way, those of both ends first. */
function labels(stops, place, way, width, height) {
  const taken = way.map(([x, y]) => [x - 4, y - 4, x + 4, y + 4]).concat(stops.map((stop) => {
    const [x, y] = place(stop.distancia_m);
    return [x - 5, y - 5, x + 5, y + 5];
  }));
  const apart = (box) => taken.every(([left, top, right, bottom]) => box[2] < left || box[0] > right || box[3] < top || box[1] > bottom);
  return [stops[0], stops.at(-1), ...stops.slice(1, -1)].map((stop) => {
    const [x, y] = place(stop.distancia_m);
    const text = short(stop.nome);
    const wide = text.length * LETTER;
    for (const [anchor, dx, dy] of [["start", 9, 4], ["end", -9, 4], ["middle", 0, -11], ["middle", 0, 19]]) {
      const from = x + dx - (anchor === "end" ? wide : anchor === "middle" ? wide / 2 : 0);
      const box = [from, y + dy - 10, from + wide, y + dy + 3];
      if (box[0] < 2 || box[2] > width - 2 || box[1] < 2 || box[3] > height - 2 || !apart(box)) continue;
      taken.push(box);
      return s("text", { x: x + dx, y: y + dy, "text-anchor": anchor, fill: token("ink") }, text);
    }
    return null;
  });
}
