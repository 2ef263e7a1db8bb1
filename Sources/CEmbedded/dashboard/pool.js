// What functions take of the daemon's memory.

import { get, query } from './api.js';
import { legend, stack, treemap } from './charts.js';
import { figure, h, numeral, put, redraw } from './dom.js';
import { bytes, capital, count, duration, percent, span } from './format.js';
import { DataTable } from './table.js';

const kinds = [['module', 'moduleBytes'], ['code', 'codeBytes'], ['image', 'imageBytes'], ['private', 'privateBytes']];
// The rest of a large pool is drawn as one item.
const tilesMax = 1000;

const sizeOf = (version) => kinds.reduce((sum, [, key]) => sum + version[key], 0);
const partsOf = (version) => kinds.map(([name, key]) => ({ name, value: version[key] }));
const labelOf = (version) => `${version.function}@${version.version}`;

export function open(context, main) {
  const number = (id, title, className, value, format = count) => ({
    id, title, className: 'number ' + className, descending: true, value, draw: (cell, row) => numeral(cell, value(row), format(value(row))),
  });
  const table = new DataTable({
    label: 'Versions in memory',
    key: labelOf,
    link: (row) => '#/functions/' + encodeURIComponent(row.function),
    sort: { id: 'size', direction: -1 },
    empty: 'No version is in memory.',
    columns: [
      { id: 'version', title: 'Version', className: 'name', value: labelOf },
      number('size', 'Memory', '', sizeOf, bytes),
      ...kinds.map(([name, key]) => number(name, capital(name), 'wide', (row) => row[key], bytes)),
      number('idle', 'Ready', '', (row) => row.idle), number('inUse', 'In use', '', (row) => row.inUse),
      number('waiting', 'Waiting', 'medium', (row) => row.waiting),
      number('hits', 'Pooled', 'wide', (row) => row.hits), number('misses', 'Made', 'wide', (row) => row.misses),
      number('reset', 'Reset', 'wide', (row) => (row.resets ? row.resetUs : null), duration),
      number('used', 'Used', 'medium', (row) => row.lastUseMsAgo ?? null, (value) => (value === null ? 'never' : span(value / 1000) + ' ago')),
    ],
  });
  table.element.classList.add('bounded');
  const figures = h('dl.figures');
  const budget = h('div');
  const map = h('div.map');
  put(main, h('div.head', {}, h('h1', {}, 'Pool')), figures, budget,
    h('div.section-head', {}, h('h2', {}, 'Memory map'), legend(kinds.map(([name]) => ({ name })))),
    map, h('div.section-head', {}, h('h2', {}, 'Versions in memory')), table.element);

  let report;
  const draw = () => {
    if (!report?.versions.length || !map.clientWidth) {
      put(map, h('p.empty', {}, 'No version is in memory.'));
      return;
    }
    const bySize = report.versions.slice().sort((a, b) => sizeOf(b) - sizeOf(a));
    const items = bySize.slice(0, tilesMax)
      .map((version) => ({ label: labelOf(version), size: sizeOf(version), parts: partsOf(version), href: '#/functions/' + encodeURIComponent(version.function) }));
    const rest = bySize.slice(tilesMax);
    if (rest.length) {
      const sum = Object.fromEntries(kinds.map(([, key]) => [key, rest.reduce((total, version) => total + version[key], 0)]));
      items.push({ label: `${rest.length} more`, size: sizeOf(sum), parts: partsOf(sum), href: '#/pool' });
    }
    const width = map.clientWidth;
    const height = width < 600 ? 320 : 260;
    redraw(map, [items, width], () => treemap(items.filter((item) => item.size > 0), width, height, 'Memory by version'));
  };
  const sizes = new ResizeObserver(() => draw());
  sizes.observe(map);
  context.signal.addEventListener('abort', () => sizes.disconnect());

  context.every(3, async (signal) => {
    report = await get('v1/pool' + query({ limit: 10000 }), { signal });
    const { total } = report;
    const free = Math.max(0, total.residentBytesMax - total.residentBytes);
    put(figures,
      figure('Functions', count(total.functions)), figure('Versions in memory', count(total.loadedVersions)),
      figure('Ready', count(total.idle)), figure('In use', count(total.inUse)), figure('Waiting', count(total.waiting)),
      figure('Found ready', percent(total.hits, total.hits + total.misses), 'Requests that found an instance ready'),
      figure('Reset', total.resets ? duration(total.resetUs) : '–', 'Mean time to reset an instance'),
      figure('Evictions', count(total.evictions + total.evictedVersions), 'Instances and versions given up for want of memory'),
      figure('Process', bytes(total.processBytes)));
    const words = `${bytes(total.residentBytes)} of ${bytes(total.residentBytesMax)} that functions may take (${percent(total.residentBytes, total.residentBytesMax)})`;
    put(budget, stack([...partsOf(total), { name: 'free', value: free }], words, 'slim'), h('p.note', {}, words));
    draw();
    table.show(report.versions);
  });
  return { title: 'Pool', table, keys: {} };
}
