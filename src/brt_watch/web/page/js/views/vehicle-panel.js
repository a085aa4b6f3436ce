// One bus: its place on the line, its speed over the last hour, the age of its last signal.
import { statusColor } from "../colors.js";
import { get } from "../api.js";
import { timeCurve } from "../charts.js";
import { basisWords, forecastsOf, minutesOf, minutesWords, silentAfter } from "../forecasts.js";
import { copyButton, fill, h, icon } from "../dom.js";
import { ago, clock, distance, number } from "../format.js";
import { t } from "../i18n.js";
import { ageClass, ageOf, live } from "../live.js";
import { missingWords } from "../missing.js";
import { destination, limits, network } from "../network.js";
import { address } from "../route.js";
import { loadBoards, stopsOf } from "../stops.js";
import { lineBadge } from "./badge.js";
import { progressStrip } from "./progress.js";

const MINUTES = 60;
const NEXT = 4;

/** Fill a panel with a bus; returns what refreshes it. */
export function vehiclePanel(panel, codigo, close, view) {
  const head = h("header", { class: "panel-head" });
  const facts = h("dl", { class: "facts" });
  const way = h("section", { class: "group" });
  const ahead = h("section", { class: "group" });
  const chart = h("section", { class: "group" }, h("h2", { class: "label" }, t("panel.speed")), h("p", { class: "muted small" }, t("loading")));
  const actions = h("p", { class: "actions" });
  fill(panel, head, facts, way, ahead, chart, actions);
  let stamp = null;
  let whole = false;
  let headed = "";

  function refresh() {
    if (!panel.contains(head)) return;
    const vehicle = live.vehicles.get(codigo);
    if (!vehicle) {
      fill(head, title(codigo, null, close), h("p", {}, t("panel.unknown")));
      fill(chart);
      return;
    }
    const seconds = ageOf(vehicle);
    const direction = vehicle.sentido_estimado ?? vehicle.sentido;
    // The names of the lines may come later than the bus.
    const now = [vehicle.linha, direction, destination(vehicle.linha, direction)].join();
    if (headed !== now) {
      headed = now;
      fill(head, title(codigo, vehicle.linha, close), h("p", { class: "toward" }, toward(vehicle.linha, direction)),
        vehicle.sentido_corrigido && h("p", { class: "muted small" }, t("panel.corrected", { sentido: vehicle.sentido ?? "–" })));
      fill(actions, actionsOf(vehicle, direction, view));
    }
    const state = ["ao vivo", "atrasado"].includes(ageClass(seconds)) ? vehicle.status ?? "-" : "-";
    fill(facts,
      fact(t("panel.speed.now"), vehicle.velocidade === null ? "–" : [number(vehicle.velocidade), h("small", {}, " km/h")], "big"),
      fact(t("panel.age"), ago(seconds), "big"),
      fact(t("panel.status"), h("span", { class: "row start" }, h("i", { class: "dot", "--dot": statusColor(state === "-" ? "" : state) }), t(`status.${state}`)), "wide"),
      fact(t("panel.station"), vehicle.estacao_proxima ? [vehicle.estacao_proxima.nome, h("small", {}, ` ${distance(vehicle.estacao_proxima.distancia_m)}`)] : "–", "wide"),
      fact(t("panel.plate"), vehicle.placa || "–"),
      fact(t("panel.signal"), clock(vehicle.datahora, true)),
      vehicle.desvio_m > limits().viagem_desvio_m && fact(t("panel.off"), distance(vehicle.desvio_m), "wide"));
    if (stamp !== vehicle.datahora) {
      stamp = vehicle.datahora;
      fill(way, progressStrip(vehicle, direction));
      loadAhead().catch(() => {});
      load();
    }
  }

  /** Fetch where the line stops and when the bus comes there, for the stations ahead. */
  async function loadAhead() {
    const vehicle = live.vehicles.get(codigo);
    const direction = vehicle?.sentido_estimado ?? vehicle?.sentido;
    if (!vehicle || !network.paths.has(`${vehicle.linha} ${direction}`)) return;
    const [forecasts] = await Promise.all([forecastsOf(codigo), stopsOf(vehicle.linha, direction).length || loadBoards()]);
    if (!panel.contains(head)) return;
    fill(way, progressStrip(vehicle, direction));
    const list = () => fill(ahead, nextStations(vehicle, direction, forecasts, whole, () => { whole = !whole; list().querySelector("button").focus(); }));
    list();
  }

  async function load() {
    try {
      const trail = await get(`vehicles/${encodeURIComponent(codigo)}/trail`, { minutos: MINUTES });
      const { pontos } = trail;
      if (!panel.contains(head)) return;
      view.stage?.trail(pontos);
      const to = Math.max(live.generated, ...pontos.map((point) => Date.parse(point.datahora)));
      const speeds = pontos.map((point) => [Date.parse(point.datahora), point.velocidade]);
      const middle = median(speeds.map(([, value]) => value).filter((value) => value >= limits().velocidade_limiar_parado_kmh));
      fill(chart, h("h2", { class: "label" }, t("panel.speed")), pontos.length < 2 ? h("p", { class: "muted small" }, t("panel.notrail")) : timeCurve({
        points: speeds, from: to - MINUTES * 60000, to, top: 60, unit: " km/h",
        label: t("panel.speed.words", { top: number(Math.max(...speeds.map(([, value]) => value ?? 0))), middle: number(middle) }),
        caption: t("panel.speed.caption", { middle: number(middle) }),
      }), view.stage && pontos.length > 1 && trailKey(), trail.aviso && h("p", { class: "muted small" }, missingWords(trail)));
    } catch (error) {
      fill(chart, h("h2", { class: "label" }, t("panel.speed")), h("p", { class: "muted small" }, error.message));
    }
  }

  refresh();
  loadAhead().catch(() => {});
  const timer = setInterval(() => (panel.contains(head) ? refresh() : clearInterval(timer)), 1000);
  view.draw();
  return () => {};
}

/** Return the next stations of a bus that is on its route, the first few or all, with the minutes until each that has a forecast. */
function nextStations(vehicle, direction, forecasts, whole, turn) {
  if (vehicle.progresso_m === null || ageOf(vehicle) > silentAfter()) return null;
  const stops = stopsOf(vehicle.linha, direction).filter(({ distancia_m }) => distancia_m > vehicle.progresso_m);
  if (!stops.length) return null;
  const first = minutesOf([...forecasts.values()][0], ageOf(vehicle));
  const basis = first && basisWords(first);
  return [h("h2", { class: "label" }, t("panel.ahead")), h("ul", { class: "next" }, stops.slice(0, whole ? stops.length : NEXT).map((stop) => {
    const away = stop.distancia_m - vehicle.progresso_m;
    const minutes = minutesOf(forecasts.get(stop.estacao_id), ageOf(vehicle));
    return h("li", {}, h("a", { href: address("estacao", { id: stop.estacao_id }) }, stop.nome), h("span", { class: "muted nowrap" }, minutes ? minutesWords(minutes) : distance(away)));
  })), stops.length > NEXT && h("button", { class: "button", type: "button", "aria-expanded": String(whole), onclick: turn }, t(whole ? "panel.ahead.less" : "panel.ahead.all", { count: stops.length })), basis && h("p", { class: "muted small" }, basis)];
}

/** Return the colour key of the trail on the map. */
const trailKey = () => [h("h2", { class: "label" }, t("panel.trail")), h("div", { class: "trail-key", "aria-hidden": "true" }, h("i"), h("span", {}, "0"), h("span", {}, "20"), h("span", {}, "45+ km/h"))];

const median = (values) => (values.length ? values.sort((a, b) => a - b)[values.length >> 1] : null);

function title(codigo, linha, close) {
  return h("div", { class: "row" }, h("div", { class: "row start" }, linha && lineBadge(linha, "large"), h("h2", { class: "code", tabindex: "-1" }, h("small", {}, t("bus")), codigo)),
    h("button", { class: "button quiet icon", type: "button", "aria-label": t("close"), title: t("close"), onclick: close }, icon("close")));
}

function toward(linha, direction) {
  const end = destination(linha, direction);
  if (end) return [t("panel.toward"), " ", h("b", {}, end), h("span", { class: "muted" }, ` · ${t(`direction.${direction}`)}`)];
  return network.lines.get(linha)?.nome ?? t("line.none");
}

const fact = (name, value, kind = "") => h("div", { class: kind === "wide" ? "wide" : null }, h("dt", {}, name), h("dd", { class: kind === "big" ? "big" : null }, value));

function actionsOf(vehicle, direction, view) {
  const aim = () => {
    const now = live.vehicles.get(vehicle.codigo);
    view.stage?.look(now.longitude, now.latitude, 14.5);
  };
  return [
    h("button", { class: "button", type: "button", onclick: aim }, icon("aim"), h("span", {}, t("panel.aim"))),
    network.paths.has(`${vehicle.linha} ${direction}`) && h("a", { class: "button", href: address("diagrama", { linha: vehicle.linha, sentido: direction, onibus: vehicle.codigo }) }, icon("diagram"), h("span", {}, t("nav.diagrama"))),
    h("a", { class: "button", href: address("viagens", { linha: network.paths.has(`${vehicle.linha} ${direction}`) ? vehicle.linha : null, sentido: direction, onibus: vehicle.codigo, horas: "24" }) }, icon("report"), h("span", {}, t("report.viagens"))),
    copyButton(t("copy"), t("copied"), () => location.href),
  ];
}
