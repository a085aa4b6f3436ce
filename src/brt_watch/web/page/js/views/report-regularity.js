// Headways and regularity, as the marts `intervalos` and `regularidade_hora` have them.
import { fill, h, s } from "../dom.js";
import { clock, headwayWords, number, percent, signed } from "../format.js";
import { t } from "../i18n.js";
import { cut, limits, short } from "../network.js";
import { median } from "../quantiles.js";
import { address, here } from "../route.js";
import { token } from "../theme.js";
import { figures, hourStart, reportView, table } from "./reports.js";
import { FONT } from "./save.js";

const QUARTER = 900;

/** Colours from bunched to gapped, distinct for eyes that confuse red and green. */
const COLORS = ["#7b3294", "#c2a5cf", "#e8e6df", "#f0b46c", "#c44e00"];

/** Return where each colour ends, as shares of the planned headway: the thresholds of the models, and one more shade between. */
const colorBounds = () => {
  const { comboio_fracao, comboio_fracao_larga, lacuna_fracao } = limits();
  return [comboio_fracao, comboio_fracao_larga, (1 + lacuna_fracao) / 2, lacuna_fracao, Infinity];
};

/** Return the range of a colour in words. */
function keyWords(i) {
  const bounds = colorBounds();
  const last = i === bounds.length - 1;
  return t(i === 0 ? "reg.key.below" : last ? "reg.key.above" : "reg.key.upto", { bound: number(bounds[last ? i - 1 : i], 2) });
}

const { enter } = reportView("regularidade", (report) => {
  const station = h("select", { class: "field", id: "report-station", onchange: () => report.set({ estacao: station.value }) });
  const [top, heat, list] = Array.from({ length: 3 }, () => h("div"));
  let shown = null;
  const key = h("ul", { class: "keys-row" });
  const read = h("output", { class: "small muted read" });
  const heading = h("h2");
  const element = h("div", {}, top, h("section", { class: "block" }, heading, key, h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("reg.heat") }, heat), read), h("section", { class: "block" }, list));

  function draw(data) {
    const inner = data.stops.slice(0, -1);
    fill(station, inner.map((stop) => h("option", { value: stop.estacao_id }, stop.nome)));
    const wished = here().params.get("estacao");
    const stop = inner.find(({ estacao_id }) => estacao_id === wished) ?? inner[inner.length >> 1] ?? data.stops[0];
    station.value = stop.estacao_id;
    const rows = data.model?.intervalos ?? [];
    const hours = data.model?.horas ?? [];
    const all = rows.filter(({ estacao_id }) => estacao_id === stop.estacao_id);
    const known = all.filter((row) => !row.flag_desconhecido);
    const bunched = known.filter((row) => row.flag_comboio_fracao).length;
    const compared = known.filter((row) => row.flag_comboio_fracao !== null).length;
    const planned = all.at(-1)?.intervalo_previsto_segundos ?? null;
    // On days without a plan the colours compare with what was usual in the period.
    const usual = rows.some((row) => row.intervalo_previsto_segundos) ? null : median(rows.filter((row) => !row.flag_desconhecido).map((row) => row.intervalo_segundos));
    const lost = all.length - known.length;
    const last = hours.at(-1);
    const open = last && { low: headwayWords(last.espera_minima_segundos), high: headwayWords(last.espera_maxima_segundos) };
    report.lede.textContent = [report.coverage(), report.modelWords(), lost ? `${t("reg.unknown", { count: lost })}.` : ""].filter(Boolean).join(" ");
    fill(top, figures([
      [t("reg.median"), known.length ? headwayWords(median(known.map((row) => row.intervalo_segundos))) : t("nodata"), planned ? t("reg.planned", { age: headwayWords(planned) }) : t("control.noplan")],
      [t("reg.wait"), headwayWordsOr(last?.espera_segundos), last ? t("reg.between", { hour: hourWords(last), ...open }) : ""],
      [t("reg.excess"), last ? signed(last.espera_excedente_segundos) : t("nodata"), excessNote(last)],
      [t("reg.bunched"), compared ? percent(bunched / compared) : t("nodata"), t("reg.bunched.note", { count: number(bunched), all: number(compared) })],
    ]));
    shown = { data, stop, all, svg: heatMap(data, rows, usual, inner, read, heat.clientWidth || 900) };
    heading.textContent = usual ? t("reg.heat.usual", { age: headwayWords(usual) }) : t("reg.heat");
    fill(heat, shown.svg);
    fill(key, COLORS.map((color, i) => h("li", {}, h("i", { "--cell": color, class: "cell" }), keyWords(i))), h("li", {}, h("i", { class: "cell hatched" }), t(data.away ? "away.short" : "reg.key.lost")), h("li", {}, h("i", { class: "cell blank" }), t(usual ? "reg.key.empty" : "reg.key.none")));
    fill(list, h("h2", {}, t("reg.hours")), table(t("reg.hours"), [[t("plan.hour")], [t("reg.wait"), true], [t("reg.open"), true], [t("reg.scheduled"), true], [t("reg.excess"), true], [t("reg.bunched"), true]],
      [...hours].reverse().map((row) => [hourWords(row), headwayWords(row.espera_segundos), `${headwayWords(row.espera_minima_segundos)} – ${headwayWords(row.espera_maxima_segundos)}`, headwayWords(row.espera_prevista_segundos), signed(row.espera_excedente_segundos), percent(row.fracao_comboio)])),
      h("p", { class: "muted small note" }, t("reg.note")),
      h("h2", {}, t("reg.table", { name: stop.nome })), table(t("reg.table", { name: stop.nome }), [[t("reg.at")], [t("list.bus")], [t("control.headway"), true], [t("control.planned"), true], [t("reg.previous")]],
        [...all].reverse().map((row) => [h("a", { href: address("reproducao", { t: row.partida.slice(0, 19) + "Z" }) }, clock(row.partida, true)), row.codigo, row.flag_desconhecido ? t("reg.key.lost") : headwayWords(row.intervalo_segundos), headwayWords(row.intervalo_previsto_segundos), before(row)])));
  }

  return {
    element, draw, controls: h("label", { class: "inline" }, h("span", { class: "label" }, t("report.station")), station),
    drawing: () => shown?.svg,
    rows: () => shown.all.map((row) => ({ linha: row.linha, sentido: row.sentido, estacao: row.estacao_id, passagem: row.partida, onibus: row.codigo, onibus_anterior: before(row), intervalo_s: row.flag_desconhecido ? null : Math.round(row.intervalo_segundos), intervalo_planejado_s: row.intervalo_previsto_segundos, comboio: row.flag_comboio_fracao, lacuna: row.flag_lacuna })),
  };
});

export { enter };

const iso = (second) => `${new Date(second * 1000).toISOString().slice(0, 19)}Z`;
const headwayWordsOr = (seconds) => (seconds === null || seconds === undefined ? t("nodata") : headwayWords(seconds));
const hourWords = (row) => `${clock(hourStart(row)).slice(0, 2)}h`;

/** Return the vehicle of the trip before, which is the beginning of its name. */
const before = ({ id_viagem_anterior }) => (id_viagem_anterior ?? "").replace(/-\d+-[^-]*$/, "");

/** Return the interval of the excess wait that missing polls leave open, beside what the plan promises. */
function excessNote(row) {
  if (!row || row.espera_prevista_segundos === null) return "";
  const [low, high] = [row.espera_minima_segundos, row.espera_maxima_segundos].map((wait) => signed(wait - row.espera_prevista_segundos));
  return t("reg.excess.note", { low, high, planned: headwayWords(row.espera_prevista_segundos) });
}

/** Return the heat map: a row per station, a column per quarter hour; without a plan, beside the usual headway (s). */
function heatMap(data, rows, usual, stops, read, room) {
  const first = Math.floor(data.from / 1000 / QUARTER) * QUARTER;
  const columns = Math.ceil((data.end / 1000 - first) / QUARTER);
  const [left, top, row] = [150, 22, 15];
  const cell = Math.max(8, Math.min(34, (Math.min(900, room) - left - 8) / columns));
  const [width, height] = [left + columns * cell + 8, top + stops.length * row + 6];
  const bounds = colorBounds();
  const holes = data.gaps.map(({ de, ate }) => [Date.parse(de) / 1000, Date.parse(ate) / 1000]);
  const lost = (from) => holes.reduce((all, [begin, end]) => all + Math.max(0, Math.min(from + QUARTER, end) - Math.max(from, begin)), 0) > QUARTER / 2;
  const svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT, "font-size": 11, role: "img", "aria-label": t(usual ? "reg.heat.usual.words" : "reg.heat.words") },
    s("defs", {}, s("pattern", { id: "uncaptured", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect", { width: 6, height: 6, fill: token("sunken") }), s("line", { y2: 6, stroke: token("rule-strong"), "stroke-width": 2 }))));
  for (let column = 0; column < columns; column++) {
    const at = first + column * QUARTER;
    if (at % 3600 === 0) svg.append(s("text", { x: left + column * cell, y: 14, fill: token("soft") }, clock(at * 1000)));
  }
  stops.forEach((stop, place) => {
    const y = top + place * row;
    svg.append(s("text", { x: left - 8, y: y + 11, "text-anchor": "end", fill: token("ink") }, cut(short(stop.nome), 24)));
    const all = rows.filter((row) => row.estacao_id === stop.estacao_id && !row.flag_desconhecido);
    for (let column = 0; column < columns; column++) {
      const from = first + column * QUARTER;
      const here = all.filter((row) => Date.parse(row.partida) / 1000 >= from && Date.parse(row.partida) / 1000 < from + QUARTER);
      const observed = median(here.map((row) => row.intervalo_segundos));
      const ratio = median(here.map((row) => row.intervalo_segundos / (row.intervalo_previsto_segundos ?? usual ?? NaN)).filter(Number.isFinite));
      const uncaptured = lost(from);
      const values = { place: stop.nome, time: clock(from * 1000), age: headwayWords(observed), ratio: percent(ratio ?? 0), count: here.length };
      const said = t(uncaptured ? (data.away ? "reg.cell.away" : "reg.cell.lost") : observed === null ? "reg.cell.none" : ratio === null ? "reg.cell.plain" : usual ? "reg.cell.usual" : "reg.cell", values);
      svg.append(s("rect", {
        class: "heat", x: left + column * cell, y, width: cell - 1, height: row - 2, stroke: token("rule"), "stroke-width": 0.4,
        fill: uncaptured ? "url(#uncaptured)" : ratio === null ? token("surface") : COLORS[bounds.findIndex((bound) => ratio < bound)],
        onpointerenter: () => { read.textContent = said; }, onclick: () => { location.hash = address("reproducao", { t: iso(from) }); },
      }, s("title", {}, said)));
    }
  });
  return svg;
}
