// The controller's board: every line as two straight strips with its buses as beads, the worst first.
import { fill, h, s } from "../dom.js";
import { get } from "../api.js";
import { age, clock, headwayMark, headwayWords, number } from "../format.js";
import { t } from "../i18n.js";
import { ageOf, live } from "../live.js";
import { destination, limits, network, pathOf, short } from "../network.js";
import { address, amend, here } from "../route.js";
import { loadBoards, stopsOf } from "../stops.js";
import { onTheme } from "../theme.js";
import { lineBadge, toward } from "./badge.js";
import { exportBar, tableSvg } from "./save.js";
import { applyScreen, leaveScreen, screenButton } from "./screen.js";
import { alertList } from "./wait-alerts.js";

const HOLES = 8;
const WIDTH = 1000;

const KINDS = { comboio: "bunched", lacuna: "gapped", normal: "ok" };
const REASONS = { "em silêncio": "silent", "fora do trajeto": "offroute" };

/** Return the lines and directions as the models have them, each with its buses: {bus, share, seconds, grade}. */
function statesOf({ percursos, intervalos }) {
  return percursos.map((row) => {
    const { linha, sentido } = row;
    const length = pathOf(linha, sentido)?.length ?? 1;
    const beads = intervalos.filter((one) => one.linha === linha && one.sentido === sentido).map((one) => ({
      bus: one.codigo, share: one.progresso_m / length, seconds: one.intervalo_segundos, grade: KINDS[one.situacao] ?? "unknown",
    }));
    const gap = row.maior_intervalo_segundos === null ? null : { seconds: row.maior_intervalo_segundos, estacao_id: row.estacao_id, place: network.stations.get(row.estacao_id)?.nome };
    return { linha, sentido, beads, gap, planned: row.intervalo_previsto_segundos, waiting: row.no_terminal, hold: row.segurar_segundos, bunches: row.comboios, isGap: row.flag_lacuna };
  });
}

const isHeld = ({ hold }) => hold !== null && hold >= limits().controle_segurar_segundos;
const ratio = ({ gap, planned }) => gap.seconds / planned;

export function enter(root) {
  const lede = h("p", { class: "lede", role: "status" });
  const [alerts, holes, lines, off] = Array.from({ length: 4 }, () => h("div"));
  const choice = h("select", { class: "field", id: "control-line", "aria-label": t("filter.line"), onchange: () => { amend({ linha: choice.value }); draw(); } });
  const names = [...new Set([...network.paths.values()].map(({ linha }) => linha))];
  fill(choice, h("option", { value: "" }, t("control.all")), names.map((linha) => h("option", { value: linha }, linha)));
  const key = h("ul", { class: "keys-row" }, ["ok", "bunched", "gapped", "unknown"].map((grade) => h("li", {}, h("i", { class: `bead ${grade}` }), t(`control.key.${grade}`))));
  let [answer, states, asking] = [null, [], false];
  root.append(h("div", { class: "page control" },
    h("div", { class: "page-head" }, h("div", {}, h("h1", {}, t("control.title")), lede), h("div", { class: "controls" }, h("label", { class: "inline" }, h("span", { class: "label" }, t("filter.line")), choice), screenButton())),
    h("div", { class: "first-things" }, h("section", {}, h("h2", {}, t("control.holes")), holes), h("section", {}, h("h2", {}, t("control.alerts")), alerts)),
    h("section", { class: "block" }, h("h2", {}, t("control.lines")), key, lines),
    h("section", { class: "block" }, h("h2", {}, t("control.off")), off),
    h("p", { class: "muted small note" }, t("control.note"), " ", h("a", { href: address("acerto") }, t("score.title"))),
    exportBar({ drawing: () => table(states), about: () => ({ title: t("control.title"), subtitle: t("asof", { time: clock(live.generated, true), age: age(live.quietFor) }), coverage: "" }), rows: () => csv(states), name: () => `brt-controle-${clock(live.generated).replace(":", "h")}` })));

  function draw() {
    if (!answer) return;
    const wanted = here().params.get("linha") ?? "";
    choice.value = wanted;
    states = statesOf(answer);
    const running = states.filter(({ beads, waiting }) => beads.length || waiting);
    const worst = states.filter(({ linha, isGap }) => isGap && (!wanted || linha === wanted));
    // Without a plan, gaps and bunches are unknown, not zero.
    const planned = states.some((state) => state.planned);
    // After a hole in the capture a bus may have passed unseen: until the next one nothing is known of the gap.
    const unknown = running.filter((state) => state.planned && !state.gap && (!wanted || state.linha === wanted)).length;
    lede.textContent = !live.generated ? t("asof.none") : `${t(planned ? "control.lede" : "control.lede.unplanned", {
      beads: running.reduce((all, { beads }) => all + beads.length, 0), lines: new Set(running.map(({ linha }) => linha)).size, holes: worst.length || (unknown ? "–" : 0), bunches: running.reduce((all, { bunches }) => all + bunches, 0),
    })} ${t("asof", { time: clock(live.generated, true), age: age(live.quietFor) })}.${planned ? "" : ` ${t("plan.kind")}`}`;
    fill(alerts, alertList(answer.alertas.filter(({ linha }) => !wanted || linha === wanted), alerts.querySelector("details")?.open) ?? h("p", { class: "muted" }, t(wanted ? "control.alerts.none.line" : "control.alerts.none")));
    fill(holes, worst.length ? h("ol", { class: "holes" }, [...worst].sort((a, b) => ratio(b) - ratio(a)).slice(0, HOLES).map(hole)) : !unknown && h("p", { class: "muted" }, !planned ? t("plan.kind") : t("control.holes.none", { times: number(limits().lacuna_fracao, 1) })),
      unknown > 0 && h("p", { class: "muted" }, t("control.holes.unknown", { count: unknown })));
    fill(lines, running.filter(({ linha }) => !wanted || linha === wanted).map(strip));
    fill(off, offTable(answer.atencao));
  }

  /** Ask for the newest poll; while an answer is awaited, nothing more is asked. */
  async function load() {
    if (asking) return;
    asking = true;
    try {
      [answer] = await Promise.all([get("control"), loadBoards()]);
      draw();
    } catch (error) {
      lede.textContent = error.message;
    }
    asking = false;
  }

  applyScreen();
  lede.textContent = t("loading");
  load();
  const stop = onTheme(draw);
  live.addEventListener("vehicles", load);
  return { update: () => { applyScreen(); draw(); }, leave: () => { stop(); live.removeEventListener("vehicles", load); leaveScreen(); } };
}

const planWords = ({ planned }) => (planned ? t("control.plan", { age: headwayWords(planned) }) : t("control.noplan"));

function hole(state) {
  return h("li", {}, lineBadge(state.linha), h("span", {}, toward(state.linha, state.sentido)),
    h("b", {}, t("control.hole", { age: headwayWords(state.gap.seconds), place: state.gap.place })), h("span", { class: "muted" }, planWords(state)),
    isHeld(state) && h("span", { class: "hold" }, t("control.hold", { age: headwayWords(state.hold) })));
}

function strip(state) {
  const { linha, sentido, beads } = state;
  const length = pathOf(linha, sentido)?.length ?? 1;
  const x = (share) => 14 + Math.min(1, Math.max(0, share)) * (WIDTH - 28);
  const label = t("control.strip", { line: linha, end: destination(linha, sentido) ?? t(`direction.${sentido}`), count: beads.length });
  let free = -Infinity;
  return h("div", { class: "strip-row" },
    h("a", { class: "plain strip-name", href: address("diagrama", { linha, sentido }) }, lineBadge(linha), h("span", {}, short(destination(linha, sentido) ?? ""), h("small", { class: "muted" }, planWords(state)))),
    s("svg", { class: "chart beads", viewBox: `0 0 ${WIDTH} 44`, role: "img", "aria-label": label },
      s("line", { x1: x(0), x2: x(1), y1: 16, y2: 16, class: "rail" }),
      stopsOf(linha, sentido).map((stop) => s("line", { x1: x(stop.distancia_m / length), x2: x(stop.distancia_m / length), y1: 11, y2: 21, class: "tick" }, s("title", {}, stop.nome))),
      [...beads].reverse().map(({ bus, share, seconds, grade }) => {
        const place = x(share);
        const named = seconds !== null && place - free > 34;
        if (named) free = place;
        return s("g", { class: `bead ${grade}` }, s("title", {}, t(seconds === null ? "control.bead.none" : "control.bead", { bus, ahead: headwayWords(seconds), age: signalAge(bus) })),
          shape(grade, place), named && s("text", { x: place, y: 40, "text-anchor": "middle" }, headwayMark(seconds)));
      })),
    h("span", { class: "strip-end small" }, isHeld(state) ? h("b", { class: "hold" }, t("control.hold", { age: headwayWords(state.hold) })) : state.waiting ? `${state.waiting} ${t("stop.waiting")}` : ""));
}

/** Return how old the newest signal of a bus is, in words. */
function signalAge(codigo) {
  const vehicle = live.vehicles.get(codigo);
  return vehicle ? age(ageOf(vehicle)) : "–";
}

/** A bead: a disc, a square when bunched, a ring when there is a gap, so that colour is not all. */
function shape(grade, x) {
  if (grade === "bunched") return s("rect", { x: x - 7, y: 9, width: 14, height: 14 });
  return s("circle", { cx: x, cy: 16, r: grade === "gapped" ? 7 : 7.5 });
}

function offTable(found) {
  if (!found.length) return h("p", { class: "muted" }, t("control.off.none"));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("control.off") }, h("table", { class: "compact" },
    h("thead", {}, h("tr", {}, ["list.line", "list.bus", "panel.status", "panel.age", "panel.station"].map((head) => h("th", { scope: "col" }, t(head))))),
    h("tbody", {}, found.map(({ codigo, linha, motivo, idade_segundos, estacao_nome }) => h("tr", {}, h("td", {}, lineBadge(linha)), h("td", {}, h("a", { href: address("mapa", { onibus: codigo }) }, codigo)),
      h("td", {}, t(`control.${REASONS[motivo]}`)), h("td", { class: "nowrap" }, t("ago", { age: age(idade_segundos) })), h("td", {}, estacao_nome ?? t("nodata")))))));
}

function csv(states) {
  return states.filter(({ beads, waiting }) => beads.length || waiting).map(({ linha, sentido, planned, beads, bunches, gap, hold, waiting }) => ({
    consulta: new Date(live.generated).toISOString(), linha, sentido, onibus_em_rota: beads.length, no_terminal: waiting, intervalo_planejado_s: planned, comboios: bunches,
    maior_buraco_s: gap && Math.round(gap.seconds), estacao: gap?.estacao_id, segurar_s: hold === null ? null : Math.round(hold),
  }));
}

function table(states) {
  return tableSvg([t("board.line"), t("board.route"), t("control.gap"), t("control.place"), t("control.planned"), t("control.holdHead")],
    states.filter(({ beads, waiting }) => beads.length || waiting).slice(0, 30).map((state) => [`${state.linha} ${toward(state.linha, state.sentido)}`, state.beads.length, state.gap ? age(state.gap.seconds) : "–", state.gap?.place ?? "–", state.planned ? age(state.planned) : "–", isHeld(state) ? age(state.hold) : "–"]));
}
