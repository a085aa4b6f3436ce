// One station on the map: its lines, and when the last buses passed by line and direction.
import { get } from "../api.js";
import { fill, h, icon } from "../dom.js";
import { age, clock } from "../format.js";
import { t } from "../i18n.js";
import { destination, network } from "../network.js";
import { address } from "../route.js";
import { lineBadge } from "./badge.js";

const ASK_EVERY = 20000;

/** Return "Partiu" or "Chegou" where a path begins or ends at the station. */
function endWord(lines, { linha, sentido }) {
  const end = lines?.find((one) => one.linha === linha && one.sentido === sentido)?.ponta;
  return end ? h("span", { class: "muted small" }, t(end === "inicio" ? "station.left" : "station.came"), " · ") : null;
}

/** Fill a panel with a station; it refreshes itself as long as it is shown. */
export function stationPanel(panel, id, close, view) {
  const station = network.stations.get(id);
  const body = h("div", {}, h("p", { class: "muted small" }, t("loading")));
  const name = station?.nome ?? id;
  fill(panel,
    h("header", { class: "panel-head" },
      h("div", { class: "row" }, h("h2", { class: "code", tabindex: "-1" }, h("small", {}, t(`station.${station?.tipo ?? "estacao"}`)), name),
        h("button", { class: "button quiet icon", type: "button", "aria-label": t("close"), title: t("close"), onclick: close }, icon("close"))),
      station?.corredores?.length ? h("p", { class: "muted small" }, station.corredores.join(" · ")) : null),
    h("h2", { class: "label" }, t("station.passes")), body,
    h("p", { class: "actions" }, h("a", { class: "button", href: address("estacao", { id }) }, icon("stop"), h("span", {}, t("station.open")))));
  let passes = [];
  let lines = null;
  let heard = 0;

  async function load() {
    try {
      const answer = await get(`stations/${encodeURIComponent(id)}`);
      [passes, lines] = [answer.passagens, answer.linhas];
      heard = performance.now();
      draw();
    } catch (error) {
      fill(body, h("p", { class: "muted small" }, error.message));
    }
  }

  const opener = (codigo) => h("button", { class: "link", type: "button", onclick: () => view.set({ onibus: codigo, estacao: null }) }, codigo);

  function draw() {
    const groups = new Map();
    for (const pass of passes) {
      const key = `${pass.linha} ${pass.sentido}`;
      groups.set(key, [...(groups.get(key) ?? []), pass]);
    }
    const later = (performance.now() - heard) / 1000;
    const newest = [...groups.values()].map((group) => group.sort((a, b) => a.ha_segundos - b.ha_segundos)).sort((a, b) => a[0].ha_segundos - b[0].ha_segundos);
    if (!newest.length) {
      fill(body, h("p", { class: "muted" }, t(lines?.length === 0 ? "station.nolines" : "station.none")));
      return;
    }
    fill(body, h("table", { class: "passes" }, h("caption", { class: "unseen" }, t("station.caption", { name })),
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("list.line")), h("th", { scope: "col" }, t("station.toward")), h("th", { scope: "col", class: "number" }, t("station.since")))),
      h("tbody", {}, newest.map((group) => h("tr", {},
        h("td", {}, lineBadge(group[0].linha)),
        h("td", {}, endWord(lines, group[0]), destination(group[0].linha, group[0].sentido) ?? group[0].sentido,
          h("div", { class: "muted small" }, group.map((pass, i) => [i ? " · " : "", opener(pass.codigo), ` ${clock(pass.datahora, true)}`]))),
        h("td", { class: "number nowrap since" }, age(group[0].ha_segundos + later)))))));
  }

  load();
  const asks = setInterval(() => (panel.contains(body) ? load() : clearInterval(asks)), ASK_EVERY);
  const ticks = setInterval(() => {
    if (!panel.contains(body)) clearInterval(ticks);
    else if (passes.length && !body.contains(document.activeElement)) draw();
  }, 5000);
  return () => {};
}
