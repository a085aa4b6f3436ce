// All lines on a service day: planned and run, kilometres, waits and bunching, as `oferta_dia` and `regularidade_dia` have them.
import { get } from "../api.js";
import { entitle, fill, h } from "../dom.js";
import { clock, dayName, headwayWords, number, percent, rioDay, rioMoment, serviceDay, signed } from "../format.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { address, amend, here } from "../route.js";
import { lineBadge, toward } from "./badge.js";
import { hourStart, reportTabs, table } from "./reports.js";
import { coverageWords, exportBar, tableSvg } from "./save.js";

const DAY = 24 * 3600000;
const ASK_EVERY = 60000;

const noon = (day) => rioMoment(day, 12);
const before = (day, days) => rioDay(noon(day) - days * DAY);

export function enter(root) {
  const title = h("h1");
  const lede = h("p", { class: "lede", role: "status" });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const tabs = h("nav", { class: "tabs-row", "aria-label": t("report.label") });
  const [choices, body] = [h("div", { class: "row start" }), h("div")];
  const day = h("input", { class: "field", type: "date", id: "report-day", onchange: () => choose(day.value) });
  let [asked, rows, asking, drawn] = [null, [], null, null];
  root.append(h("div", { class: "page report" }, tabs,
    h("div", { class: "page-head" }, h("div", {}, title, lede), h("div", { class: "controls" }, h("label", { class: "inline" }, h("span", { class: "label" }, t("day.day")), day), choices)),
    problem, body,
    exportBar({ drawing: () => rows.length && picture(rows), about, rows: () => csv(asked, rows), name: () => `brt-dia-${asked}`, link: () => location.href.split("#")[0] + address("dia", { dia: asked }) })));

  function choose(dia) {
    amend({ dia: dia || null });
    load();
  }

  function about() {
    return { title: title.textContent, subtitle: t("day.hours"), coverage: body.dataset.coverage ?? "" };
  }

  async function load() {
    const today = serviceDay(live.generated || Date.now());
    const wished = here().params.get("dia") ?? today;
    asked = /^\d{4}-\d\d-\d\d$/.test(wished) ? wished : today;
    day.value = asked;
    title.textContent = t("day.title", { day: dayName(noon(asked), true) });
    entitle(title.textContent);
    const end = `${before(asked, -1)}T03:00`;
    fill(tabs, reportTabs("dia", { horas: "24", ate: asked === today ? null : end }, { dia: asked }));
    fill(choices, [["day.today", 0], ["day.yesterday", 1], ["day.week", 7]].map(([words, days]) => {
      const one = before(today, days);
      return h("button", { class: "button", type: "button", "aria-pressed": String(one === asked), onclick: () => choose(one) }, t(words));
    }));
    asking?.abort();
    asking = new AbortController();
    try {
      const [service, regularity, hours] = await Promise.all(["service/days", "regularity/days", "service"].map((name) => get(name, { dia: asked }, asking.signal)));
      problem.hidden = true;
      rows = joined(service.dias, regularity.dias);
      drawn = () => draw(service, hours.oferta, end);
      drawn();
    } catch (error) {
      if (error.name === "AbortError") return;
      rows = [];
      fill(body);
      lede.textContent = "";
      problem.hidden = false;
      problem.textContent = error.message;
    }
  }

  function draw({ derivado_ate: until }, hours, end) {
    const covered = captured(hours.filter((row) => until && hourStart(row) < Date.parse(until)));
    body.dataset.coverage = covered === null ? "" : coverageWords(covered);
    const isGoingOn = until && serviceDay(Date.parse(until)) === asked;
    lede.textContent = [rows.length ? t("day.lede", { lines: new Set(rows.map(({ linha }) => linha)).size }) : t(until ? "day.none" : "report.nomodel"),
      covered === null ? "" : t("report.covered", { share: number(Math.floor(covered * 1000) / 10, covered < 1 ? 1 : 0) }), isGoingOn ? `${t("report.model", { time: clock(until) })} ${t("day.going")}` : "",
      rows.length && rows.every(({ viagens_previstas: plan }) => plan === null) ? t("day.noplan") : ""].filter(Boolean).join(" ");
    fill(body, rows.length && table(t("report.dia"), HEADS.map(([key, isNumber]) => [t(key), isNumber]), rows.map((row) => {
      const place = { linha: row.linha, sentido: row.sentido, horas: "24", ate: isGoingOn ? null : end };
      return [h("span", { class: "row start" }, lineBadge(row.linha), toward(row.linha, row.sentido)),
        h("a", { href: address("plano", place) }, tripWords(row)), shareWords(row),
        h("a", { href: address("regularidade", place) }, excessWords(row)), between(row), headwayWords(row.espera_segundos), percent(row.fracao_comboio), number(row.km_previstos), number(row.km_realizados), isGoingOn ? "–" : unseenWords(row)];
    }), "broad"), h("p", { class: "muted small note" }, t("day.note"), " ", t("reg.note")));
  }

  // The names of the lines may come later.
  const onLines = () => drawn?.();
  document.addEventListener("lines", onLines);
  lede.textContent = t("loading");
  load();
  const timer = setInterval(load, ASK_EVERY);
  return { update: load, leave: () => { clearInterval(timer); document.removeEventListener("lines", onLines); asking?.abort(); } };
}

/** The columns: those that a phone shows without scrolling come first. */
const HEADS = [["board.line"], ["day.trips", true], ["day.share", true], ["reg.excess", true], ["reg.open", true], ["reg.wait", true], ["reg.bunched", true], ["day.plannedKm", true], ["day.km", true], ["plan.maybe", true]];

/** Return the rows of both models by line and direction, in the order of the first. */
function joined(service, regularity) {
  const waits = new Map(regularity.map((row) => [`${row.linha} ${row.sentido}`, row]));
  return service.map((row) => ({ ...waits.get(`${row.linha} ${row.sentido}`), ...row }));
}

/** Return the share of the minutes of the hours with service that were captured; null where no hour is known. */
function captured(hours) {
  const minutes = new Map();
  for (const { hora_operacao: hour, minutos_capturados: found } of hours) minutes.set(hour, Math.max(minutes.get(hour) ?? 0, found));
  const sum = [...minutes.values()].reduce((all, found) => all + Math.min(60, found), 0);
  return minutes.size ? sum / (60 * minutes.size) : null;
}

const shareWords = ({ fracao_realizada: share }) => percent(share);
const tripWords = ({ viagens_realizadas: seen, viagens_previstas: plan }) => (seen === null ? t("nodata") : plan === null ? number(seen) : t("day.of", { seen: number(seen), planned: number(plan) }));
const excessWords = ({ espera_excedente_segundos: excess }) => signed(excess ?? null);
const between = ({ espera_excedente_minima_segundos: low, espera_excedente_maxima_segundos: high }) => (low === null || low === undefined ? "–" : t("day.between", { low: signed(low), high: signed(high) }));
const unseenWords = ({ viagens_previstas: plan, viagens_observaveis: seen }) => (plan === null ? "–" : number(plan - seen));

/** Return the table as a picture. */
function picture(rows) {
  return tableSvg(HEADS.slice(0, 9).map(([key]) => t(key)), rows.map((row) => [`${row.linha} ${toward(row.linha, row.sentido)}`, tripWords(row), shareWords(row), excessWords(row), between(row), headwayWords(row.espera_segundos), percent(row.fracao_comboio), number(row.km_previstos), number(row.km_realizados)]), 1200);
}

function csv(day, rows) {
  return rows.map((row) => ({
    dia: day, linha: row.linha, sentido: row.sentido, planejadas: row.viagens_previstas, observaveis: row.viagens_observaveis, observadas: row.viagens_realizadas, parciais: row.viagens_parciais, fracao: row.fracao_realizada,
    km_planejados: row.km_previstos, km: row.km_realizados, espera_s: row.espera_segundos, espera_prevista_s: row.espera_prevista_segundos, excedente_s: row.espera_excedente_segundos,
    excedente_min_s: row.espera_excedente_minima_segundos, excedente_max_s: row.espera_excedente_maxima_segundos, comboio: row.fracao_comboio, lacuna: row.fracao_lacuna,
  }));
}
