// Controls of both maps: zoom buttons, and a tip that names what is under the pointer.
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { network } from "../network.js";

const WIDEST = 230;

export function addZoomButtons(box, map) {
  const button = (text, label, act) => h("button", { class: "button icon", type: "button", "aria-label": label, title: label, onclick: act }, text);
  box.append(h("div", { class: "zoom" }, button("+", t("zoom.in"), () => map.zoomIn()), button("−", t("zoom.out"), () => map.zoomOut())));
}

/** Show a tip at the pointer: `words` of a bus's code, or the name of a station. */
export function addTip(box, stage, words) {
  const tip = h("div", { class: "tip", hidden: true });
  box.append(tip);
  const show = (point) => {
    const codigo = point && stage.fleet.pick(point.x, point.y, 12);
    const text = codigo ? words(codigo) : point && network.stations.get(stage.stationAt(point))?.nome;
    stage.map.getCanvas().style.cursor = text ? "pointer" : "";
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    tip.style.transform = `translate(${Math.min(point.x + 14, box.clientWidth - WIDEST)}px, ${point.y + 14}px)`;
  };
  stage.map.on("mousemove", (event) => show(event.point));
  stage.map.on("mouseout", () => show(null));
}
