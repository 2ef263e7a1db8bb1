// All functions: what they are asked, how they answer, and where they start from.

import { all, get, query } from './api.js';
import { sparkline, stack, startKinds } from './charts.js';
import { figure, h, numeral, put, redraw, text } from './dom.js';
import { bytes, capital, count, duration, percent, rate, span } from './format.js';
import { DataTable } from './table.js';

/** What the figures of a function without requests are. */
export const noFigures = { count: 0, errors: 0, p50Us: null, p99Us: null, starts: {}, series: [], errorSeries: [] };

/** The chance to choose the time that figures are of. */
export function windowChoice(context, onchange) {
  const seconds = () => Number(context.parameters.get('window')) || 300;
  const buttons = [[60, '1 min'], [300, '5 min']].map(([value, title]) => h('button', {
    type: 'button', 'aria-pressed': String(value === seconds()),
    onclick: () => {
      context.remember({ window: value === 300 ? '' : value });
      for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === title));
      onchange();
    },
  }, title));
  return { element: h('div.segmented', { role: 'group', 'aria-label': 'Time that figures are of' }, buttons), seconds };
}

/** The bar of a row that shows where its requests started from. */
export function startsBar(starts) {
  const parts = startKinds.map((kind) => ({ name: kind, value: starts[kind] ?? 0 }));
  const label = parts.map((part) => `${part.name} ${count(part.value)}`).join(', ');
  return parts.some((part) => part.value > 0) ? stack(parts, label) : '–';
}

export function open(context, main) {
  const search = h('input', {
    type: 'search', placeholder: 'Search', 'aria-label': 'Search functions by name', spellcheck: 'false',
    value: context.parameters.get('q') ?? '',
    oninput: () => { context.remember({ q: search.value }); show(); },
  });
  const table = new DataTable({
    label: 'Functions',
    key: (row) => row.name,
    link: (row) => '#/functions/' + encodeURIComponent(row.name),
    sort: { id: 'rate', direction: -1 },
    empty: 'Loading …',
    columns: [
      { id: 'name', title: 'Function', className: 'name', value: (row) => row.name },
      { id: 'rate', title: 'Req/s', className: 'number', descending: true, value: (row) => row.figures.count,
        draw: (cell, row) => numeral(cell, row.figures.count, rate(row.figures.count / row.seconds)) },
      { id: 'series', title: 'Requests', className: 'drawing wide',
        draw: (cell, row) => redraw(cell, row.figures.series, () => row.figures.series.length > 1 && sparkline(row.figures.series)) },
      { id: 'errors', title: 'Errors', className: 'number', descending: true,
        value: (row) => row.figures.count ? row.figures.errors / row.figures.count : null,
        draw: (cell, row) => {
          numeral(cell, row.figures.errors, percent(row.figures.errors, row.figures.count));
          cell.classList.toggle('bad', row.figures.errors > 0);
        } },
      { id: 'p50', title: 'p50', className: 'number medium', descending: true, value: (row) => row.figures.p50Us,
        draw: (cell, row) => numeral(cell, row.figures.p50Us, duration(row.figures.p50Us)) },
      { id: 'p99', title: 'p99', className: 'number', descending: true, value: (row) => row.figures.p99Us,
        draw: (cell, row) => numeral(cell, row.figures.p99Us, duration(row.figures.p99Us)) },
      ...startKinds.map((kind) => (
        { id: kind, title: capital(kind), className: 'number wide', descending: true,
          value: (row) => row.figures.starts[kind] ?? 0, draw: (cell, row) => numeral(cell, row.figures.starts[kind], count(row.figures.starts[kind])) })),
      { id: 'starts', title: 'Starts', className: 'drawing medium',
        draw: (cell, row) => redraw(cell, row.figures.starts, () => startsBar(row.figures.starts)) },
      { id: 'live', title: 'Live', className: 'number medium', descending: true, value: (row) => row.liveVersion,
        draw: (cell, row) => text(cell, row.liveVersion ? 'v' + row.liveVersion : 'none') },
      { id: 'size', title: 'Size', className: 'number wide', descending: true, value: (row) => row.sizeBytes,
        draw: (cell, row) => text(cell, bytes(row.sizeBytes)) },
      { id: 'updated', title: 'Age', className: 'number wide', descending: true, value: (row) => Date.parse(row.updatedAt),
        draw: (cell, row) => text(cell, span((Date.now() - Date.parse(row.updatedAt)) / 1000)) },
    ],
  });
  const figures = h('dl.figures');
  const chosen = windowChoice(context, () => refresh());
  main.classList.add('fills');
  context.signal.addEventListener('abort', () => main.classList.remove('fills'));
  put(main, h('div.head', {}, h('h1', {}, 'Functions'), search, chosen.element), figures, table.element);

  let functions = [];
  let stats = { functions: [], total: noFigures };
  let listedAt = 0;

  function show() {
    const seconds = stats.windowSeconds ?? chosen.seconds();
    const wanted = search.value.trim().toLowerCase();
    const byName = new Map(stats.functions.map((figures) => [figures.function, figures]));
    const rows = functions.filter((row) => row.name.includes(wanted))
      .map((row) => ({ ...row, seconds, figures: byName.get(row.name) ?? noFigures }));
    table.empty = functions.length ? 'No function’s name contains this.' : 'No functions yet: roost deploy NAME FILE';
    table.show(rows);
    const { total } = stats;
    put(figures,
      figure('Functions', wanted ? `${count(rows.length)} of ${count(functions.length)}` : count(functions.length)),
      figure('Requests', rate(total.count / seconds) + '/s'),
      figure('Errors', percent(total.errors, total.count)),
      figure('p50', duration(total.p50Us)), figure('p99', duration(total.p99Us)),
      ...startKinds.map((kind) => figure(capital(kind), count(total.starts[kind]), `Requests that started ${kind}`)));
  }

  const refresh = context.every(3, async (signal) => {
    // The list changes seldom, and is long.
    const isListDue = Date.now() - listedAt > 10000;
    const [list, figures] = await Promise.all([
      isListDue ? all('v1/functions', 'functions', { signal }) : functions,
      get('v1/stats' + query({ window: chosen.seconds(), series: true }), { signal }),
    ]);
    if (isListDue) listedAt = Date.now();
    functions = list;
    stats = figures;
    show();
  });
  return { title: 'Functions', table, keys: {} };
}
