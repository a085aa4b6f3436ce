// A drawing saved as a file.
import { h } from "../dom.js";

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const text = (svg) => new XMLSerializer().serializeToString(svg);

export function saveSvg(svg, name) {
  if (svg) download(new Blob([text(svg)], { type: "image/svg+xml" }), `${name}.svg`);
}

/** Save at twice the size of the screen. */
export async function savePng(svg, name) {
  if (!svg) return;
  const url = URL.createObjectURL(new Blob([text(svg)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = h("canvas", { width: svg.width.baseVal.value * 2, height: svg.height.baseVal.value * 2 });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  canvas.toBlob((blob) => download(blob, `${name}.png`), "image/png");
}
