// The service board: one row per line, how it runs now.
import { get } from "../api.js";
import { sparkline } from "../charts.js";
import { lineColor } from "../colors.js";
import { fill, h } from "../dom.js";
import { age, number } from "../format.js";
import { t } from "../i18n.js";
import { limits, network, short, takeLines } from "../network.js";
import { address, amend, here } from "../route.js";
import { onTheme } from "../theme.js";
import { lineBadge } from "./badge.js";

const ASK_EVERY = 30000;

/** The columns, and what they sort by: largest first unless `up`. */
const COLUMNS = {
  linha: { head: "board.line", value: (line) => line.linha, up: true },
  em_servico: { head: "board.service", value: (line) => line.em_servico },
  em_rota: { head: "board.route", value: (line) => line.em_rota },
  em_terminais: { head: "board.terminal", value: (line) => line.em_terminais },
  velocidade: { head: "board.speed", value: (line) => line.velocidade_mediana },
  ida: { head: "board.ida", value: (line) => line.regularidade?.ida },
  volta: { head: "board.volta", value: (line) => line.regularidade?.volta },
  idade: { head: "board.age", value: (line) => line.idade_mediana_segundos },
};

/** What a phone has room for. */
const MAIN = ["linha", "em_servico", "ida", "volta"];

export function enter(root) {
  const lede = h("p", { class: "lede" });
  const empty = h("input", { type: "checkbox", onchange: () => { amend({ vazias: empty.checked ? "1" : null }); draw(); } });
  const body = h("tbody");
  const heads = Object.entries(COLUMNS).map(([key, column]) =>
    h("th", { scope: "col", class: key === "linha" ? "first" : `number${MAIN.includes(key) ? "" : " minor"}`, "data-key": key }, h("button", { class: "sort", type: "button", onclick: () => sortBy(key) }, t(column.head))));
  let failed = false;
  const note = h("p", { class: "muted small note" });
  const problem = h("p", { class: "problem", hidden: true, role: "alert" });
  root.append(h("div", { class: "page" },
    h("div", { class: "page-head" }, h("div", {}, h("h1", {}, t("board.title")), lede), h("label", { class: "check" }, empty, t("board.empty"))), problem,
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": t("board.caption") },
      h("table", { class: "board" }, h("caption", { class: "unseen" }, t("board.caption")),
        h("thead", {}, h("tr", {}, heads, h("th", { scope: "col", class: "minor" }, t("board.hours")), h("th", { scope: "col", class: "minor" }, t("board.links")))), body)),
    note));

  function sortBy(key) {
    const params = here().params;
    const first = COLUMNS[key].up ? "crescente" : "decrescente";
    const other = first === "crescente" ? "decrescente" : "crescente";
    const current = params.get("ordem") ?? "linha";
    amend({ ordem: key, rumo: current === key && (params.get("rumo") ?? first) === first ? other : first });
    draw();
  }

  function draw() {
    if (limits()) note.textContent = t("board.note", { even: number(limits().espacamento_regular, 1), uneven: number(limits().espacamento_irregular) });
    const params = here().params;
    const key = params.get("ordem") in COLUMNS ? params.get("ordem") : "linha";
    const up = (params.get("rumo") ?? (COLUMNS[key].up ? "crescente" : "decrescente")) === "crescente";
    empty.checked = params.get("vazias") === "1";
    for (const head of heads) head.setAttribute("aria-sort", head.dataset.key === key ? (up ? "ascending" : "descending") : "none");
    heads.forEach((head) => head.getAttribute("aria-sort") === "none" && head.removeAttribute("aria-sort"));
    const lines = [...network.lines.values()].filter((line) => line.em_servico !== undefined);
    const rows = lines.filter((line) => empty.checked || line.em_servico > 0).sort(order(key, up));
    const top = Math.max(40, ...lines.map((line) => line.velocidade_mediana ?? 0));
    const sum = (name) => lines.reduce((all, line) => all + (line[name] ?? 0), 0);
    const speeds = lines.filter((line) => line.em_rota).map((line) => line.velocidade_mediana).filter((value) => value !== null).sort((a, b) => a - b);
    lede.textContent = !sum("em_servico") ? (lines.length ? t("board.none") : failed ? "" : t("loading")) : t("board.lede", {
      route: number(sum("em_rota")), terminal: number(sum("em_terminais")),
      lines: lines.filter((line) => line.em_servico).length, speed: number(speeds[speeds.length >> 1]),
    });
    if (body.contains(document.activeElement)) return;
    fill(body, rows.map((line) => row(line, top)));
  }

  async function load() {
    try {
      takeLines(await get("lines"));
      problem.hidden = true;
      failed = false;
    } catch (error) {
      problem.textContent = error.message;
      problem.hidden = false;
      failed = true;
    }
    draw();
  }

  draw();
  load();
  const timer = setInterval(load, ASK_EVERY);
  const stop = onTheme(draw);
  return { update: draw, leave: () => { clearInterval(timer); stop(); } };
}

function order(key, up) {
  const value = COLUMNS[key].value;
  return (one, other) => {
    const [a, b] = [value(one), value(other)];
    const known = (a === null || a === undefined) - (b === null || b === undefined);
    if (known) return known;
    const by = key === "linha" ? a.localeCompare(b, "pt", { numeric: true }) : a - b;
    return (up ? by : -by) || one.linha.localeCompare(other.linha, "pt", { numeric: true });
  };
}

function row(line, top) {
  const color = lineColor(line.cor);
  const hours = line.historico ?? [];
  const direction = network.paths.has(`${line.linha} ida`) ? "ida" : "volta";
  return h("tr", { "data-line": line.linha },
    h("th", { scope: "row", class: "first" }, h("a", { class: "row start plain", href: address("mapa", { linha: line.linha, cor: "linha" }) }, lineBadge(line.linha), h("span", { class: "name" }, short(line.nome), h("small", {}, t(`service.${line.servico}`))))),
    h("td", { class: "number strong" }, number(line.em_servico)), h("td", { class: "number minor" }, number(line.em_rota)), h("td", { class: "number minor" }, number(line.em_terminais)),
    h("td", { class: "number minor" }, h("span", { class: "meter", "--share": (line.velocidade_mediana ?? 0) / top, "--line": color }, h("i"), h("b", {}, line.velocidade_mediana === null ? "–" : number(line.velocidade_mediana)))),
    evenness(line.regularidade?.ida), evenness(line.regularidade?.volta),
    h("td", { class: "number nowrap minor" }, age(line.idade_mediana_segundos)),
    h("td", { class: "minor" }, sparkline(hours.map((hour) => hour.veiculos), t("board.hours.words", { values: hours.map((hour) => hour.veiculos).join(", ") }), color)),
    h("td", { class: "nowrap small minor" }, h("a", { href: address("mapa", { linha: line.linha, cor: "linha" }), "aria-label": `${t("nav.mapa")}, ${line.linha}` }, t("nav.mapa")),
      network.paths.has(`${line.linha} ${direction}`) && [" · ", h("a", { href: address("diagrama", { linha: line.linha, sentido: direction }), "aria-label": `${t("nav.diagrama")}, ${line.linha}` }, t("nav.diagrama"))]));
}

function evenness(value) {
  // Without the network, which the server could not give, there are no thresholds.
  if (value === null || value === undefined || !limits()) return h("td", { class: "number muted" }, "–");
  const grade = value <= limits().espacamento_regular ? "good" : value <= limits().espacamento_irregular ? "fair" : "poor";
  return h("td", { class: "number" }, h("span", { class: `grade ${grade}` }, h("small", {}, t(`even.${grade}`)), number(value, 2)));
}
