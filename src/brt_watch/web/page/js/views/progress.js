// The route of a line as a strip: its stations, and the bus on it.
import { lineColor } from "../colors.js";
import { h, s } from "../dom.js";
import { distance, number } from "../format.js";
import { t } from "../i18n.js";
import { destination, network, pathOf } from "../network.js";
import { stopsOf } from "../stops.js";

/** Return the strip of a bus on its route, or a sentence for one that is off it. */
export function progressStrip(vehicle, direction) {
  const path = pathOf(vehicle.linha, direction);
  const whole = vehicle.comprimento_m ?? path?.length;
  if (vehicle.progresso_m === null || !whole) return h("p", { class: "muted small" }, t("progress.none"));
  const share = Math.min(1, Math.max(0, vehicle.progresso_m / whole));
  const color = lineColor(network.lines.get(vehicle.linha)?.cor);
  const [width, left] = [340, 7];
  const x = (part) => left + part * (width - 2 * left);
  const line = network.lines.get(vehicle.linha);
  const start = line && (direction === "ida" ? line.extremo_a : line.extremo_b);
  return [
    h("h2", { class: "label" }, t("progress.title", { share: number(share * 100), done: distance(vehicle.progresso_m), whole: distance(whole) })),
    s("svg", { class: "chart strip", viewBox: `0 0 ${width} 26`, role: "img", "aria-label": t("progress.words", { share: number(share * 100), end: destination(vehicle.linha, direction) ?? "" }) },
      s("line", { x1: x(0), x2: x(1), y1: 13, y2: 13, class: "rail" }),
      s("line", { x1: x(0), x2: x(share), y1: 13, y2: 13, stroke: color, "stroke-width": 5, "stroke-linecap": "round" }),
      stopsOf(vehicle.linha, direction).map(({ distancia_m }) => distancia_m / whole).map((part) => s("circle", { cx: x(part), cy: 13, r: 2.6, class: "stop" })),
      s("path", { d: `M${x(share) - 7} 4h8l6 9-6 9h-8z`, fill: color, class: "here" })),
    h("div", { class: "row small muted" }, h("span", {}, start ?? ""), h("span", {}, destination(vehicle.linha, direction) ?? "")),
  ];
}
