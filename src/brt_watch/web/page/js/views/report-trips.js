// The trips of a line and direction, as the mart `viagens` has them: when each left and arrived, how long it took.
import { fill, h, s, segments } from "../dom.js";
import { age, clock, number, percent, rioDay } from "../format.js";
import { t } from "../i18n.js";
import { median, quantile } from "../quantiles.js";
import { address, here } from "../route.js";
import { toward } from "./badge.js";
import { reportView, table } from "./reports.js";
import { tableSvg } from "./save.js";

const KINDS = ["completa", "parcial"];

const { enter } = reportView("viagens", (report) => {
  const list = h("div");
  const chosen = () => (KINDS.includes(here().params.get("tipo")) ? here().params.get("tipo") : "");
  const kind = segments(t("trips.kind"), [["", t("trips.all")], ...KINDS.map((name) => [name, t(`trips.${name}`)])], chosen(), (tipo) => report.set({ tipo }));
  const bus = h("input", { class: "field", type: "search", id: "report-bus", size: 9, maxlength: 200, onchange: () => report.set({ onibus: bus.value.trim() || null }) });
  let trips = [];
  let shown = [];

  function draw(data) {
    trips = (data.model?.viagens ?? []).map(asTrip).reverse();
    if (document.activeElement !== bus) bus.value = report.bus ?? "";
    // A bus may have run on several lines, whose durations do not compare.
    const complete = report.bus ? [] : trips.filter((trip) => trip.kind === "completa");
    const seconds = complete.map((trip) => trip.seconds);
    const middle = median(seconds);
    const count = (name) => number(trips.filter((trip) => trip.kind === name).length);
    const values = { complete: count("completa"), partial: count("parcial") };
    report.lede.textContent = data.partial ? report.coverage() : `${t(middle === null ? "trips.few" : "trips.lede", { ...values, p50: age(middle), p10: age(quantile(seconds, 0.1)), p90: age(quantile(seconds, 0.9)) })} ${report.coverage()} ${report.modelWords()}`;
    kind.press(chosen());
    shown = trips.filter((trip) => !chosen() || trip.kind === chosen());
    const longest = Math.max(1, ...shown.map((trip) => trip.seconds));
    fill(list, shown.length ? table(t("report.viagens"), [report.bus ? [t("list.line")] : [t("list.bus")], [t("trips.left")], [t("trips.came")], [t("trips.duration"), true], [t("trips.state")], [t("diagram.covered"), true], [t("diagram.mean"), true], [middle === null ? "" : t("trips.of", { age: age(middle) })]],
      shown.map((trip) => [
        h("a", { href: address("diagrama", { linha: trip.linha, sentido: trip.sentido, onibus: trip.codigo, horas: "2", ate: shortlyAfter(trip.to, report) }) }, report.bus ? lineWords(trip) : trip.codigo), clock(trip.from * 1000, true), clock(trip.to * 1000, true),
        age(trip.seconds), [stateWords(trip), trip.confidence ? `, ${t("trips.confidence", { level: t(`level.${trip.confidence}`) })}` : ""], percent(Math.min(1, trip.share)), trip.kmh === null ? "–" : `${number(trip.kmh)} km/h`, bar(trip.seconds / longest, middle === null ? null : middle / longest, trip.kind),
      ])) : h("p", { class: "muted" }, t("trips.none")), h("p", { class: "muted small note" }, t("trips.note")));
  }

  const iso = (second) => new Date(second * 1000).toISOString();
  return {
    element: list, draw, controls: [h("div", {}, h("span", { class: "label" }, t("trips.kind")), kind), h("label", { class: "inline" }, h("span", { class: "label" }, t("trips.bus")), bus)],
    drawing: () => tableSvg([t(report.bus ? "list.line" : "list.bus"), t("trips.left"), t("trips.came"), t("trips.duration"), t("diagram.covered"), t("trips.state")], shown.slice(0, 60).map((trip) => [report.bus ? lineWords(trip) : trip.codigo, clock(trip.from * 1000, true), clock(trip.to * 1000, true), age(trip.seconds), percent(trip.share), stateWords(trip)])),
    rows: () => shown.map((trip) => ({ linha: trip.linha, sentido: trip.sentido, onibus: trip.codigo, inicio: iso(trip.from), fim: iso(trip.to), duracao_s: Math.round(trip.seconds), metros: Math.round(trip.metres), trecho_observado: Number(Math.min(1, trip.share).toFixed(3)), situacao: trip.kind, motivo_inicio: trip.began, motivo_fim: trip.ended, confianca: trip.confidence ?? null })),
  };
});

export { enter };

/** Return a row of the mart as the table shows it. */
function asTrip({ codigo, linha, sentido, partida, chegada, distancia_km, velocidade_media_kmh, cobertura, tipo, confianca, motivo_inicio, motivo_fim }) {
  const [from, to] = [partida, chegada].map((moment) => Date.parse(moment) / 1000);
  return { codigo, linha, sentido, from, to, seconds: to - from, metres: distancia_km * 1000, share: cobertura, kmh: velocidade_media_kmh, kind: tipo === "parcial" ? "parcial" : "completa", confidence: confianca, began: motivo_inicio, ended: motivo_fim };
}

const lineWords = ({ linha, sentido }) => `${linha} · ${toward(linha, sentido)}`;

/** Return the end of two hours of a diagram that hold the end of a trip (s), as an address has it. */
function shortlyAfter(second, report) {
  const end = (Math.ceil(second / 60) + 15) * 60000;
  return end > report.data.end ? report.minute() : `${rioDay(end)}T${clock(end)}`;
}

/** Return what a trip is, and why a partial one is partial. */
function stateWords({ kind, began, ended }) {
  const why = [began, ended].find((reason) => reason && reason !== "terminal");
  return t(`trips.one.${kind}`) + (kind === "parcial" && why ? ` (${t(`trips.why.${why}`)})` : "");
}

/** A duration as a bar, with the median as a tick. */
function bar(share, middle, kind) {
  return s("svg", { class: "trip-bar", viewBox: "0 0 120 14", width: 120, height: 14, "aria-hidden": "true" },
    s("rect", { x: 0, y: 4, width: 118 * share, height: 6, class: kind }), middle !== null && s("line", { x1: 118 * middle, x2: 118 * middle, y1: 0, y2: 14, class: "axis" }));
}
