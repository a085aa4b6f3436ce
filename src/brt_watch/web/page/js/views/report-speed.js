// Speed by stretch between stations, as the mart `velocidade_trecho` has it: where and when the line is slow.
import { get } from "../api.js";
import { fill, h, icon, s, segments } from "../dom.js";
import { age, clock, number } from "../format.js";
import { t } from "../i18n.js";
import { cut, limits, short } from "../network.js";
import { median } from "../quantiles.js";
import { amend, here } from "../route.js";
import { token } from "../theme.js";
import { hourStart, reportView, table } from "./reports.js";
import { FONT } from "./save.js";
import { speedMap } from "./speed-map.js";
import { MODES, modeOf } from "./speed-modes.js";

const HOUR = 3600000;
const DAY = 24 * HOUR;
/** Days back to what the hour can be compared with; "" is the median of the period. */
const COMPARED = ["", "1", "7"];
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
  const modes = segments(t("speed.mode"), Object.keys(MODES).map((name) => [name, t(`speed.mode.${name}`)]), "velocidade", (modo) => { amend({ modo: modo === "velocidade" ? null : modo }); show(); });
  const compared = h("select", { class: "field", id: "report-compared", onchange: () => { amend({ com: compared.value || null }); compare(); } }, COMPARED.map((days) => h("option", { value: days }, t(`speed.with.${days}`))));
  const keys = h("ul", { class: "keys-row" });
  let data = null;
  let [rows, hours] = [[], []];
  /** The rows of the time to compare with; null until they are known. */
  let before = null;
  let shown = [];
  let svg = null;
  let mode = MODES.velocidade;

  function draw(next) {
    data = next;
    rows = data.model?.trechos ?? [];
    hours = [...new Set(rows.map(hourStart))].sort((a, b) => a - b);
    slider.max = String(Math.max(0, hours.length - 1));
    // The newest hour that is derived whole, where the address names none.
    const whole = data.model ? hours.findLastIndex((hour) => hour + HOUR <= data.model.until * 1000) : -1;
    slider.value = here().params.get("hora") ?? (whole < 0 ? slider.max : whole);
    compare();
  }

  /** Fetch the same hours of the day that the address compares with, and show both. */
  async function compare() {
    if (!report.data) return;
    const wished = here().params.get("com");
    const days = COMPARED.includes(wished) ? wished : "";
    const shownData = data;
    compared.value = days;
    before = null;
    report.problem.hidden = true;
    show();
    if (!days || !data.model) return;
    const [since, until] = [data.from, data.end].map((at) => new Date(at - Number(days) * DAY).toISOString());
    const isStale = () => data !== shownData || compared.value !== days;
    try {
      const { trechos } = await get("speeds", { linha: data.linha, sentido: data.sentido, de: since, ate: until }, report.asking.signal);
      if (isStale()) return;
      before = trechos;
      show();
    } catch (error) {
      if (error.name !== "AbortError" && !isStale()) report.fail(error.message);
    }
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

  /** Return how a stretch is drawn on the map. */
  function paint(one) {
    const value = mode.of(one);
    return { stroke: value === null ? token("rule-strong") : mode.color(value), "stroke-dasharray": value !== null && mode.isBad(value) ? "5 2" : null };
  }

  function show() {
    if (!report.data) return;
    const from = hours[Number(slider.value)] ?? null;
    const to = from === null ? null : from + HOUR;
    moment.textContent = from === null ? t("nodata") : `${clock(from)}–${clock(to)}`;
    slider.setAttribute("aria-valuetext", moment.textContent);
    shown = data.stops.slice(1).map((after, i) => {
      const stop = data.stops[i];
      const isOfStretch = (row) => row.de_estacao_id === stop.estacao_id && row.ate_estacao_id === after.estacao_id;
      const isEnough = (row) => row.passagens >= limits().trecho_minimo_passagens;
      const all = rows.filter(isOfStretch);
      const row = all.find((one) => hourStart(one) === from);
      const enough = row && isEnough(row);
      const others = compared.value ? (before ?? []).filter((one) => isOfStretch(one) && hourStart(one) + Number(compared.value) * DAY === from && isEnough(one)) : all;
      const usual = median(others.map(({ velocidade_p50_kmh }) => velocidade_p50_kmh));
      const usualTime = median(others.map(({ tempo_mediano_segundos }) => tempo_mediano_segundos));
      const isComparable = enough && usual !== null;
      return {
        name: `${short(stop.nome)} → ${short(after.nome)}`, ids: [stop.estacao_id, after.estacao_id], start: stop.distancia_m, metres: after.distancia_m - stop.distancia_m, count: row?.passagens ?? 0, usual,
        p50: enough ? row.velocidade_p50_kmh : null, p20: row?.velocidade_p20_kmh, p80: row?.velocidade_p80_kmh, dwell: enough ? row.parada_mediana_segundos : null,
        change: isComparable ? row.velocidade_p50_kmh - usual : null, lost: isComparable ? (row.tempo_mediano_segundos - usualTime) / 60 : null,
      };
    }).filter(({ metres }) => metres > 0);
    mode = modeOf(here().params.get("modo"));
    modes.press(mode.name);
    const reference = t(`speed.with.${compared.value}`);
    const worst = shown.filter((one) => mode.of(one) !== null).sort((a, b) => mode.order(a) - mode.order(b))[0];
    const lede = worst && !data.partial ? t(mode === MODES.diferenca && Math.round(worst.change) >= 0 ? "speed.lede.even" : `speed.lede.${mode.name}`, { from: clock(from), to: clock(to), place: worst.name, value: mode.words(mode.of(worst)), reference }) : "";
    const nothing = compared.value && before && shown.every(({ change }) => change === null) ? t("speed.with.nothing", { reference }) : "";
    report.lede.textContent = [lede, nothing, report.coverage(), report.modelWords()].join(" ").trim();
    fill(keys, mode.keys().map(([color, words]) => h("li", {}, h("i", { class: "cell", "--cell": color }), words)), h("li", {}, h("i", { class: "cell", "--cell": "var(--rule-strong)" }), t("speed.few")));
    svg = drawStrip();
    fill(strip, svg);
    fill(map, speedMap({ width: roomOf(map), linha: data.linha, sentido: data.sentido, stops: data.stops, stretches: shown, paint, words: wordsOf, over }));
    read.textContent = t("speed.hint");
    fill(list, table(t("report.velocidade"), [[t("speed.stretch")], [t("speed.p50"), true], [t("speed.range"), true], [t("speed.change"), true], [t("speed.lost"), true], [t("speed.buses"), true], [t("speed.dwell"), true]],
      shown.map((one) => [one.name, one.p50 === null ? h("span", { class: "muted" }, t(one.count ? "speed.few" : "nodata")) : `${number(one.p50)} km/h`, one.p50 === null ? "–" : `${number(one.p20)}–${number(one.p80)}`, one.change === null ? "–" : MODES.diferenca.words(one.change), one.lost === null ? "–" : number(Math.round(one.lost * 10) / 10 || 0, 1), number(one.count), age(one.dwell)])),
      h("p", { class: "muted small note" }, t("speed.note", { count: limits().trecho_minimo_passagens, reference })));
  }

  function drawStrip() {
    const [width, height, left, bottom] = [Math.max(NARROWEST, roomOf(strip)), 264, 40, 106];
    const x = (metres) => left + (metres / data.length) * (width - left - 10);
    const [low, high] = [mode.ticks[0], mode.ticks.at(-1)];
    const y = (value) => 16 + (1 - (Math.max(low, Math.min(high, value)) - low) / (high - low)) * (height - bottom - 16);
    const zero = y(0);
    /** Return top and height of a bar; a stretch without a value has a low one. */
    const bar = (one) => {
      const ends = [zero, mode.of(one) === null ? zero - 8 : y(mode.of(one))];
      return { y: Math.min(...ends), height: Math.max(1, Math.abs(ends[0] - ends[1])) };
    };
    const inside = (one) => (mode.of(one) === null ? token("rule-strong") : mode.isBad(mode.of(one)) ? "url(#slow)" : mode.color(mode.of(one)));
    const named = [];
    for (const stop of data.stops) {
      const at = x(stop.distancia_m);
      if (at - (named.at(-1)?.[0] ?? -99) >= 15 && at <= width - 60) named.push([at, stop]);
    }
    return s("svg", { class: "wide-chart", viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT, "font-size": 11, role: "img", "aria-label": t("speed.words") },
      s("defs", {}, s("pattern", { id: "slow", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect", { width: 6, height: 6, fill: mode.worst }), s("line", { y2: 6, stroke: "#fff", "stroke-width": 1.5 }))),
      mode.ticks.map((value) => [s("line", { x1: left, x2: width - 10, y1: y(value), y2: y(value), stroke: token("rule") }), s("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end", fill: token("soft") }, mode.tick(value))]),
      shown.map((one, i) => s("rect", { class: "stretch", "data-stretch": i, onpointerenter: () => over(i), x: x(one.start) + 0.5, width: Math.max(1, x(one.start + one.metres) - x(one.start) - 1), ...bar(one), fill: inside(one) }, s("title", {}, wordsOf(one)))),
      s("text", { x: left, y: 10, fill: token("soft") }, mode.unit),
      named.map(([at, stop]) => s("text", { transform: `translate(${at + 4} ${height - bottom + 14}) rotate(50)`, fill: token("ink") }, cut(short(stop.nome), 20))));
  }

  const scroll = (words, inner) => h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": words }, inner);
  const element = h("div", {},
    keys, scroll(t("speed.map"), map), read, scroll(t("speed.words"), strip), list);
  sayPlay();

  return {
    element, draw,
    controls: [
      h("div", {}, h("span", { class: "label" }, t("speed.mode")), modes),
      h("label", { class: "inline" }, h("span", { class: "label" }, t("speed.with")), compared),
      h("label", { class: "inline" }, h("span", { class: "label" }, t("speed.slider"), " ", moment), slider), play,
    ],
    drawing: () => svg,
    rows: () => shown.map((one) => ({ linha: report.linha, sentido: report.sentido, de: one.ids[0], ate: one.ids[1], metros: Math.round(one.metres), onibus: one.count, p20_kmh: one.p50 === null ? null : one.p20.toFixed(1), p50_kmh: one.p50?.toFixed(1), p80_kmh: one.p50 === null ? null : one.p80.toFixed(1), parada_s: one.dwell, referencia_kmh: one.usual?.toFixed(1), diferenca_kmh: one.change?.toFixed(1) })),
  };
});

export { enter };

/** Return what is known of a stretch in words. */
function wordsOf({ name, count, p50, usual, dwell }) {
  if (p50 === null) return `${name}: ${t(count ? "speed.few" : "nodata")}`;
  const parts = [t("speed.stretch.words", { name, speed: number(p50), count })];
  if (usual !== null) parts.push(t("speed.stretch.usual", { usual: number(usual) }));
  if (dwell !== null) parts.push(t("speed.stretch.dwell", { seconds: number(dwell) }));
  return parts.join(" · ");
}
