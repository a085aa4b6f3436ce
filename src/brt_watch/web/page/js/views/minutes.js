// Minutes as colours: a day as 24 rows of 60, a month as bars; with a table, so that colour is not the only cue.
import { h, s } from "../dom.js";
import { clock, dayName, number, rioDay, rioMoment } from "../format.js";
import { t } from "../i18n.js";
import { live } from "../live.js";

/** Return how a minute was covered: good, lateMinute, part, fail or lost. */
export function stateOf(minute) {
  const captured = minute.boas + (minute.atrasadas ?? 0);
  if (captured >= minute.previstas && captured > 0) return minute.atrasadas ? "lateMinute" : "good";
  if (captured > 0) return "part";
  return minute.com_falha > 0 ? "fail" : "lost";
}

const STATES = ["good", "lateMinute", "part", "fail", "lost"];

/** Return what the colours mean; `away` says why the database is unavailable, if it is. */
export function legend(away) {
  return h("ul", { class: "keys-row" }, [...STATES, away ? "unavailable" : "unknown"].map((state) => h("li", {}, h("i", { class: `cell ${state}` }), t(`health.${state}`))));
}

/** Return a day as a grid: rows are hours, columns minutes. Without the database a minute with no record is unavailable. */
export function minuteGrid(minutes, day, width, away) {
  const [left, top] = [34, 18];
  const cw = (Math.max(300, width) - left) / 60;
  const ch = Math.min(14, Math.max(9, cw * 0.8));
  const now = live.generated || Date.now();
  const read = h("output", { class: "small muted read" }, " ");
  const start = rioMoment(day);
  const states = new Map(minutes.map((minute) => [Math.round((Date.parse(minute.minuto) - start) / 60000), minute]));
  const missingAt = (moment) => (away && moment < now ? "unavailable" : "unknown");
  const svg = s("svg", { class: "chart minutes", viewBox: `0 0 ${left + 60 * cw} ${top + 24 * ch}`, role: "img", "aria-label": t("health.minutes.words") });
  for (let column = 0; column < 60; column += 10) svg.append(s("text", { x: left + column * cw, y: 12 }, `:${String(column).padStart(2, "0")}`));
  for (let hour = 0; hour < 24; hour++) {
    if (hour % 3 === 0) svg.append(s("text", { x: left - 7, y: top + hour * ch + ch - 2, "text-anchor": "end" }, `${hour}h`));
    for (let column = 0; column < 60; column++) {
      const minute = states.get(hour * 60 + column);
      const missing = missingAt(start + (hour * 60 + column) * 60000);
      const wider = column % 10 === 0 ? 1 : 0;
      svg.append(s("rect", {
        class: `cell ${minute ? stateOf(minute) : missing}`, "data-minute": hour * 60 + column, rx: 1.2,
        x: left + column * cw + wider, y: top + hour * ch, width: cw - Math.min(1, cw / 6) - wider, height: ch - 1.2,
      }));
    }
  }
  svg.addEventListener("pointerover", (event) => {
    const index = Number(event.target.dataset?.minute ?? NaN);
    if (Number.isNaN(index)) return;
    read.textContent = words(states.get(index), start + index * 60000, missingAt(start + index * 60000));
  });
  return h("div", { class: "scroll" }, svg, read, !away && hourTable(states));
}

function words(minute, moment, missing) {
  if (!minute) return t("health.cell", { time: clock(moment), text: t(`health.${missing}`) });
  const parts = [t("health.polls", { good: minute.boas + (minute.atrasadas ?? 0), planned: minute.previstas })];
  if (minute.atrasadas) parts.push(t("health.late", { count: minute.atrasadas }));
  if (minute.com_falha) parts.push(t("health.failed", { count: minute.com_falha }));
  if (minute.perdidas) parts.push(t("health.missed", { count: minute.perdidas }));
  return t("health.cell", { time: clock(moment), text: parts.join(", ") });
}

/** Return the counts of the grid as a table, one row per hour. */
function hourTable(states) {
  const rows = [];
  for (let hour = 0; hour < 24; hour++) {
    const counts = Object.fromEntries(STATES.map((state) => [state, 0]));
    for (let column = 0; column < 60; column++) {
      const minute = states.get(hour * 60 + column);
      if (minute) counts[stateOf(minute)] += 1;
    }
    if (Object.values(counts).some(Boolean)) rows.push(h("tr", {}, h("th", { scope: "row" }, `${hour}h`), STATES.map((state) => h("td", { class: "number" }, number(counts[state])))));
  }
  return h("details", { class: "small" }, h("summary", {}, t("health.hours")),
    h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("health.hour")), STATES.map((state) => h("th", { scope: "col", class: "number" }, t(`health.${state}`))))), h("tbody", {}, rows)));
}

/** Return the last days as bars of buttons: how much of each was captured; a day without records is empty. */
export function dayBars(days, count, today, chosen, choose, away) {
  const known = new Map(days.map((day) => [day.dia, day]));
  const last = rioMoment(today, 12);
  const names = Array.from({ length: count }, (_, i) => rioDay(last - (count - 1 - i) * 86400000));
  return h("div", { class: "days", role: "group", "aria-label": t("health.days.words") }, names.map((date) => {
    const day = known.get(date);
    const missing = t(`health.${away ? "unavailable" : "unknown"}`);
    if (!day) return h("span", { class: "day", title: missing }, h("span", { class: "stack" }, h("i", { class: `cell ${away ? "unavailable" : "unknown"}`, "--share": 1 })), h("small", {}, String(Number(date.slice(8)))));
    const all = day.minutos_bons + day.minutos_parciais + day.minutos_perdidos || 1;
    const name = dayName(rioMoment(day.dia, 12));
    const label = t("health.lede", { day: name, good: number(day.minutos_bons), all: number(all), part: number(day.minutos_parciais), lost: number(day.minutos_perdidos) });
    const bar = (state, count) => h("i", { class: `cell ${state}`, "--share": count / all });
    return h("button", { type: "button", class: "day", "aria-pressed": String(day.dia === chosen), "aria-label": label, title: label, onclick: () => choose(day.dia) },
      h("span", { class: "stack" }, bar("lost", day.minutos_perdidos), bar("part", day.minutos_parciais), bar("good", day.minutos_bons)), h("small", {}, String(Number(day.dia.slice(8)))));
  }));
}
