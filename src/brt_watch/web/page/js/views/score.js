// How often the forecasts were right: yesterday and in the last weeks, in words for passengers.
import { get } from "../api.js";
import { entitle, fill, h, s } from "../dom.js";
import { dayName, number, percent, rioDay, rioMoment } from "../format.js";
import { t } from "../i18n.js";
import { network } from "../network.js";
import { address, amend, here } from "../route.js";
import { onTheme, token } from "../theme.js";
import { figures, table } from "./reports.js";
import { exportBar, FONT } from "./save.js";

const DAY = 86400000;
const ASK_EVERY = 600000;

/** Return a share as a count out of a hundred. */
const ofHundred = (share) => (share === null || share === undefined ? t("nodata") : t("score.of", { count: number(100 * share) }));
const seconds = (value) => (value === null ? "–" : t("score.seconds", { seconds: number(value) }));
const noon = (day) => rioMoment(day, 12);

export function enter(root) {
  const lede = h("p", { class: "lede", role: "status" }, t("loading"));
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const body = h("div");
  const line = h("select", { class: "field", id: "score-line", "aria-label": t("filter.line"), onchange: () => { amend({ linha: line.value }); load(); } },
    h("option", { value: "" }, t("control.all")), [...new Set([...network.paths.values()].map(({ linha }) => linha))].map((linha) => h("option", { value: linha }, linha)));
  let found = null;
  entitle(t("score.title"));
  root.append(h("div", { class: "page score" },
    h("div", { class: "page-head" }, h("div", {}, h("h1", {}, t("score.title")), lede), h("div", { class: "controls" },
      h("label", { class: "inline" }, h("span", { class: "label" }, t("filter.line")), line), h("a", { class: "button", href: address("estacao") }, t("stop.title")))),
    problem, body,
    exportBar({ drawing: () => found?.dias && chart(found.por_dia), about, rows: () => rows(found), name: () => `brt-acerto-${found.ate}`, link: () => location.href })));

  function about() {
    const linha = here().params.get("linha");
    return { title: t("score.title"), subtitle: [linha && t("score.line", { line: linha }), lede.textContent].filter(Boolean).join(" · "), coverage: "" };
  }

  function draw() {
    if (!found) return;
    if (!found.dias) {
      lede.textContent = t(found.aviso ? "stop.score.away" : "stop.score.none");
      fill(body);
      return;
    }
    const last = found.por_dia.at(-1);
    const isYesterday = last.dia === rioDay(Date.now() - DAY);
    const [ours, city, usual] = ["previsão", "prefeitura", "tempos usuais"].map((name) => found.metodos.find(({ metodo }) => metodo === name));
    const day = isYesterday ? t("score.yesterday") : t("score.day", { day: dayName(noon(last.dia)) });
    lede.textContent = t("score.lede", { day, share: number(100 * last.transitapp), days: found.dias, all: number(100 * ours.transitapp) });
    fill(body,
      figures([
        [day, ofHundred(last.transitapp), t("score.checked", { count: number(last.previsoes) })],
        [t("score.weeks", { days: found.dias }), ofHundred(ours.transitapp), t("score.checked", { count: number(ours.previsoes) })],
        [t("score.city"), ofHundred(city?.transitapp), t("score.city.note")],
        [t("score.range"), ofHundred(ours.na_faixa), t("score.range.note")],
        [t("score.never"), ofHundred(ours.nunca_chegaram / ours.previsoes), t("score.never.note")],
        [t("score.unseen"), number(ours.sem_desfecho), t("score.unseen.note")],
      ]),
      h("section", { class: "block" }, h("h2", {}, t("score.bands")), table(t("score.bands"), [[t("score.left")], [t("score.allowed")], [t("score.right"), true], [t("score.error"), true]],
        found.por_faixa.map((band, i) => [bandWords(band, found.por_faixa[i + 1]), allowed(band), band.cedo_s === null ? "–" : ofHundred(band.transitapp), seconds(band.erro_absoluto_s)]))),
      h("section", { class: "block" }, h("h2", {}, t("score.days")), h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("score.chart") }, chart(found.por_dia)),
        table(t("score.days"), [[t("score.date")], [t("score.right"), true], [t("score.forecasts"), true], [t("score.error"), true]],
          [...found.por_dia].reverse().map((one) => [dayName(noon(one.dia)), ofHundred(one.transitapp), number(one.previsoes), seconds(one.erro_absoluto_s)]))),
      found.no_terminal && h("section", { class: "block" }, h("h2", {}, t("score.terminal")), h("p", {}, t("score.terminal.note", {
        share: number(100 * found.no_terminal.transitapp), never: number((100 * found.no_terminal.nunca_chegaram) / found.no_terminal.previsoes) }))),
      h("section", { class: "block" }, h("h2", {}, t("score.yardsticks")), table(t("score.yardsticks"), [[t("score.method")], ["TransitApp", true], ["MBTA", true], ["Cal-ITP", true], [t("score.median"), true], [t("score.wobble"), true]],
        [["score.ours", ours], ["score.usual", usual], ["score.city", city]].filter(([, one]) => one).map(([name, one]) => [t(name), ...[one.transitapp, one.mbta, one.calitp].map((share) => percent(share, 1)), `${number(one.erro_mediano_s, 1)} s`, number(one.oscilacao_min, 2)])),
        h("p", { class: "muted small note" }, t("score.note"))));
  }

  async function load() {
    const linha = here().params.get("linha") ?? "";
    line.value = linha;
    try {
      found = await get("forecasts/score", { linha: linha || null });
      problem.hidden = true;
      draw();
    } catch (error) {
      lede.textContent = "";
      problem.textContent = error.message;
      problem.hidden = false;
    }
  }

  load();
  const timer = setInterval(load, ASK_EVERY);
  const stop = onTheme(draw);
  return { update: load, leave: () => { clearInterval(timer); stop(); } };
}

/** Return a band of time to the arrival in words. */
const bandWords = ({ horizonte_min: from }, next) => (next ? t("score.band", { from, to: next.horizonte_min }) : t("score.band.last", { from }));

/** Return how early and how late a bus may come for its forecast to count as right. */
const allowed = ({ cedo_s: early, tarde_s: late }) => (early === null ? "–" : t("score.allowed.words", { early: length(-early), late: length(late) }));

const length = (value) => (value < 60 ? `${value} s` : value % 60 ? `${Math.floor(value / 60)} min ${value % 60} s` : `${value / 60} min`);

/** Return the share of each day as a bar. */
function chart(days) {
  const [left, top, bar] = [44, 10, 34];
  const [width, height] = [Math.max(420, left + days.length * bar + 10), 170];
  const y = (share) => top + (1 - share) * 120;
  return s("svg", { class: "score-days", viewBox: `0 0 ${width} ${height}`, width, height, "font-family": FONT, "font-size": 11, role: "img", "aria-label": t("score.chart") },
    [0, 0.5, 1].map((share) => [s("line", { x1: left, x2: width, y1: y(share), y2: y(share), stroke: token("rule") }), s("text", { x: left - 6, y: y(share) + 4, "text-anchor": "end", fill: token("soft") }, percent(share))]),
    days.map(({ dia, transitapp }, i) => {
      const x = left + 5 + i * bar;
      const label = s("text", { x: x + 12, y: 150, "text-anchor": "middle", fill: token("soft") }, `${Number(dia.slice(8))}/${Number(dia.slice(5, 7))}`);
      if (transitapp === null) return label;
      return [s("rect", { x, y: y(transitapp), width: 24, height: y(0) - y(transitapp), fill: token("accent") }, s("title", {}, `${dayName(noon(dia))}: ${ofHundred(transitapp)}`)),
        s("text", { x: x + 12, y: y(transitapp) + 14, "text-anchor": "middle", fill: token("surface"), "font-weight": 600 }, number(100 * transitapp)), label];
    }));
}

function rows({ por_dia: days }) {
  return days.map((one) => ({
    dia: one.dia, previsoes: one.previsoes, nunca_chegaram: one.nunca_chegaram, sem_desfecho: one.sem_desfecho, transitapp: one.transitapp, mbta: one.mbta, calitp: one.calitp, na_faixa: one.na_faixa, erro_mediano_s: one.erro_mediano_s, erro_absoluto_s: one.erro_absoluto_s,
  }));
}
