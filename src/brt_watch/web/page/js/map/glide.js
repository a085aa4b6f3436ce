// Animation between two signals of a bus: along its path when both lie on it, straight otherwise.
import { ageOf, live } from "../live.js";
import { limits, mercatorX, mercatorY, METRES, ORIGIN, pathOf } from "../network.js";

/** With reduced motion, buses jump from signal to signal. */
const still = matchMedia("(prefers-reduced-motion: reduce)");

const SHORTEST = 3000;
const LONGEST = 30000;
const FARTHEST = 2500;

/** The positions of vehicles, one glide each. */
export class Glides {
  constructor(vehicles = live.vehicles) {
    this.vehicles = vehicles;
    this.glides = new Map();
    this.out = new Float64Array(3);
  }

  /** Start the glides of the vehicles with new signals. */
  take(codes) {
    const now = performance.now();
    for (const codigo of codes) {
      const vehicle = this.vehicles.get(codigo);
      const before = this.glides.get(codigo);
      const glide = target(vehicle);
      if (before) this.lead(before, glide, now);
      else {
        [glide.fromX, glide.fromY, glide.fromHeading] = [glide.x, glide.y, glide.heading];
        glide.duration = 0;
      }
      this.glides.set(codigo, glide);
    }
  }

  lead(before, glide, now) {
    if (before.stamp === glide.stamp) {
      Object.assign(glide, before);
      return;
    }
    this.place(before, now);
    [glide.fromX, glide.fromY, glide.fromHeading] = this.out;
    glide.fromMetres = before.metresNow ?? null;
    glide.began = now;
    const jump = Math.hypot(glide.x - glide.fromX, glide.y - glide.fromY) * METRES;
    glide.duration = jump > FARTHEST || still.matches ? 0 : Math.min(LONGEST, Math.max(SHORTEST, glide.stamp - before.stamp));
    const onward = glide.metres - glide.fromMetres;
    glide.along = glide.path && glide.path === before.path && glide.fromMetres !== null && onward >= 0 && onward < FARTHEST;
  }

  /** Write the current position of a glide; returns whether it still moves. */
  place(glide, now) {
    const share = glide.duration ? Math.min(1, (now - glide.began) / glide.duration) : 1;
    if (glide.along && share < 1) {
      glide.metresNow = glide.fromMetres + (glide.metres - glide.fromMetres) * share;
      glide.path.place(glide.metresNow, this.out);
      // The glide ends at the signal itself, which may lie some metres beside the path.
      const near = share ** 4;
      this.out[0] += (glide.x - this.out[0]) * near;
      this.out[1] += (glide.y - this.out[1]) * near;
      if (glide.heading < 0) this.out[2] = -1;
    } else {
      glide.metresNow = glide.metres;
      this.out[0] = glide.fromX + (glide.x - glide.fromX) * share;
      this.out[1] = glide.fromY + (glide.y - glide.fromY) * share;
      this.out[2] = turned(glide.fromHeading, glide.heading, Math.min(1, share * 4));
    }
    return share < 1;
  }

  write(now, items, positions) {
    let moving = false;
    for (let i = 0; i < items.length; i++) {
      const glide = this.glides.get(items[i].codigo);
      if (!glide) continue;
      moving = this.place(glide, now) || moving;
      positions[i * 4] = this.out[0];
      positions[i * 4 + 1] = this.out[1];
      positions[i * 4 + 2] = this.out[2];
      positions[i * 4 + 3] = ageOf(glide.vehicle, now);
    }
    return moving;
  }
}

function target(vehicle) {
  const path = vehicle.desvio_m !== null && vehicle.desvio_m <= limits().viagem_desvio_m ? pathOf(vehicle.linha, vehicle.sentido_estimado ?? vehicle.sentido) : undefined;
  return {
    vehicle, path,
    x: mercatorX(vehicle.longitude) - ORIGIN.x, y: mercatorY(vehicle.latitude) - ORIGIN.y,
    heading: vehicle.direcao ?? -1,
    metres: path ? vehicle.progresso_m : null,
    stamp: Date.parse(vehicle.datahora), began: 0,
  };
}

function turned(from, to, share) {
  if (from < 0 || to < 0 || share >= 1) return to;
  return from + ((((to - from) % 360) + 540) % 360 - 180) * share;
}
