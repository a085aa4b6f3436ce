// Planned and operated: trips of the plan and trips observed, by hour; what was not captured is charged to nobody.
import { copyText, fill, h, s } from "../dom.js";
import { clock, dateTime, number, percent } from "../format.js";
import { t } from "../i18n.js";
import { boards } from "../stops.js";
import { token } from "../theme.js";
import { hourStart, reportView, table } from "./reports.js";
import { FONT, coverageWords, originWarning } from "./save.js";

const HOUR = 3600000;

/** Return the hours that are derived whole: planned trips, those observed, those that are missing, and those that nobody knows of.
 *  What follows from an unknown plan is null. */
export function planned({ model }) {
  return (model?.oferta ?? []).map((row) => {
    const [plan, seen, covered] = [row.viagens_previstas ?? null, row.viagens_realizadas, Math.min(1, row.minutos_capturados / 60)];
    const of = (count) => (plan === null ? null : count);
    return { start: hourStart(row), planned: plan, seen, missing: of(Math.max(0, plan * covered - (seen ?? 0))), maybe: of(plan * (1 - covered)), covered, km: row.km_realizados, plannedKm: row.km_previstos };
  }).filter(({ start }) => start + HOUR <= model.until * 1000);
}

const { enter } = reportView("plano", (report) => {
  const [chart, list] = [h("div"), h("div")];
  const cited = h("span", { class: "muted small", role: "status" });
  let [hours, sentence, svg] = [[], "", null];

  function draw(data) {
    hours = planned(data);
    // The sentence compares: an hour without a plan counts on neither side.
    const compared = hours.filter((hour) => hour.planned !== null);
    const sum = (name) => compared.reduce((all, hour) => all + hour[name], 0);
    const [plan, seen, maybe, observable] = [sum("planned"), sum("seen"), sum("maybe"), sum("planned") - sum("maybe")].map(Math.round);
    const part = boards.plan.get(data.linha)?.[0];
    sentence = !plan ? t("plan.none") : t(!observable ? "plan.lede.nodata" : maybe ? "plan.lede.part" : "plan.lede", { line: data.linha, seen: number(seen), planned: number(plan), unknown: number(maybe), share: number((100 * seen) / observable) });
    report.lede.textContent = data.partial ? report.coverage() : `${sentence} ${report.coverage()} ${report.modelWords()}`;
    svg = bars();
    fill(chart, svg);
    fill(list, table(t("report.plano"), [[t("plan.hour")], [t("plan.planned"), true], [t("plan.seen"), true], [t("plan.missing"), true], [t("plan.maybe"), true], [t("day.plannedKm"), true], [t("day.km"), true], [t("plan.coverage"), true]],
      hours.map((hour) => [clock(hour.start), number(hour.planned, 1), hour.seen === null ? t("nodata") : number(hour.seen), data.partial ? "–" : number(hour.missing, 1), number(hour.maybe, 1), number(hour.plannedKm, 1), number(hour.km, 1), data.away ? "–" : percent(hour.covered)])),
      h("p", {}, h("button", { class: "button", type: "button", onclick: cite }, t("plan.cite")), " ", cited),
      h("p", { class: "muted small note" }, t("plan.note"), part ? ` ${t("plan.source", { date: part.valido_desde.split("-").reverse().join("/") })}` : "", plan ? "" : ` ${t("plan.kind")}`));
  }

  /** Copy the sentence with its definition, coverage, origin and an absolute link. */
  async function cite() {
    const { from, end, away, covered } = report.data;
    const text = [originWarning(), sentence, `${dateTime(from)} – ${dateTime(end)}.`, coverageWords(away ? null : covered), t("plan.note"), report.link()].filter(Boolean).join("\n");
    const copied = await copyText(text);
    cited.textContent = copied ? t("plan.cited") : text;
    cited.dataset.text = text;
  }

  function bars() {
    const [width, height, left, bottom] = [Math.max(640, Math.min(1100, chart.clientWidth || 900)), 230, 40, 26];
    const top = Math.max(4, ...hours.map((hour) => Math.max(hour.planned, hour.seen))) * 1.1;
    const y = (count) => 8 + (1 - count / top) * (height - bottom - 8);
    const wide = (width - left) / hours.length;
    const step = [1, 2, 5, 10, 20, 50, 100].find((size) => top / size <= 6) ?? 200;
    const bar = (x, count, properties) => s("rect", { x, y: y(count), width: wide * 0.36, height: y(0) - y(count), ...properties });
    return s("svg", { class: "wide-chart", viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT, "font-size": 11, role: "img", "aria-label": t("plan.words") },
      s("defs", {}, s("pattern", { id: "maybe", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect", { width: 6, height: 6, fill: token("sunken") }), s("line", { y2: 6, stroke: token("rule-strong"), "stroke-width": 2 }))),
      Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => [s("line", { x1: left, x2: width, y1: y(i * step), y2: y(i * step), stroke: token("rule") }), s("text", { x: left - 6, y: y(i * step) + 4, "text-anchor": "end", fill: token("soft") }, i * step)]),
      s("text", { x: left - 32, y: 9, fill: token("soft") }, t("day.trips")),
      hours.map((hour, i) => {
        const x = left + i * wide + wide * 0.1;
        return [hour.covered < 1 && s("rect", { x: left + i * wide, y: 8, width: wide, height: y(0) - 8, fill: "url(#maybe)", "fill-opacity": 1 - hour.covered }),
          bar(x, hour.planned, { fill: "none", stroke: token("ink"), "stroke-width": 1.5 }), bar(x + wide * 0.4, hour.seen, { fill: token("accent") }, s("title", {}, number(hour.seen))),
          s("text", { x: left + i * wide + wide / 2, y: height - 8, "text-anchor": "middle", fill: token("soft") }, clock(hour.start).slice(0, 2) + "h")];
      }));
  }

  return {
    element: h("div", {}, h("ul", { class: "keys-row" }, h("li", {}, h("i", { class: "cell outline" }), t("plan.planned")), h("li", {}, h("i", { class: "cell seen" }), t("plan.seen")), h("li", {}, h("i", { class: "cell hatched" }), t("plan.maybe"))), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("plan.words") }, chart), list), draw,
    drawing: () => svg,
    rows: () => hours.map((hour) => ({ linha: report.linha, sentido: report.sentido, hora: new Date(hour.start).toISOString(), planejadas: hour.planned?.toFixed(1), observadas: hour.seen, nao_observadas: report.data.partial ? null : hour.missing?.toFixed(1), nao_sabemos: hour.maybe?.toFixed(1), km_planejados: hour.plannedKm, km: hour.km, captura: hour.covered.toFixed(3) })),
  };
});

export { enter };
