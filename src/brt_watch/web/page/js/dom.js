// Elements are built without markup, so that no text of the API can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** Return an HTML element. Properties: `class`, `data-*`, `aria-*`, `on…` listeners, anything else an attribute. */
export const h = (tag, properties, ...children) => build(document.createElement(tag), properties, children);

/** Return an SVG element, by the same rules. */
export const s = (tag, properties, ...children) => build(document.createElementNS(SVG, tag), properties, children);

function build(element, properties, children) {
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, children);
  return element;
}

/** Set the title of the browser's tab. */
export const entitle = (text) => { document.title = `${text} · brt-watch`; };

/** Copy a text; returns whether it was copied. Browsers allow it only on secure pages, and people may forbid it. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = h("textarea", { class: "unseen", "aria-hidden": "true", tabindex: "-1" });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

/** Return a button that copies a link; `link` returns it. Where copying is not allowed, the link is shown to be copied by hand. */
export function copyButton(text, copied, link) {
  const words = h("span", {}, text);
  return h("button", { class: "button", type: "button", onclick: async () => {
    if (await copyText(link())) words.textContent = copied;
    else prompt(text, link());
  } }, icon("link"), words);
}

/** Replace the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren();
  put(element, children);
  return element;
}

function put(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Return a group of buttons of which one is pressed; `options` are [value, text]. */
export function segments(label, options, chosen, choose) {
  const group = h("div", { class: "segments", role: "group", "aria-label": label });
  const press = (value) => {
    for (const button of group.children) button.setAttribute("aria-pressed", String(button.dataset.value === String(value)));
  };
  for (const [value, text] of options) {
    group.append(h("button", { type: "button", "data-value": value, onclick: () => { press(value); choose(value); } }, text));
  }
  press(chosen);
  group.press = press;
  return group;
}

const ICONS = {
  map: "M9 4 3 6.5v13L9 17l6 2.5 6-2.5v-13L15 6.5 9 4zM9 4v13M15 6.5v13",
  replay: "M4 12a8 8 0 1 0 2.6-5.9M4 4v4h4M10.5 9v6l5-3z",
  stop: "M6 21V4h12v17M6 15h12M9 8h6M9 11h6M8 18h1M15 18h1", beads: "M3 12h18M8 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM17 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6z",
  report: "M5 20V10M12 20V4M19 20v-7M3 20h18",
  board: "M4 6h16M4 12h16M4 18h16M9 4v16",
  diagram: "M4 4v16h16M7 17l4-11M12 17l4-11M17 17l3-8",
  pulse: "M3 12h4l2.5-6 5 12 2.5-6h4",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5 19 19M19 5l-1.5 1.5M6.5 17.5 5 19",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5z",
  close: "M6 6l12 12M18 6 6 18",
  play: "M8 5v14l11-7z", pause: "M8 5v14M16 5v14",
  plus: "M12 5v14M5 12h14", minus: "M5 12h14",
  down: "M12 4v11M7 11l5 5 5-5M5 20h14", link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  aim: "M12 3v4M12 17v4M3 12h4M17 12h4M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
};

/** Return a decorative icon. */
export const icon = (name) => s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true", focusable: "false" }, s("path", { d: ICONS[name] }));
