// When a bus reaches a station, from how long the buses before it took over the same stretch in the last hour.
import { get } from "./api.js";
import { t } from "./i18n.js";
import { ageOf, live } from "./live.js";
import { quantile, timeAt } from "./passages.js";

const KEPT = 120000;
const SPAN = 3600000;
/** From this age of its signal a bus is greyed; above the other there is no estimate. */
export const GREY = 90;
export const SILENT = 180;
const FARTHEST_S = 1800;
const FEWEST = 3;
const NEAREST_M = 60;
const TERMINAL_M = 400;
const tracks = new Map();

/** Return an estimate in words. */
export const minutesWords = ({ low, high }) => (high === 0 ? t("stop.now") : low === high ? t("stop.one", { low }) : t("stop.range", { low, high }));

/** Fetch the tracks of a line and direction of the last hour, at most every two minutes. */
export async function loadTracks(linha, sentido) {
  const key = `${linha} ${sentido}`;
  const known = tracks.get(key);
  if (known && performance.now() - known.asked < KEPT) return;
  tracks.set(key, { asked: performance.now(), found: known?.found ?? [] });
  const end = live.generated;
  if (!end) return;
  const { veiculos } = await get(`lines/${encodeURIComponent(linha)}/stringline`, { sentido, de: new Date(end - SPAN).toISOString(), ate: new Date(end).toISOString() });
  tracks.get(key).found = veiculos;
}

/** Return the buses that wait at the beginning of a line's route. */
export const waitingAt = (linha, sentido) => onTheWay(linha, sentido, TERMINAL_M).filter(({ bus }) => bus.status === "Parado terminal").map((coming) => ({ ...coming, away: 0 }));

/** Return the buses of a line and direction on the way to a distance along its route, the nearest first. */
export function onTheWay(linha, sentido, metres) {
  return [...live.vehicles.values()].filter((bus) => bus.linha === linha && (bus.sentido_estimado ?? bus.sentido) === sentido
    && bus.progresso_m !== null && bus.progresso_m <= metres + NEAREST_M && bus.desvio_m <= 100 && bus.status && bus.status !== "Parado garagem" && ageOf(bus) <= 600)
    .map((bus) => ({ bus, away: Math.max(0, metres - bus.progresso_m), age: ageOf(bus) })).sort((a, b) => a.away - b.away);
}

/** Return the minutes until a bus arrives, {low, high, count}; null without three earlier buses, or when it is silent. */
export function estimate({ bus, away, age }, sentido, metres) {
  if (age > SILENT) return null;
  if (away <= NEAREST_M) return { low: 0, high: 0, count: 0 };
  const took = (tracks.get(`${bus.linha} ${sentido}`)?.found ?? []).map(({ codigo, pontos }) => {
    if (codigo === bus.codigo) return null;
    const [from, to] = [timeAt(pontos, bus.progresso_m), timeAt(pontos, metres)];
    return from !== null && to !== null && to > from ? to - from : null;
  }).filter((seconds) => seconds !== null && seconds <= 2 * FARTHEST_S);
  if (took.length < FEWEST) return null;
  const minutes = (share) => Math.max(0, (quantile(took, share) - age) / 60);
  const [low, high] = [Math.floor(minutes(0.2)), Math.ceil(minutes(0.8))];
  return { low, high: Math.max(high, low), count: took.length };
}
