// Planned and operated: trips of the plan and trips observed, by hour; what was not captured is charged to nobody.
import { copyText, fill, h, s } from "../dom.js";
import { clock, dateTime, number } from "../format.js";
import { t } from "../i18n.js";
import { tripsIn } from "../passages.js";
import { boards, isWeekend, plannedHeadway } from "../stops.js";
import { token } from "../theme.js";
import { tripsOf } from "./trips.js";
import { reportView, table } from "./reports.js";
import { FONT, coverageWords, originWarning } from "./save.js";

const HOUR = 3600000;
const STEP = 60000;
const COUNTS = 0.5;

/** Return the hours of a period: planned trips, those of captured time, trips observed. */
export function planned(data) {
  const trips = tripsIn({ ...data, tracks: tripsOf(data.tracks, data.length).trips }).filter((trip) => trip.share >= COUNTS || trip.kind === "andamento");
  const holes = data.gaps.map(({ de, ate }) => [Date.parse(de), Date.parse(ate)]);
  const hours = [];
  for (let start = Math.floor(data.from / HOUR) * HOUR; start < data.end; start += HOUR) {
    const [from, to] = [Math.max(start, data.from), Math.min(start + HOUR, data.end)];
    let [plan, captured, minutes] = [0, 0, 0];
    for (let at = from; at < to; at += STEP) {
      const headway = plannedHeadway(data.linha, at);
      const seen = !holes.some(([begin, end]) => at >= begin && at < end);
      if (headway) {
        plan += STEP / 1000 / headway;
        captured += seen ? STEP / 1000 / headway : 0;
      }
      minutes += seen ? 1 : 0;
    }
    const seen = trips.filter((trip) => trip.from * 1000 >= from && trip.from * 1000 < to).length;
    hours.push({ start, planned: plan, seen, missing: Math.max(0, captured - seen), maybe: Math.max(0, plan - captured), covered: Math.min(1, minutes / Math.ceil((to - from) / STEP)) });
  }
  return hours;
}

const { enter } = reportView("plano", (report) => {
  const [chart, list] = [h("div"), h("div")];
  const cited = h("span", { class: "muted small", role: "status" });
  let [hours, sentence, svg] = [[], "", null];

  function draw(data) {
    hours = planned(data);
    const sum = (name) => hours.reduce((all, hour) => all + hour[name], 0);
    const [plan, seen, maybe] = ["planned", "seen", "maybe"].map((name) => Math.round(sum(name)));
    const part = boards.plan.get(data.linha)?.[0];
    sentence = plan ? t("plan.lede", { line: data.linha, seen: number(seen), planned: number(plan), share: number((100 * seen) / plan), unknown: maybe ? t("plan.unknown", { count: number(maybe) }) : "" }) : t("plan.none");
    report.lede.textContent = data.partial ? report.coverage() : `${sentence} ${report.coverage()} ${report.modelWords()}`;
    svg = bars();
    fill(chart, svg);
    fill(list, table(t("report.plano"), [[t("plan.hour")], [t("plan.planned"), true], [t("plan.seen"), true], [t("plan.missing"), true], [t("plan.maybe"), true], [t("plan.coverage"), true]],
      hours.map((hour) => [clock(hour.start), hour.planned ? number(hour.planned, 1) : "–", hour.covered > 0 ? number(hour.seen) : t("nodata"), data.partial ? "–" : number(hour.missing, 1), number(hour.maybe, 1), data.away ? "–" : `${number(100 * hour.covered)} %`])),
      h("p", {}, h("button", { class: "button", type: "button", onclick: cite }, t("plan.cite")), " ", cited),
      h("p", { class: "muted small note" }, t("plan.note"), part ? ` ${t("plan.source", { date: part.valido_desde.split("-").reverse().join("/") })}` : "", isWeekend(data.end) ? ` ${t("control.weekend")}` : ""));
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
    const [width, height, left, bottom] = [900, 230, 40, 26];
    const top = Math.max(4, ...hours.map((hour) => Math.max(hour.planned, hour.seen))) * 1.1;
    const y = (count) => 8 + (1 - count / top) * (height - bottom - 8);
    const wide = (width - left) / hours.length;
    const step = [1, 2, 5, 10, 20, 50, 100].find((size) => top / size <= 6) ?? 200;
    const bar = (x, count, properties) => s("rect", { x, y: y(count), width: wide * 0.36, height: y(0) - y(count), ...properties });
    return s("svg", { class: "wide-chart", viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT, "font-size": 11, role: "img", "aria-label": t("plan.words") },
      s("defs", {}, s("pattern", { id: "maybe", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, s("rect", { width: 6, height: 6, fill: token("sunken") }), s("line", { y2: 6, stroke: token("rule-strong"), "stroke-width": 2 }))),
      Array.from({ length: Math.floor(top / step) + 1 }, (_, i) => [s("line", { x1: left, x2: width, y1: y(i * step), y2: y(i * step), stroke: token("rule") }), s("text", { x: left - 6, y: y(i * step) + 4, "text-anchor": "end", fill: token("soft") }, i * step)]),
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
    rows: () => hours.map((hour) => ({ linha: report.linha, sentido: report.sentido, hora: new Date(hour.start).toISOString(), planejadas: hour.planned.toFixed(1), observadas: hour.covered > 0 ? hour.seen : null, nao_observadas: report.data.partial ? null : hour.missing.toFixed(1), nao_sabemos: hour.maybe.toFixed(1), captura: hour.covered.toFixed(3) })),
  };
});

export { enter };
