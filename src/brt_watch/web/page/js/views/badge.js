// The badge of a line: its number on its colour.
import { inkOn, lineColor } from "../colors.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { destination, network, short } from "../network.js";

export function lineBadge(linha, size = "") {
  const color = lineColor(network.lines.get(linha)?.cor);
  return h("span", { class: `badge ${size}`, "--line": color, "--line-ink": inkOn(color), title: network.lines.get(linha)?.nome }, linha ?? h("span", { title: t("line.none") }, "–"));
}

/** Return where a line goes in a direction; while its name is not known, the direction. */
export function toward(linha, sentido) {
  const end = destination(linha, sentido);
  return end ? t("stop.toward", { end: short(end) }) : t(`direction.${sentido}`);
}
