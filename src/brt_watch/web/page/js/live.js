// Every vehicle as the server last reported it: by the stream, and by asking when the stream is broken.
import { get } from "./api.js";
import { limits } from "./network.js";

const ASK_EVERY = 20000;
/** After this without news of the server (milliseconds) it is asked, and the page says how old the data are. */
export const QUIET = 60000;
const TRY_STREAM_AGAIN = 60000;
const TROUBLES_EVERY = 20000;

class Live extends EventTarget {
  vehicles = new Map();
  generated = 0;
  /** When its newest answer of the API arrived, by performance.now(). */
  heard = performance.now();
  /** Whether the data are simulated; null until the server has said so. */
  simulated = null;
  notice = null;
  /** What /health-details knows of the capture, fetched only while something is wrong. */
  trouble = null;
  streaming = false;
  started = false;
  events = 0;

  /** Ask once, then listen. */
  async start() {
    await this.ask();
    this.listen();
    setInterval(() => this.watch(), 5000);
  }

  async ask() {
    this.asked = performance.now();
    const before = this.events;
    try {
      const answer = await get("vehicles");
      // An event of the stream that came meanwhile is newer than this answer.
      if (this.events === before) {
        this.take(answer, answer.features.map((feature) => ({
          ...feature.properties, longitude: feature.geometry.coordinates[0], latitude: feature.geometry.coordinates[1],
        })));
      }
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
      const report = JSON.parse(event.data);
      this.streaming = true;
      this.events += 1;
      this.take(report, report.veiculos);
      this.dispatchEvent(new Event("state"));
    });
  }

  /** Take what the server reports. The server decides which signal of a vehicle counts, so its word replaces ours. */
  take({ gerado_em, simulado, aviso, aviso_codigo }, vehicles) {
    const now = performance.now();
    const moment = gerado_em ? Date.parse(gerado_em) : 0;
    this.simulated = simulado;
    this.notice = aviso ? { code: aviso_codigo, text: aviso } : null;
    this.failure = null;
    if (moment !== this.generated || !this.started) {
      // The clock of this computer may be wrong, but not by as much as a capture that stands still is late.
      this.heard = now - (aviso_codigo === "captura_parada" ? Math.max(0, Date.now() - moment) : 0);
    }
    this.generated = moment;
    // Before the first poll there is nothing to show; the stream reports it when it comes.
    this.started ||= moment > 0;
    for (const vehicle of vehicles) {
      vehicle.heard = this.heard;
      this.vehicles.set(vehicle.codigo, vehicle);
    }
    if (this.notice) this.askTrouble();
    else this.trouble = null;
    this.dispatchEvent(new CustomEvent("vehicles", { detail: vehicles.map(({ codigo }) => codigo) }));
  }

  async askTrouble() {
    if (performance.now() - (this.troubleAsked ?? -Infinity) < TROUBLES_EVERY) return;
    this.troubleAsked = performance.now();
    try {
      const { captura, disco } = await get("health-details");
      this.trouble = { failure: captura.ultima_falha ?? null, demo: disco.pasta === "data-demo" };
    } catch {
      // The notice says what is known without it.
    }
    this.dispatchEvent(new Event("state"));
  }

  watch() {
    const now = performance.now();
    const quiet = now - this.heard > QUIET;
    if ((!this.streaming || quiet || !this.started) && now - this.asked >= ASK_EVERY) this.ask();
    const closed = this.stream?.readyState === EventSource.CLOSED;
    if (closed && now - this.streamTried > TRY_STREAM_AGAIN) this.listen();
    this.dispatchEvent(new Event("state"));
  }

  /** Seconds since the newest answer of the API arrived, as far as this page knows. */
  get quietFor() {
    return (performance.now() - this.heard) / 1000;
  }

  /** The time now (ms) by the clock of the capture. */
  get now() {
    return this.generated + this.quietFor * 1000;
  }
}

export const live = new Live();

/** Return how old a vehicle's signal is now, in seconds. */
export const ageOf = (vehicle, now = performance.now()) => vehicle.idade_segundos + (now - vehicle.heard) / 1000;

export const AGES = ["ao vivo", "atrasado", "em silêncio", "fora de operação"];

/** Return the class of an age, by the bounds of the server. */
export const ageClass = (seconds) => AGES[["ao_vivo_segundos", "em_silencio_segundos", "fora_de_operacao_segundos"].filter((name) => seconds > limits()[name]).length];

/** Whether a vehicle is in service as of the newest poll. The server decides; a vehicle that it has not reported since may have grown too old. */
export const inService = (vehicle) => vehicle.em_servico && (live.generated - Date.parse(vehicle.datahora)) / 1000 <= limits().em_silencio_segundos;
