// How a bus is drawn: a disc with a point to its heading, hollow when silent, labelled with its line when zoomed in.

export const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec4 place;   // x, y (Mercator from the origin), heading in degrees or under 0, age in seconds
layout(location = 1) in vec4 color;   // its fourth part: 1 when the ink on it is dark
layout(location = 2) in vec2 label;   // cell of the atlas, 1 when it is the chosen one
uniform mat3 view;
uniform float size;
uniform float bearing;
uniform vec3 ages;                    // seconds from which a bus is late, silent, out of service
out vec3 fillColor;
out float opacity;
out float hollow;
out vec2 turn;
flat out float tip;
flat out float cell;
flat out float chosen;
flat out float darkInk;
void main() {
  vec3 at = view * vec3(place.xy, 1.0);
  gl_Position = vec4(at.xy, 0.0, 1.0);
  float age = place.w;
  float old = smoothstep(ages.x, ages.y, age);
  hollow = age > ages.y ? 1.0 : 0.0;
  opacity = age > ages.z ? 0.35 : age > ages.y ? 0.6 : mix(1.0, 0.55, old);
  gl_PointSize = size * (age > ages.y ? 0.72 : 1.0) * (label.y > 0.5 ? 1.3 : 1.0);
  float angle = radians(place.z - bearing);
  turn = vec2(cos(angle), sin(angle));
  tip = place.z < -0.5 || age > ages.y ? 0.0 : 1.0;
  fillColor = color.rgb;
  darkInk = color.a;
  cell = label.x;
  chosen = label.y;
}`;

export const FRAGMENT = `#version 300 es
precision highp float;
in vec3 fillColor;
in float opacity;
in float hollow;
in vec2 turn;
flat in float tip;
flat in float cell;
flat in float chosen;
flat in float darkInk;
uniform float size;
uniform vec3 halo;
uniform vec3 accent;
uniform sampler2D atlas;
uniform vec2 grid;
uniform float labels;
out vec4 result;

// The distance to a drop: a disc of radius r that tapers to a point at height h.
float drop(vec2 p, float r, float h) {
  p.x = abs(p.x);
  float b = r / h;
  float a = sqrt(1.0 - b * b);
  float k = dot(p, vec2(-b, a));
  if (k < 0.0) return length(p) - r;
  if (k > a * h) return length(p - vec2(0.0, h));
  return dot(p, vec2(a, b)) - r;
}

void main() {
  vec2 p = (gl_PointCoord - 0.5) * 2.0;
  p.y = -p.y;
  vec2 q = vec2(p.x * turn.x - p.y * turn.y, p.x * turn.y + p.y * turn.x);
  float pixel = 2.0 / size;
  float d = tip > 0.5 ? drop(q, 0.46, 0.82) : length(p) - 0.44;
  float edge = max(0.07, 1.4 * pixel);
  float inside = smoothstep(pixel, -pixel, d);
  float around = smoothstep(pixel, -pixel, d - edge);
  vec3 color = mix(halo, fillColor, inside);
  float alpha = around * opacity;
  if (hollow > 0.5) {
    float ring = smoothstep(pixel, -pixel, abs(d + 0.08) - max(0.07, pixel));
    color = mix(halo, fillColor, ring);
    alpha = max(ring, inside * 0.55) * opacity;
  } else if (labels > 0.0 && cell >= 0.0) {
    vec2 at = (p / vec2(0.84, 0.5)) * 0.5 + 0.5;
    if (all(greaterThan(at, vec2(0.0))) && all(lessThan(at, vec2(1.0)))) {
      vec2 corner = vec2(mod(cell, grid.x), floor(cell / grid.x));
      float letter = texture(atlas, (corner + vec2(at.x, 1.0 - at.y)) / grid).r;
      color = mix(color, darkInk > 0.5 ? vec3(0.06, 0.08, 0.1) : vec3(1.0), letter * labels);
    }
  }
  if (chosen > 0.5) {
    float ring = smoothstep(1.5 * pixel, -1.5 * pixel, abs(length(p) - 0.9) - 0.05);
    color = mix(color, accent, ring);
    alpha = max(alpha, ring);
  }
  if (alpha < 0.01) discard;
  result = vec4(color * alpha, alpha);
}`;
