// The controller's board: every line as two straight strips with its buses as beads, the worst first.
import { fill, h, s } from "../dom.js";
import { age, clock, headwayWords } from "../format.js";
import { t } from "../i18n.js";
import { ageClass, ageOf, inService, live } from "../live.js";
import { destination, limits, pathOf, short } from "../network.js";
import { address, amend, here } from "../route.js";
import { boards, directions, isWeekend, loadBoards, plannedHeadway, secondsSince, stopsOf, wasCaptured } from "../stops.js";
import { onTheme } from "../theme.js";
import { lineBadge } from "./badge.js";
import { exportBar, tableSvg } from "./save.js";
import { applyScreen, leaveScreen, screenButton } from "./screen.js";

const ASK_EVERY = 20000;
const HOLES = 8;
const WIDTH = 1000;

/** Return how a headway compares with the plan: bunched, gapped, ok or unknown. */
export function gradeOf(seconds, planned) {
  if (seconds === null || !planned) return "unknown";
  return seconds < limits().comboio_fracao * planned ? "bunched" : seconds > limits().lacuna_fracao * planned ? "gapped" : "ok";
}

/** Return a line in a direction as it runs now: its beads with the headway before each, its longest gap, its grade. */
export function stateOf({ linha, sentido }, now = live.generated) {
  const planned = plannedHeadway(linha, now);
  const stops = stopsOf(linha, sentido);
  const length = pathOf(linha, sentido)?.length ?? 1;
  const beads = [...live.vehicles.values()].filter((bus) => bus.linha === linha && (bus.sentido_estimado ?? bus.sentido) === sentido && bus.progresso_m !== null
    && bus.desvio_m <= limits().viagem_desvio_m && ageClass(ageOf(bus)) === "ao vivo" && !["Parado terminal", "Parado garagem"].includes(bus.status))
    .sort((a, b) => b.progresso_m - a.progresso_m).map((bus) => {
      const seconds = headwayOf(bus, stops);
      return { bus, share: bus.progresso_m / length, seconds, grade: gradeOf(seconds, planned) };
    });
  const waiting = [...live.vehicles.values()].filter((bus) => bus.linha === linha && (bus.sentido_estimado ?? bus.sentido) === sentido && bus.status === "Parado terminal" && bus.progresso_m !== null && bus.progresso_m < limits().viagem_terminal_m && inService(bus));
  let gap = null;
  for (const stop of stops.filter(({ ponta }) => ponta !== "fim")) {
    const [last] = sorted(stop.passagens);
    if (!last) continue;
    const seconds = secondsSince(last.datahora);
    // Where the capture has a hole, a bus may have passed unseen.
    if (!wasCaptured(Date.parse(last.datahora), boards.generated)) continue;
    if (!gap || seconds > gap.seconds) gap = { seconds, place: stop.nome, estacao_id: stop.estacao_id };
  }
  const left = stops[0] && sorted(stops[0].passagens)[0];
  const hold = waiting.length && left && planned && wasCaptured(Date.parse(left.datahora), boards.generated) ? Math.max(0, planned - secondsSince(left.datahora)) : null;
  const ratio = gap && planned ? gap.seconds / planned : 0;
  const bunches = beads.filter(({ grade }) => grade === "bunched").length;
  return { linha, sentido, planned, beads, waiting: waiting.length, gap, hold, ratio, bunches, stops, badness: ratio + bunches * 0.5 };
}

const sorted = (passes) => [...passes].sort((a, b) => Date.parse(b.datahora) - Date.parse(a.datahora));

/** Return the seconds between a bus and the one before it at the last station that both passed, null when unknown. */
function headwayOf(bus, stops) {
  for (const stop of stops.filter(({ distancia_m }) => distancia_m <= bus.progresso_m).reverse()) {
    const passes = sorted(stop.passagens);
    const at = passes.findIndex(({ codigo }) => codigo === bus.codigo);
    if (at < 0) continue;
    const [now, before] = [passes[at], passes[at + 1]].map((pass) => pass && Date.parse(pass.datahora));
    return before && wasCaptured(before, now) ? (now - before) / 1000 : null;
  }
  return null;
}

export function enter(root) {
  const lede = h("p", { class: "lede", role: "status" });
  const [holes, lines, off] = Array.from({ length: 3 }, () => h("div"));
  const choice = h("select", { class: "field", id: "control-line", "aria-label": t("filter.line"), onchange: () => { amend({ linha: choice.value }); draw(); } });
  const names = [...new Set(directions().map(({ linha }) => linha))];
  fill(choice, h("option", { value: "" }, t("control.all")), names.map((linha) => h("option", { value: linha }, linha)));
  const key = h("ul", { class: "keys-row" }, ["ok", "bunched", "gapped", "unknown"].map((grade) => h("li", {}, h("i", { class: `bead ${grade}` }), t(`control.key.${grade}`))));
  let states = [];
  root.append(h("div", { class: "page control" },
    h("div", { class: "page-head" }, h("div", {}, h("h1", {}, t("control.title")), lede), h("div", { class: "controls" }, h("label", { class: "inline" }, h("span", { class: "label" }, t("filter.line")), choice), screenButton())),
    h("section", {}, h("h2", {}, t("control.holes")), holes),
    h("section", { class: "block" }, h("h2", {}, t("control.lines")), key, lines),
    h("section", { class: "block" }, h("h2", {}, t("control.off")), off),
    h("p", { class: "muted small note" }, t("control.note"), " ", h("a", { href: address("acerto") }, t("score.title"))),
    exportBar({ drawing: () => table(states), about: () => ({ title: t("control.title"), subtitle: t("asof", { time: clock(live.generated, true), age: age(live.quietFor) }), coverage: "" }), rows: () => csv(states), name: () => `brt-controle-${clock(live.generated).replace(":", "h")}` })));

  function draw() {
    if (!boards.stations.size) return;
    const wanted = here().params.get("linha") ?? "";
    choice.value = wanted;
    states = directions().map((one) => stateOf(one)).sort((a, b) => b.badness - a.badness);
    const running = states.filter(({ beads, waiting }) => beads.length || waiting);
    const worst = states.filter(({ linha, ratio, beads, waiting }) => (!wanted || linha === wanted) && ratio > limits().lacuna_fracao && (beads.length || waiting));
    lede.textContent = !live.generated ? t("asof.none") : `${t("control.lede", {
      beads: running.reduce((all, { beads }) => all + beads.length, 0), lines: new Set(running.map(({ linha }) => linha)).size, holes: worst.length, bunches: running.reduce((all, { bunches }) => all + bunches, 0),
    })} ${t("asof", { time: clock(live.generated, true), age: age(live.quietFor) })}.${isWeekend(live.generated) ? ` ${t("control.weekend")}` : ""}`;
    fill(holes, worst.length ? h("ol", { class: "holes" }, [...worst].sort((a, b) => b.ratio - a.ratio).slice(0, HOLES).map(hole)) : h("p", { class: "muted" }, t("control.holes.none")));
    fill(lines, running.filter(({ linha }) => !wanted || linha === wanted).map(strip));
    fill(off, offTable());
  }

  async function load() {
    try {
      await loadBoards();
      draw();
    } catch (error) {
      lede.textContent = error.message;
    }
  }

  applyScreen();
  lede.textContent = t("loading");
  load();
  const timer = setInterval(load, ASK_EVERY);
  const stop = onTheme(draw);
  live.addEventListener("vehicles", draw);
  return { update: () => { applyScreen(); draw(); }, leave: () => { clearInterval(timer); stop(); live.removeEventListener("vehicles", draw); leaveScreen(); } };
}

const toward = ({ linha, sentido }) => t("stop.toward", { end: short(destination(linha, sentido) ?? t(`direction.${sentido}`)) });
const planWords = ({ planned }) => (planned ? t("control.plan", { age: headwayWords(planned) }) : t("control.noplan"));

function hole(state) {
  return h("li", {}, lineBadge(state.linha), h("span", {}, toward(state)),
    h("b", {}, t("control.hole", { age: headwayWords(state.gap.seconds), place: state.gap.place })), h("span", { class: "muted" }, planWords(state)),
    state.hold >= 30 && h("span", { class: "hold" }, t("control.hold", { age: headwayWords(state.hold) })));
}

function strip(state) {
  const { linha, sentido, beads, stops } = state;
  const length = pathOf(linha, sentido)?.length ?? 1;
  const x = (share) => 14 + Math.min(1, Math.max(0, share)) * (WIDTH - 28);
  const label = t("control.strip", { line: linha, end: destination(linha, sentido) ?? t(`direction.${sentido}`), count: beads.length });
  let free = -Infinity;
  return h("div", { class: "strip-row" },
    h("a", { class: "plain strip-name", href: address("diagrama", { linha, sentido }) }, lineBadge(linha), h("span", {}, short(destination(linha, sentido) ?? ""), h("small", { class: "muted" }, planWords(state)))),
    s("svg", { class: "chart beads", viewBox: `0 0 ${WIDTH} 44`, role: "img", "aria-label": label },
      s("line", { x1: x(0), x2: x(1), y1: 16, y2: 16, class: "rail" }),
      stops.map((stop) => s("line", { x1: x(stop.distancia_m / length), x2: x(stop.distancia_m / length), y1: 11, y2: 21, class: "tick" }, s("title", {}, stop.nome))),
      [...beads].reverse().map(({ bus, share, seconds, grade }) => {
        const place = x(share);
        const named = seconds !== null && place - free > 34;
        if (named) free = place;
        return s("g", { class: `bead ${grade}` }, s("title", {}, t(seconds === null ? "control.bead.none" : "control.bead", { bus: bus.codigo, ahead: headwayWords(seconds), age: age(ageOf(bus)) })),
          shape(grade, place), named && s("text", { x: place, y: 40, "text-anchor": "middle" }, seconds < 90 ? `${Math.round(seconds)}s` : `${Math.round(seconds / 60)}′`));
      })),
    h("span", { class: "strip-end small" }, state.hold >= 30 ? h("b", { class: "hold" }, t("control.hold", { age: headwayWords(state.hold) })) : state.waiting ? `${state.waiting} ${t("stop.waiting")}` : ""));
}

/** A bead: a disc, a square when bunched, a ring when there is a gap, so that colour is not all. */
function shape(grade, x) {
  if (grade === "bunched") return s("rect", { x: x - 7, y: 9, width: 14, height: 14 });
  return s("circle", { cx: x, cy: 16, r: grade === "gapped" ? 7 : 7.5 });
}

/** Return the buses off their route, or on a line and not heard of for a while, up to an hour. */
function offList() {
  return [...live.vehicles.values()].filter((bus) => bus.linha && bus.status !== "Parado garagem" && ageOf(bus) <= limits().intervalo_max_segundos).map((bus) => {
    const seconds = ageOf(bus);
    const kind = ageClass(seconds) !== "ao vivo" && bus.status !== "Parado terminal" ? "silent" : ["Operando fora trajeto", "Parado fora trajeto"].includes(bus.status) ? "offroute" : null;
    return kind && { bus, seconds, kind };
  }).filter(Boolean).sort((a, b) => a.kind.localeCompare(b.kind) || b.seconds - a.seconds);
}

function offTable() {
  const found = offList();
  if (!found.length) return h("p", { class: "muted" }, t("control.off.none"));
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("control.off") }, h("table", { class: "compact" },
    h("thead", {}, h("tr", {}, ["list.line", "list.bus", "panel.status", "panel.age", "panel.station"].map((head) => h("th", { scope: "col" }, t(head))))),
    h("tbody", {}, found.map(({ bus, seconds, kind }) => h("tr", {}, h("td", {}, lineBadge(bus.linha)), h("td", {}, h("a", { href: address("mapa", { onibus: bus.codigo }) }, bus.codigo)),
      h("td", {}, t(`control.${kind}`)), h("td", { class: "nowrap" }, t("ago", { age: age(seconds) })), h("td", {}, bus.estacao_proxima?.nome ?? t("nodata")))))));
}

function csv(states) {
  return states.filter(({ beads, waiting }) => beads.length || waiting).map(({ linha, sentido, planned, beads, bunches, gap, hold, waiting }) => ({
    consulta: new Date(live.generated).toISOString(), linha, sentido, onibus_em_rota: beads.length, no_terminal: waiting, intervalo_planejado_s: planned, comboios: bunches,
    maior_buraco_s: gap && Math.round(gap.seconds), estacao: gap?.estacao_id, segurar_s: hold === null ? null : Math.round(hold),
  }));
}

function table(states) {
  return tableSvg([t("board.line"), t("board.route"), t("control.gap"), t("control.place"), t("control.planned"), t("control.holdHead")],
    states.filter(({ beads, waiting }) => beads.length || waiting).slice(0, 30).map((state) => [`${state.linha} ${toward(state)}`, state.beads.length, state.gap ? age(state.gap.seconds) : "–", state.gap?.place ?? "–", state.planned ? age(state.planned) : "–", state.hold >= 30 ? age(state.hold) : "–"]));
}
