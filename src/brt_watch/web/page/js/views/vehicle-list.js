// The buses of the map as a table.
import { h } from "../dom.js";
import { age, number, speed } from "../format.js";
import { t } from "../i18n.js";
import { ageOf } from "../live.js";
import { lineBadge } from "./badge.js";

const MOST = 150;

/** Return the table of the vehicles shown, by line, the newest signal first. */
export function vehicleList(view, now) {
  const open = (vehicle) => {
    view.set({ onibus: vehicle.codigo, estacao: null });
    view.stage?.look(vehicle.longitude, vehicle.latitude, 13);
  };
  const order = (vehicle) => vehicle.linha ?? "~";
  const all = [...view.matching].sort((a, b) => order(a).localeCompare(order(b), "pt", { numeric: true }) || ageOf(a, now) - ageOf(b, now));
  const rows = all.slice(0, MOST).map((vehicle) => h("tr", { class: vehicle.codigo === view.choice.onibus ? "chosen" : null },
    h("td", {}, lineBadge(vehicle.linha)),
    h("td", {}, h("button", { class: "link", type: "button", "data-key": vehicle.codigo, onclick: () => open(vehicle) }, vehicle.codigo),
      // Of the vehicles of a further feed no status is derived.
      "status" in vehicle && h("div", { class: "muted small" }, t(`status.${vehicle.status ?? "-"}`))),
    h("td", { class: "number nowrap" }, speed(vehicle.velocidade)),
    h("td", { class: "number nowrap" }, age(ageOf(vehicle, now)))));
  return h("div", {},
    h("table", {}, h("caption", { class: "unseen" }, t("list.caption")),
      h("thead", {}, h("tr", {}, [["line", ""], ["bus", ""], ["speed", "number"], ["age", "number"]].map(([name, kind]) => h("th", { scope: "col", class: kind }, t(`list.${name}`))))),
      h("tbody", {}, rows)),
    all.length > MOST && h("p", { class: "muted small more" }, t("list.more", { count: number(all.length - MOST) })));
}
