// What was captured and what was missed: minute by minute, day by day, and the state of the system.
import { get } from "../api.js";
import { timeCurve } from "../charts.js";
import { fill, h } from "../dom.js";
import { age, bytes, clock, dateTime, dayName, number, rioDay, rioMoment } from "../format.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { limits } from "../network.js";
import { amend, here } from "../route.js";
import { dayBars, legend, minuteGrid, stateOf } from "./minutes.js";

const ASK_EVERY = 60000;
const DAYS = 30;

export function enter(root) {
  const today = rioDay(live.generated || Date.now());
  const lede = h("p", { class: "lede" }, t("loading"));
  const day = h("input", { class: "field", type: "date", id: "health-day", max: today, onchange: () => choose(day.value) });
  const cards = h("dl", { class: "cards" });
  const [key, grid, days, ages, rejects, alerts] = Array.from({ length: 6 }, () => h("div"));
  const section = (title, ...parts) => h("section", { class: "block" }, h("h2", {}, title), ...parts);
  root.append(h("div", { class: "page" },
    h("div", { class: "page-head" }, h("div", {}, h("h1", {}, t("health.title")), lede), h("label", { class: "inline" }, h("span", { class: "label" }, t("health.day")), day)),
    cards, section(t("health.minutes"), key, grid), section(t("health.days"), days),
    h("div", { class: "columns" }, section(t("health.signalAge"), ages), section(t("health.rejects"), rejects)), section(t("health.alerts"), alerts), h("p", { class: "small" }, h("a", { href: "/api/docs" }, t("api")))));

  function choose(value) {
    amend({ dia: value === today ? null : value });
    load();
  }

  async function part(box, work) {
    try {
      await work();
    } catch (error) {
      fill(box, h("p", { class: "problem" }, error.message));
    }
  }

  function load() {
    const chosen = here().params.get("dia") ?? today;
    day.value = chosen;
    part(grid, async () => {
      const { minutos, aviso } = await get("coverage", { dia: chosen });
      const states = minutos.map(stateOf);
      const count = (...names) => states.filter((state) => names.includes(state)).length;
      const name = dayName(rioMoment(chosen, 12), true);
      const day = name[0].toUpperCase() + name.slice(1);
      lede.textContent = aviso ? t("health.away", { day }) : !minutos.length ? "" : t("health.lede", {
        day, all: number(minutos.length),
        good: number(count("good", "lateMinute")), part: number(count("part")), lost: number(count("lost", "fail")),
      });
      const none = t(aviso ? "health.unavailable" : "health.none");
      fill(key, legend(aviso));
      fill(grid, minutos.length || aviso ? minuteGrid(minutos, chosen, grid.clientWidth, aviso) : h("p", { class: "muted" }, none));
      fill(ages, ageCurve(minutos, chosen, ages.clientWidth) ?? h("p", { class: "muted" }, none));
      // Without the database only today's minutes on disk are known: no day has a total.
      const answer = aviso ? [] : await get("coverage/days", { dias: DAYS });
      fill(days, dayBars(answer, DAYS, today, chosen, choose, aviso));
      // On a phone the bars are wider than the screen; today is at the right end.
      days.firstChild.scrollLeft = days.firstChild.scrollWidth;
    });
    part(cards, async () => {
      const details = await get("health-details");
      fill(cards, machine(details));
      const none = (key) => h("p", { class: "muted" }, t(details.banco.ok ? key : "health.unavailable"));
      fill(rejects, details.rejeicoes?.length ? bars(details.rejeicoes) : none("health.rejects.none"));
      fill(alerts, details.alertas?.length ? alertTable(details.alertas) : none("health.alerts.none"));
    });
  }

  load();
  const timer = setInterval(load, ASK_EVERY);
  return { update: load, leave: () => clearInterval(timer) };
}

/** Return the ages of the signals over a day as a curve, null when less than two are known. */
function ageCurve(minutes, day, width) {
  const points = minutes.map((minute) => [Date.parse(minute.minuto), minute.idade_mediana_segundos ?? null]);
  const known = points.map(([, value]) => value).filter((value) => value !== null);
  if (known.length < 2) return null;
  return timeCurve({
    points, from: rioMoment(day), to: points.at(-1)[0], width: Math.max(320, width), height: 190, unit: " s",
    label: t("health.signalAge.words", { low: number(Math.min(...known)), high: number(Math.max(...known)) }),
  });
}

function machine({ captura = {}, disco = {}, banco = {} }) {
  const card = (name, value, note, state = "") => h("div", { class: `card ${state}` }, h("dt", {}, name), h("dd", {}, value), h("dd", { class: "muted small" }, note));
  const last = captura.ultima_consulta;
  const failed = captura.ultima_falha;
  const good = ["ok", "late"].includes(last?.status) && !captura.problemas?.length;
  const state = failed ? "behind" : !last ? "waiting" : good ? "ok" : "behind";
  const loaded = banco.ultima_carga && Date.parse(banco.ultima_carga);
  const stored = loaded ? t("health.signals", { count: number(banco.sinais), age: age((Math.max(live.generated, loaded) - loaded) / 1000) }) : t("health.unloaded", { count: number(banco.sinais) });
  const said = failed ? t("health.lastFailed", { time: clock(failed.tick, true), why: failed.motivo }) : last ? t("health.last", { time: clock(last.tick, true) }) : t("health.first");
  const ages = [...live.vehicles.values()].map((vehicle) => vehicle.idade_segundos).filter((seconds) => seconds <= limits().em_silencio_segundos).sort((a, b) => a - b);
  return [
    card(t("health.capture"), t(`health.${state}`), captura.problemas?.join("; ") || said, { ok: "good", behind: "poor" }[state]),
    card(t("health.age"), age(ages[ages.length >> 1]), t("health.records", { count: number(captura.veiculos) })),
    card(t("health.database"), t(banco.ok ? "health.ok" : "health.down"), banco.ok ? stored : t("notice.banco_ausente"), banco.ok ? "good" : "poor"),
    card(t("health.disk"), bytes(disco.livre_bytes), t("health.data", { size: bytes(disco.dados_bytes) })),
  ];
}

/** Return the words for a code, or the code itself when it has none. */
function named(kind, code) {
  const words = t(`${kind}.${code}`);
  return words === `${kind}.${code}` ? h("code", {}, code) : words;
}

function bars(rejections) {
  const top = Math.max(...rejections.map((one) => one.count));
  return h("table", { class: "bars" }, h("tbody", {}, [...rejections].sort((a, b) => b.count - a.count).map((one) =>
    h("tr", {}, h("th", { scope: "row" }, named("reject", one.reason)), h("td", {}, h("span", { class: "meter wide", "--share": one.count / top, "--line": "var(--poor)" }, h("i"), h("b", {}, number(one.count))))))));
}

function alertTable(alerts) {
  const heads = ["when", "what", "state"].map((name) => h("th", { scope: "col" }, t(`health.${name}`)));
  const rows = alerts.map((alert) => h("tr", {},
    h("td", { class: "nowrap" }, dateTime(alert.tick, true)),
    h("td", {}, named("alert", alert.code), alert.subject && [" ", h("code", {}, alert.subject)],
      alert.detail && h("div", { class: "muted small" }, alert.detail)),
    h("td", { class: "nowrap" }, alert.event === "raised" ? h("b", { class: "poor" }, t("health.raised")) : t("health.closed"))));
  return h("div", { class: "scroll" }, h("table", {}, h("thead", {}, h("tr", {}, heads)), h("tbody", {}, rows)));
}
