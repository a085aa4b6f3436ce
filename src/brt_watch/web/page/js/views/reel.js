// The signals around the moment shown, fetched ahead in pieces of ten minutes.
import { get } from "../api.js";
import { isAway } from "../missing.js";
import { limits, mercatorX, mercatorY, ORIGIN } from "../network.js";

const PIECE = 600000;
const KEPT = 6;
const AHEAD = 2;

export class Reel {
  pieces = new Map();
  tracks = new Map();
  gaps = [];
  version = 0;

  has(moment) {
    return this.pieces.get(Math.floor(moment / PIECE))?.done ?? false;
  }

  inGap(moment) {
    return this.gaps.some(([from, to]) => moment >= from && moment < to);
  }

  /** Whether the database, which would know what was captured at a moment, is away. */
  away(moment) {
    return isAway(this.pieces.get(Math.floor(moment / PIECE))?.answer ?? {});
  }

  /** Whether a part around a moment is still being processed. */
  pending(moment) {
    const answer = this.pieces.get(Math.floor(moment / PIECE))?.answer;
    return Boolean(answer?.aviso) && !isAway(answer);
  }

  /** Fetch the pieces around a moment that are missing, again after a while those that came incomplete. */
  want(moment, last, then) {
    const here = Math.floor(moment / PIECE);
    for (const number of [here, here + 1, here - 1, here + AHEAD]) {
      const known = this.pieces.get(number);
      const whole = known?.done && !(known.answer.aviso && known.asked < performance.now() - 30000);
      if (number * PIECE > last || whole || known?.asked > performance.now() - 10000) continue;
      this.pieces.set(number, { ...known, asked: performance.now() });
      this.fetch(number).then(then);
      return;
    }
  }

  async fetch(number) {
    try {
      const answer = await get("playback", { de: new Date(number * PIECE).toISOString(), minutos: PIECE / 60000 });
      this.pieces.set(number, { done: true, answer, asked: performance.now() });
      this.failure = null;
    } catch (error) {
      this.failure = error.message;
      return;
    }
    const kept = [...this.pieces.keys()].sort((a, b) => Math.abs(a - number) - Math.abs(b - number));
    for (const far of kept.slice(KEPT)) this.pieces.delete(far);
    this.join();
  }

  /** Join the pieces into one track per bus: [seconds, x, y, heading]. */
  join() {
    const points = new Map();
    const gaps = new Map();
    for (const number of [...this.pieces.keys()].sort((a, b) => a - b)) {
      const { answer } = this.pieces.get(number);
      if (!answer) continue;
      const start = Date.parse(answer.de) / 1000;
      for (const [codigo, track] of Object.entries(answer.veiculos)) {
        const mine = points.get(codigo) ?? { at: [], linha: null };
        mine.linha = track.linha ?? mine.linha;
        for (const [offset, longitude, latitude, , heading] of track.p) {
          const second = start + offset;
          if (mine.at.length && second <= mine.at.at(-1)[0]) continue;
          mine.at.push([second, mercatorX(longitude) - ORIGIN.x, mercatorY(latitude) - ORIGIN.y, heading ?? -1]);
        }
        points.set(codigo, mine);
      }
      // Without the database a time with no poll on disk is unknown, not a gap.
      for (const { de, ate } of isAway(answer) ? [] : answer.lacunas) gaps.set(de, [Date.parse(de), Date.parse(ate)]);
    }
    this.tracks = new Map([...points].filter(([, track]) => track.at.length).map(([codigo, { at, linha }]) => [codigo, { at, linha, i: 0 }]));
    this.gaps = [...gaps.values()];
    this.version += 1;
  }

  /** Write x, y, heading and age of a bus at a second; returns the age of its signal, Infinity before its first. */
  place(codigo, second, out, offset) {
    const track = this.tracks.get(codigo);
    if (!track || second < track.at[0][0]) return Infinity;
    const { at } = track;
    let i = at[track.i][0] <= second ? track.i : 0;
    while (i + 1 < at.length && at[i + 1][0] <= second) i += 1;
    track.i = i;
    const [before, after] = [at[i], at[i + 1]];
    const known = after && after[0] - before[0] <= limits().previsao_silencio_segundos;
    const share = known ? (second - before[0]) / (after[0] - before[0]) : 0;
    out[offset] = before[1] + (known ? (after[1] - before[1]) * share : 0);
    out[offset + 1] = before[2] + (known ? (after[2] - before[2]) * share : 0);
    out[offset + 2] = before[3];
    const age = known ? 0 : second - before[0];
    out[offset + 3] = age;
    return age;
  }
}
