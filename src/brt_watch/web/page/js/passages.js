// What the tracks of a string-line say: passages at stations, headways, waits, trips. Times are epoch seconds.

/** Below this share of the planned headway two buses run bunched; above that one there is a gap (TransitMatters, OpenTransit). */
export const BUNCHED = 0.25;
export const GAPPED = 1.5;
/** A trip is complete when this share of the route was observed. */
const COMPLETE = 0.9;

export function quantile(values, share) {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (place - low);
}

export const median = (values) => quantile(values, 0.5);

/** Join tracks of a vehicle that only the border of two answers has cut. */
export function joined(tracks) {
  const found = [];
  for (const track of [...tracks].sort((a, b) => a.pontos[0][0] - b.pontos[0][0])) {
    const before = found.findLast((one) => one.codigo === track.codigo);
    const [end, start] = [before?.pontos.at(-1), track.pontos[0]];
    if (before && start[0] - end[0] <= 300 && start[1] >= end[1] - 50) before.pontos.push(...track.pontos.filter((point) => point[0] > end[0]));
    else found.push({ ...track, pontos: [...track.pontos] });
  }
  return found;
}

/** Return when a track passes a distance, between the two signals around it; null where it was not seen for 3 minutes. */
export function timeAt(points, metres) {
  for (let i = 1; i < points.length; i++) {
    const [before, after] = [points[i - 1], points[i]];
    if (before[1] <= metres && metres <= after[1] && after[1] > before[1]) {
      if (after[0] - before[0] > 180) return null;
      return before[0] + ((metres - before[1]) / (after[1] - before[1])) * (after[0] - before[0]);
    }
  }
  return null;
}

/** Buses stand anywhere in a terminal: they leave it, and enter it, this far from the end of the route. */
const TERMINAL_M = 250;

/** Return the distances at which buses pass stops: at a terminal, those of leaving and entering it. */
export function marksOf(stops) {
  return stops.map(({ distancia_m }, i) => {
    const [before, after] = [stops[i - 1]?.distancia_m, stops[i + 1]?.distancia_m];
    if (before === undefined) return distancia_m + Math.min(TERMINAL_M, (after - distancia_m) / 2);
    return after === undefined ? distancia_m - Math.min(TERMINAL_M, (distancia_m - before) / 2) : distancia_m;
  });
}

/** Return the passages at a distance, oldest first: {codigo, at}. */
export function passagesAt(tracks, metres) {
  return tracks.map((track) => ({ codigo: track.codigo, at: timeAt(track.pontos, metres) })).filter(({ at }) => at !== null).sort((a, b) => a.at - b.at);
}

/** Return the headways between passages: {at, seconds, known}; one that spans a capture gap is not known. */
export function headways(passages, gaps) {
  const holes = gaps.map(({ de, ate }) => [Date.parse(de) / 1000, Date.parse(ate) / 1000]);
  return passages.slice(1).map(({ at, codigo }, i) => {
    const from = passages[i].at;
    return { at, from, codigo, before: passages[i].codigo, seconds: at - from, known: !holes.some(([begin, end]) => begin < at && end > from) };
  });
}

/** Return the mean wait (s) of passengers who come at random, Σh² / 2Σh, and what it would be if all headways were equal. */
export function waits(seconds) {
  const sum = seconds.reduce((all, one) => all + one, 0);
  if (!sum) return { mean: null, even: null };
  return { mean: seconds.reduce((all, one) => all + one * one, 0) / (2 * sum), even: sum / seconds.length / 2 };
}

/** Signals of a bus up to this age may belong to a trip that the models will still lengthen. */
const OPEN_S = 180;

/** Return the trips of a period, the newest first: those of the model, and of the tracks what it has not derived yet. */
export function tripsIn(data) {
  const seen = trackTrips(data);
  if (!data.model) return seen;
  const { until, trips } = data.model;
  const open = seen.filter((trip) => trip.to > until - OPEN_S);
  const closed = trips.map(({ codigo, partida, chegada, distancia_km, velocidade_media_kmh, cobertura, tipo, confianca }) => ({
    codigo, from: Date.parse(partida) / 1000, to: Date.parse(chegada) / 1000, metres: distancia_km * 1000, share: cobertura,
    seconds: (Date.parse(chegada) - Date.parse(partida)) / 1000, kmh: velocidade_media_kmh, confidence: confianca, kind: tipo === "parcial" ? "parcial" : "completa",
  })).filter((trip) => !(trip.kind === "parcial" && trip.to > until - OPEN_S && open.some(({ codigo }) => codigo === trip.codigo)));
  return [...open.filter((trip) => !closed.some((one) => one.codigo === trip.codigo && one.to > trip.from + 60)), ...closed].sort((a, b) => b.from - a.from);
}

/** Return the passages of a period at a stop, oldest first: those of the model, and of the tracks what it has not derived yet. */
export function passagesOf(data, stop, mark) {
  const seen = passagesAt(data.tracks, mark);
  if (!data.model) return seen;
  const { until, passages } = data.model;
  const last = until - OPEN_S;
  const found = passages.filter(({ estacao_id }) => estacao_id === stop.estacao_id).map(({ codigo, chegada }) => ({ codigo, at: Date.parse(chegada) / 1000 })).filter(({ at }) => at <= last);
  return [...found, ...seen.filter(({ at }) => at > last)].sort((a, b) => a.at - b.at);
}

/** Return the trips of the tracks, the newest first; only the last trip of a bus can be under way. */
function trackTrips({ tracks, length, end }) {
  const found = tracks.map((track) => tripOf(track, length, end / 1000)).sort((a, b) => b.from - a.from);
  const seen = new Set();
  for (const trip of found) {
    if (trip.kind === "andamento" && seen.has(trip.codigo)) trip.kind = "parcial";
    seen.add(trip.codigo);
  }
  return found;
}

/** Return a track as a trip: when and where it began and ended, the share of the route seen, and of what kind it is. */
export function tripOf(track, length, until) {
  const points = track.pontos;
  const start = points.findIndex((point, i) => i + 1 < points.length && points[i + 1][1] > points[0][1] + 100);
  const first = points[Math.max(0, start)];
  const end = points.findIndex((point) => point[1] >= points.at(-1)[1] - 100);
  const last = points[end];
  const share = (last[1] - first[1]) / length;
  const seconds = last[0] - first[0];
  const running = until - points.at(-1)[0] < 180 && share < COMPLETE;
  return { codigo: track.codigo, track, from: first[0], to: last[0], metres: last[1] - first[1], share, seconds, kind: share >= COMPLETE ? "completa" : running ? "andamento" : "parcial", kmh: seconds > 0 ? (last[1] - first[1]) / seconds * 3.6 : null };
}
