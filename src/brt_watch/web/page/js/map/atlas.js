// A texture atlas of line numbers: each is drawn once.

const WIDTH = 84;
const HEIGHT = 50;

export class Atlas {
  constructor(gl) {
    this.gl = gl;
    this.columns = 10;
    this.rows = 10;
    this.cells = new Map();
    this.canvas = document.createElement("canvas");
    this.canvas.width = WIDTH * this.columns;
    this.canvas.height = HEIGHT * this.rows;
    this.pen = this.canvas.getContext("2d");
    this.pen.fillStyle = "#fff";
    this.pen.textAlign = "center";
    this.pen.textBaseline = "middle";
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR);
    this.upload();
  }

  /** Return the cell of a name, drawn on first use; -1 when the atlas is full. */
  cell(name) {
    if (this.cells.has(name)) return this.cells.get(name);
    const cell = this.cells.size;
    if (cell >= this.columns * this.rows) return -1;
    this.cells.set(name, cell);
    this.pen.font = `700 ${name.length > 3 ? 20 : 31}px Roboto, "Helvetica Neue", Arial, sans-serif`;
    const x = (cell % this.columns) * WIDTH + WIDTH / 2;
    const y = Math.floor(cell / this.columns) * HEIGHT + HEIGHT / 2 + 2;
    this.pen.fillText(name, x, y, WIDTH - 6);
    this.upload();
    return cell;
  }

  upload() {
    const { gl } = this;
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, this.canvas);
  }
}
