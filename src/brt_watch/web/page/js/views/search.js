// Search: a bus by its code or plate, a line, a station.
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { network } from "../network.js";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

function find(words) {
  const wanted = plain(words.trim());
  if (!wanted) return [];
  const lines = [...network.lines.values()].filter((line) => plain(line.linha) === wanted || (wanted.length > 2 && plain(line.nome).includes(wanted)))
    .slice(0, 4).map((line) => ({ kind: "line", key: line.linha, text: t("search.line", { line: line.linha, name: line.nome }) }));
  const vehicles = [...live.vehicles.values()].filter((vehicle) => plain(vehicle.codigo).includes(wanted) || (vehicle.placa && plain(vehicle.placa).includes(wanted)))
    .slice(0, 6).map((vehicle) => ({ kind: "vehicle", key: vehicle.codigo, text: t("search.bus", { bus: vehicle.codigo, line: vehicle.linha ?? "–" }) }));
  const stations = [...network.stations.values()].filter((station) => plain(station.nome).includes(wanted))
    .slice(0, 5).map((station) => ({ kind: "station", key: station.estacao_id, text: t("search.station", { name: station.nome }) }));
  return [...lines, ...vehicles, ...stations];
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
    if (result.kind === "line") view.set({ linha: [result.key], onibus: null, estacao: null });
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
  input.addEventListener("blur", close);
  return { element: h("div", { class: "search", role: "search" }, input, list), input };
}
