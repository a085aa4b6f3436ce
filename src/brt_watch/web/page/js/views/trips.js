// Figures of a string-line: its trips, where two buses run nearly together, and the median headway.

const STEP = 400;
const TOGETHER = 0.3;
const TOGETHER_AT_MOST = 300;

/** A track that covers less of the route than this is a piece, not a trip: a parked bus, or one seen only briefly. */
const LEAST_SHARE = 0.05;

/** Return the tracks that are trips, and how many others there are. */
export function tripsOf(tracks, length) {
  const trips = tracks.filter(({ pontos }) => (pontos.at(-1)[1] - pontos[0][1]) / length >= LEAST_SHARE);
  return { trips, pieces: tracks.length - trips.length };
}

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

/** Return the median headway in seconds, the bunched share of the route, and the bunched pieces of each trip. */
export function bunching(trips, length) {
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
    crossings.push(...here);
  }
  const gaps = crossings.map((crossing) => crossing.gap).filter((gap) => gap !== undefined).sort((a, b) => a - b);
  const headway = gaps.length ? gaps[gaps.length >> 1] : null;
  const bound = Math.min(TOGETHER_AT_MOST, (headway ?? 0) * TOGETHER);
  const pieces = trips.map(() => []);
  let bunched = 0;
  for (const { number, time, metres, gap } of crossings) {
    if (gap === undefined || gap >= bound) continue;
    bunched += 1;
    const mine = pieces[number];
    const last = mine.at(-1);
    if (last && metres - last.at(-1)[1] <= STEP * 1.01) last.push([time, metres]);
    else mine.push([[time, metres]]);
  }
  return { headway, share: gaps.length ? bunched / gaps.length : 0, pieces: pieces.map((mine) => mine.filter((piece) => piece.length > 1)) };
}
