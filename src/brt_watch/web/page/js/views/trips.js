// Figures of a string-line: the median headway, and where two buses run bunched by the threshold of the models.
const STEP = 400;

/** Return the second at which a trip is at a distance, null where it was not seen. */
function timeAt(points, metres, from) {
  for (let i = Math.max(1, from.i); i < points.length; i++) {
    const [before, after] = [points[i - 1], points[i]];
    if (before[1] <= metres && metres <= after[1]) {
      from.i = i;
      const share = after[1] === before[1] ? 0 : (metres - before[1]) / (after[1] - before[1]);
      return before[0] + share * (after[0] - before[0]);
    }
  }
  return null;
}

/** Return the headway below which buses are bunched at a second, by the times of the plan; null where nothing is planned. */
export function bunchedBelow(previstos) {
  const times = previstos.map(({ de, ate, comboio_s }) => [Date.parse(de) / 1000, Date.parse(ate) / 1000, comboio_s]);
  return (second) => times.find(([from, to]) => second >= from && second < to)?.[2] ?? null;
}

/**
 * Return the median headway in seconds, the bunched share of the route, and the bunched pieces of each trip.
 * `bound(second)` is the headway below which buses are bunched at a time; null where that is not known.
 */
export function bunching(trips, length, bound) {
  const crossings = [];
  const seen = trips.map(() => ({ i: 1 }));
  for (let metres = STEP; metres < length - STEP; metres += STEP) {
    const here = [];
    trips.forEach((trip, number) => {
      const time = timeAt(trip.pontos, metres, seen[number]);
      if (time !== null) here.push({ number, time, metres });
    });
    here.sort((a, b) => a.time - b.time);
    for (let i = 1; i < here.length; i++) here[i].gap = here[i].time - here[i - 1].time;
    crossings.push(...here.slice(1));
  }
  const gaps = crossings.map((crossing) => crossing.gap).sort((a, b) => a - b);
  const compared = crossings.map((crossing) => ({ ...crossing, bound: bound(crossing.time) })).filter((crossing) => crossing.bound !== null);
  const bunched = compared.filter((crossing) => crossing.gap < crossing.bound);
  const pieces = trips.map(() => []);
  for (const { number, time, metres } of bunched) {
    const mine = pieces[number];
    const last = mine.at(-1);
    if (last && metres - last.at(-1)[1] <= STEP * 1.01) last.push([time, metres]);
    else mine.push([[time, metres]]);
  }
  return { headway: gaps.length ? gaps[gaps.length >> 1] : null, share: compared.length ? bunched.length / compared.length : null, pieces: pieces.map((mine) => mine.filter((piece) => piece.length > 1)) };
}
