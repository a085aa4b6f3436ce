// Search: a bus by its code or plate, a line, a station.
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { network } from "../network.js";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** Words that people put before a name to say what kind of thing they mean. */
const KINDS = { linha: "line", line: "line", onibus: "vehicle", bus: "vehicle", carro: "vehicle", estacao: "station", station: "station", terminal: "station" };

/** Return lines, vehicles and stations that match, the best first: an exact line, then stations, vehicles, and lines by name. */
export function find(words) {
  let wanted = plain(words.trim());
  const [first, ...rest] = wanted.split(/\s+/);
  const kind = rest.length ? KINDS[first] : undefined;
  if (kind && first !== "terminal") wanted = rest.join(" ");
  if (!wanted) return [];
  const all = matching(wanted).filter((result) => !kind || result.kind === kind);
  return all.length || !kind ? all : matching(wanted);
}

function matching(wanted) {
  const line = (one) => ({ kind: "line", key: one.linha, text: t("search.line", { line: one.linha, name: one.nome }) });
  const exact = [...network.lines.values()].filter((one) => plain(one.linha) === wanted).map(line);
  const lines = [...network.lines.values()].filter((one) => plain(one.linha) !== wanted && wanted.length > 2 && plain(one.nome).includes(wanted)).slice(0, 4).map(line);
  const before = (name) => Number(!plain(name).replace(/^terminal /, "").startsWith(wanted));
  const vehicles = [...live.vehicles.values()].filter((vehicle) => plain(vehicle.codigo).includes(wanted) || (vehicle.placa && plain(vehicle.placa).includes(wanted)))
    .slice(0, 6).map((vehicle) => ({ kind: "vehicle", key: vehicle.codigo, text: t("search.bus", { bus: vehicle.codigo, line: vehicle.linha ?? "–" }) }));
  const stations = [...network.stations.values()].filter((station) => plain(station.nome).includes(wanted))
    .sort((a, b) => before(a.nome) - before(b.nome)).slice(0, 5)
    .map((station) => ({ kind: "station", key: station.estacao_id, text: t(station.tipo === "terminal" ? "search.terminal" : "search.station", { name: station.nome }) }));
  return [...exact, ...stations, ...vehicles, ...lines];
}

/** Return the search field with its list, as a combobox that works by the keys. */
export function searchBox(view) {
  const list = h("ul", { id: "found", role: "listbox", class: "found", hidden: true, "aria-label": t("search.found") });
  const input = h("input", {
    class: "field", type: "search", id: "search", role: "combobox", autocomplete: "off", spellcheck: "false", placeholder: t("search.hint"),
    "aria-label": t("search.label"), "aria-expanded": "false", "aria-controls": "found", "aria-autocomplete": "list",
  });
  let found = [];
  let at = -1;

  const mark = (index) => {
    at = index;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === at)));
    if (at >= 0) input.setAttribute("aria-activedescendant", `found-${at}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const close = () => { list.hidden = true; input.setAttribute("aria-expanded", "false"); };
  const take = (result) => {
    close();
    input.value = "";
    view.drawer.open(false);
    if (result.kind === "line") {
      view.set({ linha: [result.key], onibus: null, estacao: null });
      view.stage?.fit(result.key);
    }
    else if (result.kind === "vehicle") {
      const vehicle = live.vehicles.get(result.key);
      view.set({ onibus: result.key, estacao: null });
      view.stage?.look(vehicle.longitude, vehicle.latitude);
    } else {
      const station = network.stations.get(result.key);
      view.set({ estacao: result.key, onibus: null });
      view.stage?.look(station.longitude, station.latitude);
    }
  };

  input.addEventListener("input", () => {
    // On a phone the results need the sheet to be up; whoever searches again is still in the field.
    view.drawer.open(true);
    found = find(input.value);
    const none = input.value.trim() && !found.length;
    fill(list, none ? h("li", { class: "none" }, t("search.none")) : found.map((result, i) =>
      h("li", { id: `found-${i}`, role: "option", "aria-selected": "false", onmousedown: (event) => { event.preventDefault(); take(result); } }, result.text)));
    list.hidden = !(found.length || none);
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark(found.length ? 0 : -1);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (found.length) mark((at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
    } else if (event.key === "Enter" && found[at]) take(found[at]);
    else if (event.key === "Escape") { input.value = ""; close(); }
  });
  input.addEventListener("focus", () => view.drawer.open(true));
  input.addEventListener("blur", close);
  return { element: h("div", { class: "search", role: "search" }, input, list), input };
}
