// Headways and regularity: how evenly the buses of a line pass its stations, against the plan.
import { fill, h, s } from "../dom.js";
import { clock, headwayWords, number } from "../format.js";
import { t } from "../i18n.js";
import { short } from "../network.js";
import { BUNCHED, headways, marksOf, median, passagesOf, waits } from "../passages.js";
import { address, here } from "../route.js";
import { plannedHeadway } from "../stops.js";
import { token } from "../theme.js";
import { figures, reportView, table } from "./reports.js";
import { FONT } from "./save.js";

const QUARTER = 900;
const BOUNDS = [BUNCHED, 0.75, 1.25, 1.5, Infinity];

/** Colours from bunched to gapped, distinct for eyes that confuse red and green. */
const COLORS = ["#7b3294", "#c2a5cf", "#e8e6df", "#f0b46c", "#c44e00"];

const { enter } = reportView("regularidade", (report) => {
  const station = h("select", { class: "field", id: "report-station", onchange: () => report.set({ estacao: station.value }) });
  const [top, heat, list] = Array.from({ length: 3 }, () => h("div"));
  let shown = null;
  const key = h("ul", { class: "keys-row" });
  const read = h("output", { class: "small muted read" });
  const element = h("div", {}, top, h("section", { class: "block" }, h("h2", {}, t("reg.heat")), key, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("reg.heat") }, heat), read), h("section", { class: "block" }, list));

  function draw(data) {
    const inner = data.stops.slice(0, -1);
    fill(station, inner.map((stop) => h("option", { value: stop.estacao_id }, stop.nome)));
    const wished = here().params.get("estacao");
    const stop = inner.find(({ estacao_id }) => estacao_id === wished) ?? inner[inner.length >> 1] ?? data.stops[0];
    station.value = stop.estacao_id;
    const marks = marksOf(data.stops);
    const all = headways(passagesOf(data, stop, marks[data.stops.indexOf(stop)]), data.gaps);
    const known = all.filter((one) => one.known);
    const seconds = known.map((one) => one.seconds);
    const { mean, even } = waits(seconds);
    const bunched = known.filter((one) => isBunched(data, one)).length;
    const planned = plannedHeadway(data.linha, data.end);
    const lost = all.length - known.length;
    report.lede.textContent = [report.coverage(), report.modelWords(), lost ? `${t("reg.unknown", { count: lost })}.` : ""].filter(Boolean).join(" ");
    fill(top, figures([
      [t("reg.median"), seconds.length ? headwayWords(median(seconds)) : t("nodata"), planned ? t("reg.planned", { age: headwayWords(planned) }) : t("control.noplan")],
      [t("reg.wait"), mean === null ? t("nodata") : headwayWords(mean), mean === null ? "" : t("reg.even", { age: headwayWords(even) })],
      [t("reg.bunched"), seconds.length ? `${number((100 * bunched) / seconds.length)} %` : t("nodata"), t("reg.bunched.note", { count: number(bunched), all: number(seconds.length) })],
    ]));
    shown = { data, stop, all, svg: heatMap(data, inner, read) };
    fill(heat, shown.svg);
    fill(key, COLORS.map((color, i) => h("li", {}, h("i", { "--cell": color, class: "cell" }), t(`reg.key.${i}`))), h("li", {}, h("i", { class: "cell hatched" }), t(data.away ? "away.short" : "reg.key.lost")));
    fill(list, h("h2", {}, t("reg.table", { name: stop.nome })), table(t("reg.table", { name: stop.nome }), [[t("reg.at")], [t("list.bus")], [t("control.headway"), true], [t("control.planned"), true], [t("reg.previous")]],
      [...all].reverse().map((one) => [h("a", { href: address("reproducao", { t: iso(one.at) }) }, clock(one.at * 1000, true)), one.codigo, one.known ? headwayWords(one.seconds) : t("reg.key.lost"), words(plannedHeadway(data.linha, one.at * 1000)), one.before])));
  }

  return {
    element, draw, controls: h("label", { class: "inline" }, h("span", { class: "label" }, t("report.station")), station),
    drawing: () => shown?.svg,
    rows: () => shown.all.map((one) => ({ linha: shown.data.linha, sentido: shown.data.sentido, estacao: shown.stop.estacao_id, passagem: iso(one.at), onibus: one.codigo, onibus_anterior: one.before, intervalo_s: one.known ? Math.round(one.seconds) : null, intervalo_planejado_s: plannedHeadway(shown.data.linha, one.at * 1000) })),
  };
});

export { enter };

const words = (planned) => (planned ? headwayWords(planned) : "–");
const iso = (second) => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;

function isBunched(data, { at, seconds }) {
  const planned = plannedHeadway(data.linha, at * 1000);
  return planned !== null && seconds < BUNCHED * planned;
}

/** Return the heat map: a row per station, a column per quarter hour. */
function heatMap(data, stops, read) {
  const first = Math.floor(data.from / 1000 / QUARTER) * QUARTER;
  const columns = Math.ceil((data.end / 1000 - first) / QUARTER);
  const [left, top, row] = [150, 22, 15];
  const cell = Math.max(8, Math.min(34, 900 / columns));
  const [width, height] = [left + columns * cell + 8, top + stops.length * row + 6];
  const marks = marksOf(data.stops);
  const holes = data.gaps.map(({ de, ate }) => [Date.parse(de) / 1000, Date.parse(ate) / 1000]);
  const lost = (from) => holes.reduce((all, [begin, end]) => all + Math.max(0, Math.min(from + QUARTER, end) - Math.max(from, begin)), 0) > QUARTER / 2;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT, "font-size": 11, role: "img", "aria-label": t("reg.heat.words") },
    s("defs", {}, s("pattern", { id: "uncaptured", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect", { width: 6, height: 6, fill: token("sunken") }), s("line", { y2: 6, stroke: token("rule-strong"), "stroke-width": 2 }))));
  for (let column = 0; column < columns; column++) {
    const at = first + column * QUARTER;
    if (at % 3600 === 0) svg.append(s("text", { x: left + column * cell, y: 14, fill: token("soft") }, clock(at * 1000)));
  }
  stops.forEach((stop, number) => {
    const y = top + number * row;
    svg.append(s("text", { x: left - 8, y: y + 11, "text-anchor": "end", fill: token("ink") }, short(stop.nome).slice(0, 24)));
    const all = headways(passagesOf(data, stop, marks[number]), data.gaps).filter((one) => one.known);
    for (let column = 0; column < columns; column++) {
      const from = first + column * QUARTER;
      const here = all.filter((one) => one.at >= from && one.at < from + QUARTER);
      const planned = plannedHeadway(data.linha, (from + QUARTER / 2) * 1000);
      const observed = here.length ? median(here.map((one) => one.seconds)) : null;
      const ratio = observed !== null && planned ? observed / planned : null;
      const uncaptured = lost(from);
      const values = { place: stop.nome, time: clock(from * 1000), age: headwayWords(observed), ratio: `${Math.round((ratio ?? 0) * 100)} %`, count: here.length };
      const said = t(uncaptured ? (data.away ? "reg.cell.away" : "reg.cell.lost") : observed === null ? "reg.cell.none" : ratio === null ? "reg.cell.plain" : "reg.cell", values);
      svg.append(s("rect", {
        class: "heat", x: left + column * cell, y, width: cell - 1, height: row - 2, stroke: token("rule"), "stroke-width": 0.4,
        fill: uncaptured ? "url(#uncaptured)" : ratio === null ? token("surface") : COLORS[BOUNDS.findIndex((bound) => ratio < bound)],
        onpointerenter: () => { read.textContent = said; }, onclick: () => { location.hash = address("reproducao", { t: iso(from) }); },
      }, s("title", {}, said)));
    }
  });
  return svg;
}
