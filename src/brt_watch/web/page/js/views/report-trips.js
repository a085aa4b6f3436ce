// The trips of a line and direction: when each left and arrived, how long it took, how much of it was seen.
import { fill, h, s, segments } from "../dom.js";
import { age, clock, number } from "../format.js";
import { t } from "../i18n.js";
import { median, quantile, tripsIn } from "../passages.js";
import { address, here } from "../route.js";
import { tripsOf } from "./trips.js";
import { reportView, table } from "./reports.js";
import { tableSvg } from "./save.js";

const KINDS = ["completa", "parcial", "andamento"];

const { enter } = reportView("viagens", (report) => {
  const list = h("div");
  const chosen = () => (KINDS.includes(here().params.get("tipo")) ? here().params.get("tipo") : "");
  const kind = segments(t("trips.kind"), [["", t("trips.all")], ...KINDS.map((name) => [name, t(`trips.${name}`)])], chosen(), (tipo) => report.set({ tipo }));
  let trips = [];
  let shown = [];

  function draw(data) {
    trips = tripsIn({ ...data, tracks: tripsOf(data.tracks, data.length).trips });
    const complete = trips.filter((trip) => trip.kind === "completa");
    const seconds = complete.map((trip) => trip.seconds);
    const middle = median(seconds);
    const count = (name) => number(trips.filter((trip) => trip.kind === name).length);
    const values = { complete: count("completa"), partial: count("parcial"), running: count("andamento") };
    report.lede.textContent = data.partial ? report.coverage() : `${t(middle === null ? "trips.few" : "trips.lede", { ...values, p50: age(middle), p10: age(quantile(seconds, 0.1)), p90: age(quantile(seconds, 0.9)) })} ${report.coverage()} ${report.modelWords()}`;
    kind.press(chosen());
    shown = trips.filter((trip) => !chosen() || trip.kind === chosen());
    const longest = Math.max(1, ...shown.map((trip) => trip.seconds));
    fill(list, table(t("report.viagens"), [[t("list.bus")], [t("trips.left")], [t("trips.came")], [t("trips.duration"), true], [t("trips.state")], [t("diagram.covered"), true], [t("diagram.mean"), true], [middle === null ? "" : t("trips.of", { age: age(middle) })]],
      shown.map((trip) => [
        h("a", { href: address("diagrama", { linha: data.linha, sentido: data.sentido, onibus: trip.codigo, horas: "2", ate: report.minute() }) }, trip.codigo), clock(trip.from * 1000, true), trip.kind === "andamento" ? "…" : clock(trip.to * 1000, true),
        age(trip.seconds), [t(`trips.one.${trip.kind}`), trip.confidence ? `, ${t("trips.confidence", { level: t(`level.${trip.confidence}`) })}` : ""], `${number(Math.min(100, trip.share * 100))} %`, trip.kmh === null ? "–" : `${number(trip.kmh)} km/h`, bar(trip.seconds / longest, middle === null ? null : middle / longest, trip.kind),
      ])), h("p", { class: "muted small note" }, t("trips.note")));
  }

  const iso = (second) => new Date(second * 1000).toISOString();
  return {
    element: list, draw, controls: h("div", {}, h("span", { class: "label" }, t("trips.kind")), kind),
    drawing: () => tableSvg([t("list.bus"), t("trips.left"), t("trips.came"), t("trips.duration"), t("diagram.covered"), t("trips.state")], shown.slice(0, 60).map((trip) => [trip.codigo, clock(trip.from * 1000, true), clock(trip.to * 1000, true), age(trip.seconds), `${number(trip.share * 100)} %`, t(`trips.one.${trip.kind}`)])),
    rows: () => shown.map((trip) => ({ linha: report.linha, sentido: report.sentido, onibus: trip.codigo, inicio: iso(trip.from), fim: trip.kind === "andamento" ? null : iso(trip.to), duracao_s: Math.round(trip.seconds), metros: Math.round(trip.metres), trecho_observado: Number(Math.min(1, trip.share).toFixed(3)), situacao: trip.kind, confianca: trip.confidence ?? null })),
  };
});

export { enter };

/** A duration as a bar, with the median as a tick. */
function bar(share, middle, kind) {
  return s("svg", { class: "trip-bar", viewBox: "0 0 120 14", width: 120, height: 14, "aria-hidden": "true" },
    s("rect", { x: 0, y: 4, width: 118 * share, height: 6, class: kind }), middle !== null && s("line", { x1: 118 * middle, x2: 118 * middle, y1: 0, y2: 14, class: "axis" }));
}
