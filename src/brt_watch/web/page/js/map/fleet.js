// The buses, on a canvas of their own over the map, so that the map is not redrawn while they move.
import { rgb, inkOn } from "../colors.js";
import { limits, ORIGIN } from "../network.js";
import { token } from "../theme.js";
import { Atlas } from "./atlas.js";
import { FRAGMENT, VERTEX } from "./shaders.js";

const TILE = 512;

export class Fleet {
  /** `places` writes where its bus number i is: places.write(now, array of x, y, heading, age), true while they move. */
  constructor(map, places) {
    this.map = map;
    this.places = places;
    this.canvas = document.createElement("canvas");
    this.canvas.className = "fleet";
    this.canvas.setAttribute("aria-hidden", "true");
    this.canvas.fleet = this;
    map.getCanvasContainer().append(this.canvas);
    this.items = [];
    this.positions = new Float32Array(0);
    this.frames = 0;
    this.lastDrawn = 0;
    this.prepare();
    map.on("render", () => this.draw());
    const turn = () => {
      if (this.isStopped) return;
      if (this.canvas.isConnected && (this.moving || performance.now() - this.lastDrawn > 1000)) this.draw();
      // A frame costs even if it shows nothing new.
      if (this.moving && this.canvas.isConnected) requestAnimationFrame(turn);
      else setTimeout(requestAnimationFrame, 200, turn);
    };
    turn();
  }

  /** Draw no more, and let go of the canvas. */
  stop() {
    this.isStopped = true;
    this.gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  prepare() {
    const gl = this.canvas.getContext("webgl2", { antialias: false, premultipliedAlpha: true });
    if (!gl) throw new Error("WebGL 2 is missing");
    this.gl = gl;
    const program = gl.createProgram();
    for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
      const shader = gl.createShader(kind);
      gl.shaderSource(shader, text);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    gl.useProgram(program);
    this.at = Object.fromEntries(["view", "size", "bearing", "ages", "halo", "accent", "grid", "labels"].map((name) => [name, gl.getUniformLocation(program, name)]));
    this.buffers = [4, 4, 2].map((parts, index) => {
      const buffer = gl.createBuffer();
      gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
      gl.enableVertexAttribArray(index);
      gl.vertexAttribPointer(index, parts, gl.FLOAT, false, 0, 0);
      return buffer;
    });
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    this.atlas = new Atlas(gl);
  }

  /** Take the buses to draw, later ones on top: {codigo, color, label}; the chosen one has `chosen`. */
  show(items) {
    this.items = items;
    this.gl.uniform3fv(this.at.halo, rgb(token("track-case")));
    this.gl.uniform3fv(this.at.accent, rgb(token("ink")));
    this.gl.uniform2f(this.at.grid, this.atlas.columns, this.atlas.rows);
    const colors = new Float32Array(items.length * 4);
    const labels = new Float32Array(items.length * 2);
    items.forEach((item, i) => {
      colors.set([...rgb(item.color), inkOn(item.color) === "#ffffff" ? 0 : 1], i * 4);
      labels.set([item.label ? this.atlas.cell(item.label) : -1, item.chosen ? 1 : 0], i * 2);
    });
    this.upload(1, colors);
    this.upload(2, labels);
    if (this.positions.length !== items.length * 4) this.positions = new Float32Array(items.length * 4);
    this.draw();
  }

  upload(index, data) {
    this.gl.bindBuffer(this.gl.ARRAY_BUFFER, this.buffers[index]);
    this.gl.bufferData(this.gl.ARRAY_BUFFER, data, this.gl.DYNAMIC_DRAW);
  }

  draw() {
    const started = performance.now();
    this.moving = this.places.write(started, this.items, this.positions);
    const { gl, map } = this;
    this.resize();
    gl.clearColor(0, 0, 0, 0);
    gl.clear(gl.COLOR_BUFFER_BIT);
    if (this.items.length) {
      this.upload(0, this.positions);
      const zoom = map.getZoom();
      const size = Math.max(11, Math.min(46, 13 * 1.36 ** (zoom - 10))) * this.ratio;
      gl.uniformMatrix3fv(this.at.view, false, this.camera());
      gl.uniform1f(this.at.size, size);
      gl.uniform1f(this.at.bearing, map.getBearing());
      gl.uniform3f(this.at.ages, ...["ao_vivo_segundos", "em_silencio_segundos", "fora_de_operacao_segundos"].map((name) => limits()[name]));
      gl.uniform1f(this.at.labels, Math.min(1, Math.max(0, (zoom - 12.6) * 3)));
      gl.drawArrays(gl.POINTS, 0, this.items.length);
    }
    this.frames += 1;
    this.lastDrawn = performance.now();
    this.drawSeconds = (this.lastDrawn - started) / 1000;
  }

  resize() {
    const base = this.map.getCanvas();
    this.ratio = base.width / base.clientWidth || 1;
    if (this.canvas.width !== base.width || this.canvas.height !== base.height) {
      this.canvas.width = base.width;
      this.canvas.height = base.height;
      this.gl.viewport(0, 0, base.width, base.height);
    }
  }

  /** Return the matrix from Mercator offsets to the canvas, computed in double precision. */
  camera() {
    const { width, height, cos, sin, scale, x, y } = this.eye();
    const [sx, sy] = [(2 * scale) / width, (-2 * scale) / height];
    const [a, b, c, d] = [cos * sx, sin * sx, -sin * sy, cos * sy];
    return [a, c, 0, b, d, 0, -(a * x + b * y), -(c * x + d * y), 1];
  }

  eye() {
    const base = this.map.getCanvas();
    const center = this.map.getCenter();
    const angle = (this.map.getBearing() * Math.PI) / 180;
    const radians = (center.lat * Math.PI) / 180;
    return {
      width: base.clientWidth, height: base.clientHeight, cos: Math.cos(angle), sin: Math.sin(angle),
      scale: TILE * 2 ** this.map.getZoom(),
      x: (center.lng + 180) / 360 - ORIGIN.x,
      y: (1 - Math.log(Math.tan(radians) + 1 / Math.cos(radians)) / Math.PI) / 2 - ORIGIN.y,
    };
  }

  /** Return where the bus number i is on the screen. */
  screen(i, eye = this.eye()) {
    const dx = (this.positions[i * 4] - eye.x) * eye.scale;
    const dy = (this.positions[i * 4 + 1] - eye.y) * eye.scale;
    return [eye.width / 2 + dx * eye.cos + dy * eye.sin, eye.height / 2 - dx * eye.sin + dy * eye.cos];
  }

  /** Return the code of the bus nearest to a point of the screen, null when none is near. */
  pick(x, y, reach = 16) {
    const eye = this.eye();
    let best = null;
    let nearest = reach;
    this.items.forEach((item, i) => {
      const [sx, sy] = this.screen(i, eye);
      const away = Math.hypot(sx - x, sy - y);
      if (away <= nearest) [best, nearest] = [item.codigo, away];
    });
    return best;
  }
}
