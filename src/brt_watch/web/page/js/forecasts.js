// When a bus comes, as the server forecasts it. The page only says in words how long that is from now.
import { get } from "./api.js";
import { t } from "./i18n.js";
import { ageOf, live } from "./live.js";
import { limits } from "./network.js";

/** From this age of its signal a bus is greyed; from that of `silentAfter` it has no forecast. */
export const GREY = 90;
const SOON_S = 30;
const NEAREST_M = 60;
const TERMINAL_M = 400;
const SCORE_EVERY = 600000;
const score = { asked: -Infinity, found: null };

/** Return the age of a signal (s) from which a bus counts as silent. */
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
export function minutesOf(forecast, seconds, now = live.generated + live.quietFor * 1000) {
  if (!forecast || seconds > silentAfter()) return null;
  const from = (moment) => (Date.parse(moment) - now) / 60000;
  const soon = from(forecast.chegada_p50) * 60 < SOON_S;
  const low = soon ? 0 : Math.max(0, Math.floor(from(forecast.chegada_p20)));
  const high = soon ? 0 : Math.max(low, 1, Math.ceil(from(forecast.chegada_p80)));
  return { low, high, base: forecast.base, waits: forecast.tipo === "no terminal" };
}

/** Return a forecast in words. */
export const minutesWords = ({ low, high }) => (high === 0 ? t("stop.now") : low === high ? t("stop.one", { low }) : t("stop.range", { low, high }));

/** Return what a forecast stands on, where that is less than usual; null otherwise. */
export const basisWords = ({ base, waits }) => (waits ? t("stop.basis.waits") : base === "histórico" ? null : t("stop.basis.plan"));

/** Return the buses that wait at the beginning of a line's route. */
export const waitingAt = (linha, sentido) => onTheWay(linha, sentido, TERMINAL_M).filter(({ bus }) => bus.status === "Parado terminal").map((coming) => ({ ...coming, away: 0 }));

/** Return the buses of a line and direction on the way to a distance along its route, the nearest first. */
export function onTheWay(linha, sentido, metres) {
  return [...live.vehicles.values()].filter((bus) => bus.linha === linha && (bus.sentido_estimado ?? bus.sentido) === sentido
    && bus.progresso_m !== null && bus.progresso_m <= metres + NEAREST_M && bus.desvio_m <= 100 && bus.status && bus.status !== "Parado garagem" && ageOf(bus) <= 600)
    .map((bus) => ({ bus, away: Math.max(0, metres - bus.progresso_m), age: ageOf(bus) })).sort((a, b) => a.away - b.away);
}

/** Return in words how often such forecasts were right lately. */
export async function scoreWords() {
  if (performance.now() - score.asked > SCORE_EVERY) {
    score.asked = performance.now();
    score.found = await get("forecasts/score").catch(() => null);
  }
  if (!score.found || score.found.aviso) return t("stop.score.away");
  const of = (name) => score.found.metodos.find(({ metodo }) => metodo === name)?.transitapp;
  const [ours, city] = [of("previsão"), of("prefeitura")];
  if (!ours) return t("stop.score.none");
  const percent = (share) => Math.round(share * 100);
  return t("stop.score", { share: percent(ours), city: city ? percent(city) : "–", days: score.found.dias });
}
