// Open alerts: on a line in one direction passengers wait twice as long as planned or usual.
import { h } from "../dom.js";
import { dateTime, headwayWords } from "../format.js";
import { t } from "../i18n.js";
import { address } from "../route.js";
import { lineBadge, toward } from "./badge.js";

/** Return the open alerts as a list; null without any. */
export const alertList = (alerts) => (alerts.length ? h("ul", { class: "holes alerts" }, alerts.map(alertItem)) : null);

const alertItem = ({ linha, sentido, desde, espera_segundos: wait, espera_usual_segundos: usual, flag_do_plano: planned }) => h("li", {}, lineBadge(linha),
  h("a", { href: address("regularidade", { linha, sentido }) }, toward(linha, sentido)),
  h("b", {}, wait === null ? t("alert.waits") : t("alert.waits.now", { age: headwayWords(wait) })),
  h("span", { class: "muted" }, [usual !== null && t(planned ? "alert.waits.plan" : "alert.waits.usual", { age: headwayWords(usual) }), t("alert.waits.since", { time: dateTime(desde) })].filter(Boolean).join(" · ")));
