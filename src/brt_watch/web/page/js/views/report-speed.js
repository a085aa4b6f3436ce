// Speed by stretch between stations, as the mart `velocidade_trecho` has it: where and when the line is slow.
import { fill, h, icon, s } from "../dom.js";
import { age, clock, number } from "../format.js";
import { t } from "../i18n.js";
import { cut, limits, short } from "../network.js";
import { median } from "../quantiles.js";
import { amend, here } from "../route.js";
import { token } from "../theme.js";
import { hourStart, reportView, table } from "./reports.js";
import { FONT } from "./save.js";
import { speedMap } from "./speed-map.js";

const HOUR = 3600000;
const TOP_KMH = 60;

/** From slow to fast, safe for colour-blind eyes (a part of viridis and plasma). */
const COLORS = ["#7a0403", "#c42503", "#f1741c", "#e1c431", "#9fcf52", "#3b9a8f", "#30648e"];
const BAND = 8;
const colorOf = (kmh) => COLORS[Math.min(COLORS.length - 1, Math.floor(kmh / BAND))];
const TURN_EVERY = 1500;
const NARROWEST = 640;

/** Return how wide a drawing can be here. */
const roomOf = (place) => Math.min(1100, place.clientWidth || 1100);

const { enter } = reportView("velocidade", (report) => {
  const [map, strip, list] = [h("div"), h("div"), h("div")];
  const read = h("output", { class: "small muted read" });
  const play = h("button", { class: "button icon", type: "button", onclick: () => (playing ? pause() : start()) });
  let playing = null;
  const slider = h("input", { type: "range", min: 0, max: 0, step: 1, value: 0, id: "report-hour", oninput: () => { pause(); turn(slider.value); } });
  const moment = h("output", { class: "nowrap" });
  let data = null;
  let [rows, hours] = [[], []];
  let shown = [];
  let svg = null;

  function draw(next) {
    data = next;
    rows = data.model?.trechos ?? [];
    hours = [...new Set(rows.map(hourStart))].sort((a, b) => a - b);
    slider.max = String(Math.max(0, hours.length - 1));
    // The newest hour that is derived whole, where the address names none.
    const whole = data.model ? hours.findLastIndex((hour) => hour + HOUR <= data.model.until * 1000) : -1;
    slider.value = here().params.get("hora") ?? (whole < 0 ? slider.max : whole);
    show();
  }

  function turn(hour) {
    slider.value = hour;
    amend({ hora: slider.value });
    show();
  }

  /** Show one hour after another; the view that is left stops it. */
  function start() {
    playing = setInterval(() => (slider.isConnected ? turn(slider.value === slider.max ? 0 : Number(slider.value) + 1) : pause()), TURN_EVERY);
    sayPlay();
  }

  function pause() {
    clearInterval(playing);
    playing = null;
    sayPlay();
  }

  function sayPlay() {
    const words = t(playing ? "play.pause" : "speed.play");
    fill(play, icon(playing ? "pause" : "play"));
    play.setAttribute("aria-label", words);
    play.title = words;
  }

  /** Read out a stretch, and mark it in both drawings. */
  function over(i) {
    read.textContent = wordsOf(shown[i]);
    for (const one of element.querySelectorAll("[data-stretch]")) one.classList.toggle("marked", one.dataset.stretch === String(i));
  }

  const paint = (one) => ({ stroke: one.p50 === null ? token("rule-strong") : colorOf(one.p50), "stroke-dasharray": one.p50 !== null && one.p50 < 10 ? "5 2" : null });

  function show() {
    const from = hours[Number(slider.value)] ?? null;
    const to = from === null ? null : from + HOUR;
    moment.textContent = from === null ? t("nodata") : `${clock(from)}–${clock(to)}`;
    slider.setAttribute("aria-valuetext", moment.textContent);
    shown = data.stops.slice(1).map((after, i) => {
      const stop = data.stops[i];
      const all = rows.filter((row) => row.de_estacao_id === stop.estacao_id && row.ate_estacao_id === after.estacao_id);
      const row = all.find((one) => hourStart(one) === from);
      const enough = row && row.passagens >= limits().trecho_minimo_passagens;
      const usual = median(all.map(({ tempo_mediano_segundos }) => tempo_mediano_segundos));
      const usualSpeed = median(all.map(({ velocidade_p50_kmh }) => velocidade_p50_kmh));
      return { name: `${short(stop.nome)} → ${short(after.nome)}`, ids: [stop.estacao_id, after.estacao_id], start: stop.distancia_m, metres: after.distancia_m - stop.distancia_m, count: row?.passagens ?? 0, usual: usualSpeed, p50: enough ? row.velocidade_p50_kmh : null, p20: row?.velocidade_p20_kmh, p80: row?.velocidade_p80_kmh, dwell: enough ? row.parada_mediana_segundos : null, lost: enough ? (row.tempo_mediano_segundos - usual) / 60 : null };
    }).filter(({ metres }) => metres > 0);
    const slowest = shown.filter(({ p50 }) => p50 !== null).sort((a, b) => a.p50 - b.p50)[0];
    report.lede.textContent = [slowest && !data.partial ? t("speed.lede", { from: clock(from), to: clock(to), place: slowest.name, speed: `${number(slowest.p50)} km/h` }) : "", report.coverage(), report.modelWords()].join(" ").trim();
    svg = drawStrip();
    fill(strip, svg);
    fill(map, speedMap({ width: roomOf(map), linha: data.linha, sentido: data.sentido, stops: data.stops, stretches: shown, paint, words: wordsOf, over }));
    read.textContent = t("speed.hint");
    fill(list, table(t("report.velocidade"), [[t("speed.stretch")], [t("speed.p50"), true], [t("speed.range"), true], [t("speed.lost"), true], [t("speed.buses"), true], [t("speed.dwell"), true]],
      shown.map((one) => [one.name, one.p50 === null ? h("span", { class: "muted" }, t(one.count ? "speed.few" : "nodata")) : `${number(one.p50)} km/h`, one.p50 === null ? "–" : `${number(one.p20)}–${number(one.p80)}`, one.lost === null ? "–" : number(Math.round(one.lost * 10) / 10 || 0, 1), number(one.count), age(one.dwell)])),
      h("p", { class: "muted small note" }, t("speed.note", { count: limits().trecho_minimo_passagens })));
  }

  function drawStrip() {
    const [width, height, left, bottom] = [Math.max(NARROWEST, roomOf(strip)), 264, 40, 106];
    const x = (metres) => left + (metres / data.length) * (width - left - 10);
    const y = (kmh) => 8 + (1 - Math.min(1, kmh / TOP_KMH)) * (height - bottom - 8);
    const named = [];
    for (const stop of data.stops) {
      const at = x(stop.distancia_m);
      if (at - (named.at(-1)?.[0] ?? -99) >= 15 && at <= width - 60) named.push([at, stop]);
    }
    return s("svg", { class: "wide-chart", viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT, "font-size": 11, role: "img", "aria-label": t("speed.words") },
      s("defs", {}, s("pattern", { id: "slow", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect", { width: 6, height: 6, fill: COLORS[0] }), s("line", { y2: 6, stroke: "#fff", "stroke-width": 1.5 }))),
      [0, 20, 40, 60].map((kmh) => [s("line", { x1: left, x2: width - 10, y1: y(kmh), y2: y(kmh), stroke: token("rule") }), s("text", { x: left - 6, y: y(kmh) + 4, "text-anchor": "end", fill: token("soft") }, kmh)]),
      shown.map((one, i) => s("rect", { class: "stretch", "data-stretch": i, onpointerenter: () => over(i), x: x(one.start) + 0.5, width: Math.max(1, x(one.start + one.metres) - x(one.start) - 1), y: one.p50 === null ? y(3) : y(one.p50), height: y(0) - (one.p50 === null ? y(3) : y(one.p50)), fill: one.p50 === null ? token("rule-strong") : one.p50 < 10 ? "url(#slow)" : colorOf(one.p50) }, s("title", {}, wordsOf(one)))),
      s("text", { x: left, y: 9, fill: token("soft") }, "km/h"),
      named.map(([at, stop]) => s("text", { transform: `translate(${at + 4} ${height - bottom + 14}) rotate(50)`, fill: token("ink") }, cut(short(stop.nome), 20))));
  }

  const key = (i) => h("li", {}, h("i", { class: "cell", "--cell": COLORS[i] }), i === COLORS.length - 1 ? t("speed.key.last", { low: i * BAND }) : `${i * BAND}–${(i + 1) * BAND}`);
  const scroll = (words, inner) => h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words }, inner);
  const element = h("div", {},
    h("ul", { class: "keys-row" }, COLORS.map((_, i) => key(i)), h("li", {}, h("i", { class: "cell", "--cell": "var(--rule-strong)" }), t("speed.few"))),
    scroll(t("speed.map"), map), read, scroll(t("speed.words"), strip), list);
  sayPlay();

  return {
    element, draw,
    controls: [h("label", { class: "inline" }, h("span", { class: "label" }, t("speed.slider"), " ", moment), slider), play],
    drawing: () => svg,
    rows: () => shown.map((one) => ({ linha: report.linha, sentido: report.sentido, de: one.ids[0], ate: one.ids[1], metros: Math.round(one.metres), onibus: one.count, p20_kmh: one.p50 === null ? null : one.p20.toFixed(1), p50_kmh: one.p50?.toFixed(1), p80_kmh: one.p50 === null ? null : one.p80.toFixed(1), parada_s: one.dwell })),
  };
});

export { enter };

/** Return what is known of a stretch in words. */
function wordsOf({ name, count, p50, usual }) {
  if (p50 === null) return `${name}: ${t(count ? "speed.few" : "nodata")}`;
  return t("speed.stretch.words", { name, speed: number(p50), usual: number(usual), count });
}
