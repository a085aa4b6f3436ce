// Where lines stop, and their planned headways: both are fetched once.
import { get } from "./api.js";
import { live } from "./live.js";

export const boards = { stops: new Map(), plan: new Map() };

const key = (linha, sentido) => `${linha} ${sentido}`;

export const stopsOf = (linha, sentido) => boards.stops.get(key(linha, sentido)) ?? [];

export const loadBoards = () => Promise.all([loadStops(), loadPlan()]);

async function loadStops() {
  if (boards.stops.size) return;
  const { estacoes } = await get("stations");
  boards.stops.clear();
  for (const station of estacoes) {
    for (const { linha, sentido, distancia_m, ponta } of station.linhas) {
      const found = boards.stops.get(key(linha, sentido)) ?? [];
      found.push({ estacao_id: station.estacao_id, nome: station.nome, distancia_m, ponta });
      boards.stops.set(key(linha, sentido), found);
    }
  }
  for (const stops of boards.stops.values()) stops.sort((a, b) => a.distancia_m - b.distancia_m);
}

async function loadPlan() {
  if (boards.plan.size) return;
  const { intervalos } = await get("plan");
  boards.plan.clear();
  for (const part of intervalos) boards.plan.set(part.linha, [...(boards.plan.get(part.linha) ?? []), part]);
}

/** Return the seconds from a moment (ISO) to now, by the server's clock. */
export const secondsSince = (moment) => Math.max(0, (live.now - Date.parse(moment)) / 1000);
