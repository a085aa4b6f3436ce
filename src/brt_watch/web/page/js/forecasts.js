// When a bus comes, as the server forecasts it. The page only says in words how long that is from now.
import { get } from "./api.js";
import { t } from "./i18n.js";
import { live } from "./live.js";
import { limits } from "./network.js";

const SOON_S = 30;
const SCORE_EVERY = 600000;
const scores = new Map();

/** Return the age of a signal (s) from which a bus has no forecast. */
export const silentAfter = () => limits().previsao_silencio_segundos;

/** Return the forecasts at a station, by bus, line and direction. */
export async function forecastsAt(estacao) {
  const { previsoes } = await get("forecasts", { estacao });
  return new Map(previsoes.map((one) => [`${one.codigo} ${one.linha} ${one.sentido}`, one]));
}

/** Return the forecasts of a bus, by station. */
export async function forecastsOf(codigo) {
  const { previsoes } = await get("forecasts", { codigo });
  return new Map(previsoes.map((one) => [one.estacao_id, one]));
}

/** Return the minutes from now to a forecast arrival, {low, high, base, waits}; null without one, or when the bus is silent. */
export function minutesOf(forecast, seconds, now = live.now) {
  if (!forecast || seconds > silentAfter()) return null;
  const from = (moment) => (Date.parse(moment) - now) / 60000;
  const soon = from(forecast.chegada_p50) * 60 < SOON_S;
  const low = soon ? 0 : Math.max(0, Math.floor(from(forecast.chegada_p20)));
  const high = soon ? 0 : Math.max(low, 1, Math.ceil(from(forecast.chegada_p80)));
  return { low, high, base: forecast.base, waits: forecast.tipo === "no terminal" };
}

/** Return a forecast in words. */
export const minutesWords = ({ low, high }) => (high === 0 ? t("stop.now") : low === 0 ? t("stop.upto", { high }) : low === high ? t("stop.one", { low }) : t("stop.range", { low, high }));

/** Return whether a forecast stands on the planned speed, without history. */
export const isByPlan = ({ base, waits }) => !waits && base !== "histórico";

/** Return what a forecast stands on, where that is less than usual; null otherwise. */
export const basisWords = (minutes) => (minutes.waits ? t("stop.basis.waits") : isByPlan(minutes) ? t("stop.basis.plan") : null);

/** Return in words how often forecasts of the lines of a station were right lately. */
export async function scoreWords(estacao) {
  const score = scores.get(estacao) ?? { asked: -Infinity, answer: null };
  scores.set(estacao, score);
  if (performance.now() - score.asked > SCORE_EVERY) {
    score.asked = performance.now();
    score.answer = get("forecasts/score", { estacao }).catch(() => null);
  }
  const found = await score.answer;
  if (!found || found.aviso) return t("stop.score.away");
  const of = (name) => found.metodos.find(({ metodo }) => metodo === name)?.transitapp;
  const [ours, city] = [of("previsão"), of("prefeitura")];
  if (!ours) return t("stop.score.none");
  const percent = (share) => Math.round(share * 100);
  return t("stop.score", { share: percent(ours), city: city ? percent(city) : "–", days: found.dias });
}
