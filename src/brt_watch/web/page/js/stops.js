// Where lines stop, what passed last, and the plan: what the boards compare with.
import { shown } from "./format.js";
import { get } from "./api.js";
import { live } from "./live.js";
import { limits, network } from "./network.js";

export const boards = { stops: new Map(), stations: new Map(), plan: new Map(), lost: [], known: null, generated: 0 };

const COVERAGE_EVERY = 60000;

const key = (linha, sentido) => `${linha} ${sentido}`;

export const stopsOf = (linha, sentido) => boards.stops.get(key(linha, sentido)) ?? [];

/** Fetch the stations with the lines that stop at them and their last passages; the plan is fetched once. */
export async function loadBoards() {
  const [{ gerado_em, estacoes }] = await Promise.all([get("stations"), loadPlan(), loadCoverage()]);
  boards.generated = gerado_em ? Date.parse(gerado_em) : 0;
  boards.stations = new Map(estacoes.map((station) => [station.estacao_id, station]));
  boards.stops.clear();
  for (const station of estacoes) {
    for (const { linha, sentido, distancia_m, ponta } of station.linhas) {
      const found = boards.stops.get(key(linha, sentido)) ?? [];
      found.push({ estacao_id: station.estacao_id, nome: station.nome, distancia_m, ponta, passagens: station.passagens.filter((pass) => pass.linha === linha && pass.sentido === sentido) });
      boards.stops.set(key(linha, sentido), found);
    }
  }
  for (const stops of boards.stops.values()) stops.sort((a, b) => a.distancia_m - b.distancia_m);
}

/** Fetch the planned headways, once. */
export async function loadPlan() {
  if (boards.plan.size) return;
  const { intervalos } = await get("plan");
  boards.plan.clear();
  for (const part of intervalos) boards.plan.set(part.linha, [...(boards.plan.get(part.linha) ?? []), part]);
}

/** Note the minutes of today that were not captured: what happened in them is unknown. */
async function loadCoverage() {
  if (performance.now() - (boards.coverageAsked ?? -Infinity) < COVERAGE_EVERY) return;
  boards.coverageAsked = performance.now();
  const { minutos, aviso } = await get("coverage");
  boards.lost = minutos.filter(({ boas }) => boas === 0).map(({ minuto }) => Date.parse(minuto));
  boards.known = aviso ? new Set(minutos.map(({ minuto }) => Date.parse(minuto))) : null;
}

/** Whether every minute between two moments (ms) was captured. While the database is away, minutes without a record are not known to be. */
export const wasCaptured = (from, to) => !boards.lost.some((minute) => minute + 60000 > from && minute < to)
  && (!boards.known || isKnown(from, Math.min(to, boards.generated || to)));

function isKnown(from, to) {
  // The minute that is running may not have its first poll yet.
  for (let minute = Math.floor(from / 60000) * 60000; minute + 60000 <= to; minute += 60000) if (!boards.known.has(minute)) return false;
  return true;
}

const minutes = (text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));

/** Return the planned headway (s) of a line at a moment (ms), null when none is planned. The plan is that of a weekday. */
export function plannedHeadway(linha, moment) {
  const there = shown(moment);
  const now = there.getUTCHours() * 60 + there.getUTCMinutes();
  const part = (boards.plan.get(linha) ?? []).find(({ hora_inicio, hora_fim }) =>
    [now, now + 1440].some((minute) => minute >= minutes(hora_inicio) && minute < minutes(hora_fim)));
  return part?.intervalo_s ?? null;
}

/** Return the headway (s) below which buses of a line are bunched at a moment (ms), null without a plan. */
export function bunchedBelow(linha, moment) {
  const planned = plannedHeadway(linha, moment);
  return planned && limits().comboio_fracao * planned;
}

/** Whether a moment (ms) is on a weekend in the city, for which there is no plan of its own. */
export const isWeekend = (moment) => [0, 6].includes(shown(moment).getUTCDay());

/** Return the seconds from a moment (ISO) to now, by the server's clock. */
export const secondsSince = (moment) => Math.max(0, (live.now - Date.parse(moment)) / 1000);

/** Return the lines and directions that have a path, by name. */
export const directions = () => [...network.paths.values()].map(({ linha, sentido }) => ({ linha, sentido }));
