// Open alerts: on a line in one direction passengers wait twice as long as planned or usual.
import { h } from "../dom.js";
import { dateTime, headwayWords } from "../format.js";
import { t } from "../i18n.js";
import { address } from "../route.js";
import { lineBadge, toward } from "./badge.js";

const FIRST = 6;

/** Return the open alerts as a list, the longest waits first and the others folded away; null without any. */
export function alertList(alerts, open = false) {
  if (!alerts.length) return null;
  const sorted = [...alerts].sort((a, b) => (b.espera_segundos ?? 0) - (a.espera_segundos ?? 0));
  const list = (some) => h("ul", { class: "holes alerts" }, some.map(alertItem));
  const rest = sorted.slice(FIRST);
  return [list(sorted.slice(0, FIRST)), rest.length > 0 && h("details", { open }, h("summary", {}, t("alert.more", { count: rest.length })), list(rest))];
}

const alertItem = ({ linha, sentido, desde, espera_segundos: wait, espera_usual_segundos: usual, flag_do_plano: planned }) => h("li", {}, lineBadge(linha),
  h("a", { href: address("regularidade", { linha, sentido }) }, toward(linha, sentido)),
  h("b", {}, wait === null ? t("alert.waits") : t("alert.waits.now", { age: headwayWords(wait) })),
  h("span", { class: "muted" }, [usual !== null && t(planned ? "alert.waits.plan" : "alert.waits.usual", { age: headwayWords(usual) }), t("alert.waits.since", { time: dateTime(desde) })].filter(Boolean).join(" · ")));
