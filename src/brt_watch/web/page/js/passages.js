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

