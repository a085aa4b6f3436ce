// Every vehicle as the server last told of it: by the stream, and by asking when the stream is broken.
import { get } from "./api.js";

const ASK_EVERY = 20000;
const QUIET = 60000;
const TRY_STREAM_AGAIN = 60000;

class Live extends EventTarget {
  vehicles = new Map();
  generated = 0;
  heard = performance.now();
  simulated = false;
  notice = null;
  streaming = false;
  started = false;

  /** Ask once, then listen. */
  async start() {
    await this.ask();
    this.listen();
    setInterval(() => this.watch(), 5000);
  }

  async ask() {
    this.asked = performance.now();
    try {
      const answer = await get("vehicles");
      this.take(answer, answer.features.map((feature) => ({
        ...feature.properties, longitude: feature.geometry.coordinates[0], latitude: feature.geometry.coordinates[1],
      })));
    } catch (error) {
      this.failure = error.message;
    }
    this.dispatchEvent(new Event("state"));
  }

  listen() {
    this.stream?.close();
    this.streamTried = performance.now();
    this.stream = new EventSource("/api/v1/stream");
    this.stream.addEventListener("open", () => { this.streaming = true; });
    this.stream.addEventListener("error", () => { this.streaming = false; });
    this.stream.addEventListener("vehicles", (event) => {
      const told = JSON.parse(event.data);
      this.streaming = true;
      this.take(told, told.veiculos);
      this.dispatchEvent(new Event("state"));
    });
  }

  take({ gerado_em, simulado, aviso, aviso_codigo }, vehicles) {
    const now = performance.now();
    const moment = gerado_em ? Date.parse(gerado_em) : 0;
    this.simulated = simulado;
    this.notice = aviso ? { code: aviso_codigo, text: aviso } : null;
    this.failure = null;
    if (moment > this.generated || !this.started) this.heard = now;
    this.generated = Math.max(this.generated, moment);
    // Before the first poll the server has nothing to tell; the stream tells of it when it comes.
    this.started ||= moment > 0;
    const changed = [];
    for (const vehicle of vehicles) {
      const known = this.vehicles.get(vehicle.codigo);
      if (known && known.datahora > vehicle.datahora) continue;
      vehicle.heard = now;
      this.vehicles.set(vehicle.codigo, vehicle);
      changed.push(vehicle.codigo);
    }
    this.dispatchEvent(new CustomEvent("vehicles", { detail: changed }));
  }

  watch() {
    const now = performance.now();
    const quiet = now - this.heard > QUIET;
    if ((!this.streaming || quiet) && now - this.asked >= ASK_EVERY) this.ask();
    const closed = this.stream?.readyState === EventSource.CLOSED;
    if (closed && now - this.streamTried > TRY_STREAM_AGAIN) this.listen();
    this.dispatchEvent(new Event("state"));
  }

  /** Seconds since the server last had something new. */
  get quietFor() {
    return (performance.now() - this.heard) / 1000;
  }
}

export const live = new Live();

/** Return how old a vehicle's signal is by now, in seconds. */
export const ageOf = (vehicle, now = performance.now()) => vehicle.idade_segundos + (now - vehicle.heard) / 1000;

export const AGES = ["ao vivo", "atrasado", "em silêncio", "fora de operação"];

/** Return the class of an age, by the bounds of the server. */
export const ageClass = (seconds) => AGES[seconds <= 120 ? 0 : seconds <= 600 ? 1 : seconds <= 86400 ? 2 : 3];
