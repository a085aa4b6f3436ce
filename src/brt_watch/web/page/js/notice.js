// What is wrong right now, in the language of the page.
import { clock, dateTime } from "./format.js";
import { t } from "./i18n.js";
import { live } from "./live.js";

const MILD = ["banco_ausente", "sem_captura"];

/** Return the notice to show, {text, mild}; null when nothing is wrong. */
export function notice() {
  if (live.failure && !live.streaming) return { text: t("unreached", { why: live.failure }), mild: false };
  if (!live.notice) return null;
  const { failure } = live.trouble ?? {};
  if (live.notice.code === "sem_captura" && failure) return { text: withHint("notice.sem_captura.failed", { time: clock(failure.tick, true), why: failure.motivo }), mild: false };
  if (live.notice.code === "captura_parada") return { text: withHint("notice.captura_parada", { time: dateTime(live.generated, true) }), mild: false };
  const key = `notice.${live.notice.code}`;
  return { text: t(key) === key ? live.notice.text : t(key), mild: MILD.includes(live.notice.code) };
}

/** A hint of a command names the system that is shown: that of `make demo` has its own. */
const withHint = (key, values) => t(key, { ...values, demo: live.trouble?.demo ? " DEMO=1" : "" });
