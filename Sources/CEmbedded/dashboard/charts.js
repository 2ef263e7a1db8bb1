// Drawings, each with a text that says the same.

import { h, s } from './dom.js';
import { bytes, count, duration, rate } from './format.js';

/** The kinds of starts, from the cheapest to the dearest. */
export const startKinds = ['pooled', 'fresh', 'compiled'];

/** A line of recent values, drawn to the height of a row; nothing when all are zero. */
export function sparkline(values) {
  const peak = Math.max(...values);
  const width = values.length - 1;
  const points = values.map((value, index) => `${index},${peak ? 20 - 18 * value / peak : 20}`);
  return s('svg.spark', { viewBox: `0 0 ${width} 20`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    peak > 0 && s('polygon.area', { points: `0,20 ${points.join(' ')} ${width},20` }),
    peak > 0 && s('polyline.line', { points: points.join(' ') }));
}

/** Shares of a whole as one bar; `parts` are `{name, value, title}`, and `name` chooses the colour. */
export function stack(parts, label, className = '') {
  const whole = parts.reduce((sum, part) => sum + part.value, 0);
  let x = 0;
  return s('svg.stack' + (className && '.' + className), { role: 'img', 'aria-label': label, preserveAspectRatio: 'none' },
    s('title', {}, label),
    parts.filter((part) => part.value > 0).map((part) => {
      const width = 100 * part.value / whole;
      const rect = s('rect.fill-' + part.name, { x: x + '%', y: 0, width: width + '%', height: '100%' },
        part.title && s('title', {}, part.title));
      x += width;
      return rect;
    }));
}

/** What the colours of a drawing stand for; `parts` are `{name, label, value}`. */
export function legend(parts) {
  return h('ul.legend', {}, parts.map((part) =>
    h('li', {}, h('i.key.fill-' + part.name, { 'aria-hidden': 'true' }), part.label ?? part.name,
      part.value !== undefined && h('b', {}, part.value))));
}

/** Counts over time as columns, errors in front. */
export function columns(series, errors, stepSeconds, label) {
  const peak = Math.max(...series, 1);
  const width = 100 / series.length;
  const column = (className) => (value, index) => value > 0 && s(className, {
    x: index * width + '%', width: width * 0.8 + '%',
    y: 100 - 100 * value / peak + '%', height: 100 * value / peak + '%',
  });
  const drawing = s('svg.columns', { role: 'img', 'aria-label': label },
    series.map(column('rect.fill-requests')), errors.map(column('rect.fill-error')));
  return h('figure.chart', {},
    h('figcaption', {}, `Requests per second, up to ${rate(peak / stepSeconds)}; failures in red`), drawing,
    h('div.axis', {}, h('span', {}, `${series.length * stepSeconds / 60} min ago`), h('span', {}, 'now')));
}

/**
 * A distribution over a logarithmic scale of time.
 *
 * `bins` are `{from, upTo, count}` in microseconds; without `from` they double from one to the next, and the last may
 * have no end. `marks` are `{label, at}`. `range` is the powers of two that the scale begins and ends with, so that
 * several drawings can be compared.
 */
export function histogram(bins, marks, [low, high], name, label) {
  const peak = Math.max(...bins.map((bin) => bin.count), 1);
  const step = 100 / (high - low);
  const place = (microseconds) => (Math.log2(Math.max(microseconds, 2 ** low)) - low) * step;
  const drawing = s('svg.histogram', { role: 'img', 'aria-label': label },
    bins.map((bin) => {
      const height = Math.max(1.5, 100 * bin.count / peak);
      const [from, upTo] = edges(bin);
      const width = place(upTo) - place(from);
      return bin.count > 0 && s('rect.fill-' + name,
        { x: place(from) + 0.05 * width + '%', width: 0.9 * width + '%', y: 100 - height + '%', height: height + '%' },
        s('title', {}, `${duration(from)} to ${bin.upTo ? duration(upTo) : 'more'}: ${count(bin.count)}`));
    }),
    marks.map((mark) => s('line.mark', { x1: place(mark.at) + '%', x2: place(mark.at) + '%', y1: 0, y2: '100%' },
      s('title', {}, `${mark.label} ${duration(mark.at)}`))));
  return h('figure.chart', {}, drawing, ticks(low, high));
}

/** The times below a logarithmic scale: powers of ten. */
function ticks(low, high) {
  const names = ['0.1 µs', '1 µs', '10 µs', '100 µs', '1 ms', '10 ms', '100 ms', '1 s', '10 s', '100 s'];
  const marks = [];
  for (let power = -1; power <= 8; power += 1) {
    const at = (Math.log2(10 ** power) - low) / (high - low);
    if (at >= -0.001 && at <= 0.95) marks.push({ at, text: names[power + 1] });
  }
  const scale = s('svg.ticks', { 'aria-hidden': 'true' });
  for (const mark of marks) {
    scale.append(s('line', { x1: mark.at * 100 + '%', x2: mark.at * 100 + '%', y1: 0, y2: 4 }),
      s('text', { x: mark.at * 100 + '%', y: 15 }, mark.text));
  }
  return scale;
}

/** Where a bin begins and ends; on a logarithmic scale that is never at zero. */
function edges(bin) {
  const upTo = bin.upTo ?? bin.from * 2;
  return [bin.from || upTo / 2, upTo];
}

/** The range of powers of two that all of these distributions lie in, with a little room. */
export function rangeOf(distributions) {
  const powers = distributions.flat().filter((bin) => bin.count > 0).flatMap(edges).map(Math.log2);
  if (!powers.length) return [0, 10];
  return [Math.floor(Math.min(...powers)) - 1, Math.ceil(Math.max(...powers)) + 1];
}

/**
 * A map in which each item has an area in proportion to its size, the largest at the top left.
 *
 * `items` are `{label, size, parts: [{name, value}], href}`, sorted by size. Squarified, after Bruls, Huizing and
 * van Wijk: rows are filled as long as that makes their rectangles more like squares.
 */
export function treemap(items, width, height, label) {
  const map = s('svg.treemap', { viewBox: `0 0 ${width} ${height}`, role: 'group', 'aria-label': label });
  const whole = items.reduce((sum, item) => sum + item.size, 0);
  const scale = width * height / whole;
  let area = { x: 0, y: 0, width, height };
  let row = [];
  const worst = (sizes, side) => {
    const sum = sizes.reduce((a, b) => a + b, 0);
    return Math.max(side * side * Math.max(...sizes) / (sum * sum), sum * sum / (side * side * Math.min(...sizes)));
  };
  const place = () => {
    const sum = row.reduce((total, item) => total + item.size * scale, 0);
    const isColumn = area.width >= area.height;
    const thickness = sum / (isColumn ? area.height : area.width);
    let offset = 0;
    for (const item of row) {
      const length = item.size * scale / thickness;
      map.append(isColumn ? tile(item, area.x, area.y + offset, thickness, length)
        : tile(item, area.x + offset, area.y, length, thickness));
      offset += length;
    }
    area = isColumn ? { ...area, x: area.x + thickness, width: area.width - thickness }
      : { ...area, y: area.y + thickness, height: area.height - thickness };
    row = [];
  };
  for (const item of items) {
    const side = Math.min(area.width, area.height);
    const sizes = row.map((other) => other.size * scale);
    if (row.length && worst([...sizes, item.size * scale], side) > worst(sizes, side)) place();
    row.push(item);
  }
  if (row.length) place();
  return map;
}

/** One item of a map, divided among its parts from left to right. */
function tile(item, x, y, width, height) {
  const whole = item.parts.reduce((sum, part) => sum + part.value, 0) || 1;
  const gap = Math.min(1, width / 4, height / 4);
  const room = width - gap;
  let offset = x;
  const group = s('a.tile', { href: item.href, tabindex: '-1' },
    s('title', {}, `${item.label}: ${bytes(item.size)}\n` +
      item.parts.map((part) => `${part.name} ${bytes(part.value)}`).join(', ')));
  for (const part of item.parts) {
    const share = room * part.value / whole;
    if (share > 0) group.append(s('rect.fill-' + part.name, { x: offset, y, width: share, height: height - gap }));
    offset += share;
  }
  const letters = Math.floor((width - 10) / 6.6);
  if (height > 18 && letters >= 4) {
    const text = item.label.length > letters ? item.label.slice(0, letters - 1) + '…' : item.label;
    group.append(s('text', { x: x + 5, y: y + 13 }, text));
    if (height > 32 && letters >= 8) group.append(s('text.size', { x: x + 5, y: y + 26 }, bytes(item.size)));
  }
  return group;
}
