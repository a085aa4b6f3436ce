// Small charts: a curve over time, a sparkline. Each has a text alternative.
import { h, s } from "./dom.js";
import { clock, number } from "./format.js";

/** Return round ticks from 0 to a top, about four. */
function ticksTo(top) {
  const step = [5, 10, 20, 25, 50, 100, 200, 500].find((size) => top / size <= 4.5) ?? 1000;
  return Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => i * step);
}

/** Return a curve over time: points are [ms, value or null]; broken where a value is missing or after `gap` ms. */
export function timeCurve({ points, from, to, width = 340, height = 130, label, unit = "", gap = 300000, top = 0, caption }) {
  const left = 30;
  const bottom = 18;
  const high = Math.max(top, ...points.map(([, value]) => value ?? 0)) * 1.06 || 1;
  const x = (moment) => left + ((moment - from) / (to - from)) * (width - left - 4);
  const y = (value) => 6 + (1 - value / high) * (height - bottom - 6);
  const pieces = [];
  let last = null;
  for (const [moment, value] of points) {
    if (value === null) last = null;
    else {
      if (last === null || moment - last > gap) pieces.push([]);
      pieces.at(-1).push([x(moment), y(value)]);
      last = moment;
    }
  }
  const path = (piece) => `M${piece.map(([px, py]) => `${px.toFixed(1)} ${py.toFixed(1)}`).join("L")}`;
  const grid = ticksTo(high).map((value) => [s("line", { class: "grid", x1: left, x2: width, y1: y(value), y2: y(value) }), s("text", { x: left - 5, y: y(value) + 4, "text-anchor": "end" }, number(value))]);
  const step = (to - from) / 4;
  const times = [0, 1, 2, 3, 4].map((i) => s("text", { x: x(from + i * step), y: height - 3, "text-anchor": i === 0 ? "start" : i === 4 ? "end" : "middle" }, clock(from + i * step)));
  const mark = s("g", { class: "mark", visibility: "hidden" }, s("line", { class: "axis", y1: 4, y2: height - bottom }), s("circle", { r: 3.5, class: "point" }));
  const read = h("output", { class: "read small muted" }, caption ?? "");
  const chart = s("svg", { class: "chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label }, grid,
    pieces.map((piece) => [
      s("path", { class: "wash", d: `${path(piece)}L${piece.at(-1)[0].toFixed(1)} ${y(0)}L${piece[0][0].toFixed(1)} ${y(0)}Z` }),
      s("path", { class: "curve", d: path(piece) }),
    ]), times, mark);
  const known = points.filter(([, value]) => value !== null);
  chart.addEventListener("pointermove", (event) => {
    const box = chart.getBoundingClientRect();
    const moment = from + (((event.clientX - box.left) / box.width) * width - left) / (width - left - 4) * (to - from);
    const near = known.reduce((best, point) => (!best || Math.abs(point[0] - moment) < Math.abs(best[0] - moment) ? point : best), null);
    if (!near) return;
    mark.setAttribute("visibility", "visible");
    mark.setAttribute("transform", `translate(${x(near[0])} 0)`);
    mark.lastChild.setAttribute("cy", y(near[1]));
    read.textContent = `${clock(near[0], true)} · ${number(near[1], near[1] < 10 ? 1 : 0)}${unit}`;
  });
  chart.addEventListener("pointerleave", () => { mark.setAttribute("visibility", "hidden"); read.textContent = caption ?? ""; });
  return h("figure", { class: "figure" }, chart, read);
}

/** Return a sparkline of values (null: unknown); the last point is marked. */
export function sparkline(values, label, color) {
  const [width, height] = [96, 26];
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.length < 2) return h("span", { class: "muted" }, "–");
  const top = Math.max(...known, 1);
  const x = (i) => 2 + (i / (values.length - 1)) * (width - 8);
  const y = (value) => height - 3 - (value / top) * (height - 7);
  const points = values.map((value, i) => (value === null || value === undefined ? null : `${x(i).toFixed(1)} ${y(value).toFixed(1)}`)).filter(Boolean);
  return s("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
    s("path", { d: `M${points.join("L")}`, fill: "none", stroke: color, "stroke-width": 1.6, "stroke-linejoin": "round" }),
    s("line", { x1: 2, x2: width - 6, y1: height - 2.5, y2: height - 2.5, class: "grid" }),
    s("circle", { cx: x(values.length - 1), cy: y(known.at(-1)), r: 2.4, fill: color }));
}
