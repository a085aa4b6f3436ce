// What this browser remembers: language, theme, favourites. Everything works without it.

export function remembered(name) {
  try {
    return localStorage.getItem(`brt-watch.${name}`);
  } catch {
    return null;
  }
}

export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(`brt-watch.${name}`);
    else localStorage.setItem(`brt-watch.${name}`, value);
  } catch {
    // Private windows may forbid it.
  }
}
