// Quantiles, and where and when a track passes a stop. Times are epoch seconds.

export function quantile(values, share) {
  if (!values.length) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (place - low);
}

export const median = (values) => quantile(values, 0.5);

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
