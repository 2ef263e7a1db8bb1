// What has been called: the list with its filters, and one invocation by itself.

import { get, query } from './api.js';
import { legend, stack, startKinds } from './charts.js';
import { failure, field, figure, h, put, select, text } from './dom.js';
import { bytes, clock, count, duration, moment, plural } from './format.js';
import { DataTable } from './table.js';

// How many records are shown at first, and with each step further back.
const pageSize = 200;
const outcomes = ['ok', 'trap', 'timeout', 'fuel', 'memory', 'bad-output', 'canceled', 'overloaded'];

/** The controls for filters of these names; `onchange` gets what has changed. */
export function filterFields(parameters, names, onchange) {
  const changed = (name) => (event) => onchange({ [name]: event.target.value });
  const input = (name, attributes) => h('input', { ...attributes, value: parameters.get(name) ?? '', onchange: changed(name) });
  const choice = (name, values) => select([['', 'any'], ...values], parameters.get(name) ?? '', { onchange: changed(name) });
  const fields = {
    function: () => field('Function', input('function', { type: 'search', spellcheck: 'false', autocapitalize: 'off' })),
    version: () => field('Version', input('version', { type: 'number', min: 1, class: 'short' })),
    outcome: () => field('Outcome', choice('outcome', outcomes)),
    status: () => field('Status', input('status', { type: 'number', min: 0, max: 599, class: 'short' })),
    start: () => field('Start', choice('start', startKinds)),
    minMs: () => field('At least ms', input('minMs', { type: 'number', min: 0, step: 'any', class: 'short' })),
    since: () => field('Since', choice('since', [['300', '5 min'], ['3600', '1 h'], ['86400', '1 d'], ['604800', '7 d']])),
    q: () => field('Text', input('q', { type: 'search' })),
  };
  return names.map((name) => fields[name]());
}

export function open(context, main) {
  return context.segments[1] ? openOne(context, main, context.segments[1]) : openList(context, main);
}

function drawOutcome(cell, row) {
  text(cell, row.outcome);
  cell.classList.toggle('bad', row.outcome !== 'ok');
}

function openList(context, main) {
  const { parameters } = context;
  const filters = ['function', 'version', 'outcome', 'status', 'start', 'minMs', 'since', 'q'];
  let rows = [];
  let cursor = null;
  let request = new AbortController();
  const table = new DataTable({
    label: 'Invocations, the newest first',
    key: (row) => row.id,
    link: (row) => '#/invocations/' + encodeURIComponent(row.id),
    empty: 'Loading …',
    columns: [
      { id: 'time', title: 'Started', className: 'time', value: (row) => row.startedAt,
        draw: (cell, row) => { text(cell, clock(row.startedAt)); cell.title = row.startedAt; } },
      { id: 'function', title: 'Function', className: 'name', value: (row) => row.function,
        draw: (cell, row) => text(cell, `${row.function}@${row.version}`) },
      { id: 'request', title: 'Request', className: 'path wide', value: (row) => row.path,
        draw: (cell, row) => { text(cell, `${row.method} ${row.path}`); cell.title = row.path; } },
      { id: 'status', title: 'Status', className: 'number', value: (row) => row.status,
        draw: (cell, row) => { text(cell, row.status || '–'); cell.classList.toggle('bad', row.status >= 500); } },
      { id: 'outcome', title: 'Outcome', className: 'word medium', value: (row) => row.outcome, draw: drawOutcome },
      { id: 'start', title: 'Start', className: 'word medium', value: (row) => row.start ?? '' },
      { id: 'queue', title: 'Queue', className: 'number wide', descending: true, value: (row) => row.queueUs, draw: (cell, row) => text(cell, duration(row.queueUs)) },
      { id: 'starting', title: 'Starting', className: 'number wide', descending: true, value: (row) => row.startUs, draw: (cell, row) => text(cell, duration(row.startUs)) },
      { id: 'guest', title: 'Guest', className: 'number wide', descending: true, value: (row) => row.guestUs, draw: (cell, row) => text(cell, duration(row.guestUs)) },
      { id: 'total', title: 'Total', className: 'number', descending: true, value: (row) => row.totalUs, draw: (cell, row) => text(cell, duration(row.totalUs)) },
    ],
  });
  const notice = h('div');
  const gaps = h('p.note');
  const older = h('button', { type: 'button', hidden: true, onclick: () => load(true) }, 'Load older ones');
  main.classList.add('fills');
  context.signal.addEventListener('abort', () => { main.classList.remove('fills'); request.abort(); });
  put(main,
    h('div.head', {}, h('h1', {}, 'Invocations'), h('button', { type: 'button', onclick: () => load() }, 'Load again')),
    h('div.filters', { role: 'search' }, filterFields(parameters, filters, (changes) => { context.remember(changes); load(); })),
    notice, table.element, h('div.foot', {}, older, gaps));

  /** Shows a page of records, and searches on for as long as the daemon had no time to find as many. */
  async function load(continues = false) {
    request.abort();
    request = new AbortController();
    const { signal } = request;
    const asked = Object.fromEntries(filters.map((name) => [name, parameters.get(name)]));
    if (asked.since) asked.since = new Date(Date.now() - asked.since * 1000).toISOString();
    if (!continues) [rows, cursor] = [[], ''];
    let [wanted, dropped] = [pageSize, 0];
    try {
      do {
        const page = await get('v1/invocations' + query({ ...asked, limit: wanted, cursor }), { signal });
        rows = rows.concat(page.invocations);
        cursor = page.nextCursor;
        wanted -= page.invocations.length;
        dropped += page.gaps.reduce((sum, gap) => sum + gap.dropped, 0);
        const isLooking = page.searchedTo && wanted > 0;
        text(gaps, isLooking ? `Looking for more, before ${moment(page.searchedTo)} …`
          : dropped ? `Of this time, ${plural(dropped, 'record is', 'records are')} missing: the daemon could not store them.` : '');
        table.empty = isLooking ? 'Nothing yet …' : 'No invocation passes these filters.';
        table.show(rows);
        older.hidden = !cursor || isLooking;
        put(notice);
        if (!page.searchedTo) break;
      } while (cursor && wanted > 0);
    } catch (error) {
      if (error.name !== 'AbortError') put(notice, failure(error, () => load(continues)));
    }
  }
  load();
  return { title: 'Invocations', table, keys: {}, refresh: () => load() };
}

// MARK: One invocation

function openOne(context, main, id) {
  const content = h('div', {}, h('p.empty', {}, 'Loading …'));
  put(main, h('div.head', {}, h('a.back', { href: '#/invocations', 'aria-label': 'All invocations' }, 'Invocations'), h('h1.mono', {}, id)), content);

  async function load() {
    try {
      const record = await get('v1/invocations/' + encodeURIComponent(id), context);
      put(content, record.outcome ? page(record) : pending(record));
    } catch (error) {
      if (error.name !== 'AbortError') put(content, failure(error, load));
    }
  }
  load();
  return { title: 'Invocation ' + id.slice(0, 8), keys: {}, refresh: load };
}

/** An asynchronous call that has not been made yet. */
function pending(record) {
  return [h('p', {}, `A call of ${record.function} that is made later.`), document_(record.async)];
}

function page(record) {
  const isBad = record.outcome !== 'ok';
  const base = '#/functions/' + encodeURIComponent(record.function);
  return [
    h('p.headline', {},
      h('span.tag', { class: isBad ? 'tag bad' : 'tag good' }, record.outcome), ' ',
      h('b', {}, record.status || 'no answer'), ' ', h('span.mono.path', {}, `${record.method} ${record.path}`)),
    record.error && h('p.notice.bad', {}, record.error),
    h('dl.figures', {},
      figure('Function', h('a', { href: base }, `${record.function}@${record.version}`)),
      figure('Started', moment(record.startedAt), record.startedAt),
      figure('Start', record.start ?? '–'), figure('Alias', record.alias ?? '–'), figure('Trigger', record.trigger),
      figure('Instructions', count(record.fuel)), figure('Memory', bytes(record.memoryPeakBytes)),
      figure('In', bytes(record.bytesIn)), figure('Out', bytes(record.bytesOut)),
      record.traceId && figure('Trace', h('code', {}, record.traceId))),
    phases(record),
    record.trap && trap(record.trap),
    log(record),
    record.async && [h('h2', {}, 'Later call'), document_(record.async)],
    h('details', {}, h('summary', {}, 'The whole record'), document_({ ...record, lines: undefined })),
  ].flat();
}

function document_(value) { return h('pre.json', { tabindex: '0' }, JSON.stringify(value, null, 2)); }

/** Where the time went. */
function phases(record) {
  const parts = [
    { name: 'queue', label: 'queue', value: record.queueUs },
    { name: 'start', label: 'start', value: record.startUs },
    { name: 'guest', label: 'guest', value: record.guestUs },
  ];
  const rest = Math.max(0, record.totalUs - record.queueUs - record.startUs - record.guestUs);
  parts.push({ name: 'rest', label: 'answer', value: rest });
  for (const part of parts) part.title = `${part.label} ${duration(part.value)}`;
  const words = parts.map((part) => part.title).join(', ');
  return h('section', {},
    h('div.section-head', {}, h('h2', {}, 'Phases'), h('p.note', {}, `${duration(record.totalUs)} in all`)),
    stack(parts, words, 'phases'),
    legend(parts.map((part) => ({ ...part, value: duration(part.value) }))));
}

function trap(report) {
  const frames = report.backtrace ?? [];
  const hidden = (report.depth ?? 0) - frames.reduce((sum, frame) => sum + (frame.count ?? 1), 0);
  const place = (frame) => (frame.file ? `${frame.file}:${frame.line ?? '?'}` : `byte 0x${frame.offset.toString(16)}`);
  return h('section', {},
    h('div.section-head', {}, h('h2', {}, 'Trap'), h('p.note', {}, report.message ?? report.kind,
      report.fuel !== undefined && ` · ${count(report.fuel)} instructions`, report.memoryBytes !== undefined && ` · ${bytes(report.memoryBytes)} of memory`)),
    h('ol.stack', { tabindex: '0' }, frames.map((frame) =>
      h('li', {}, h('code.function', {}, frame.name ?? `function ${frame.function}`), h('code.place', {}, place(frame)),
        frame.count > 1 && h('span.note', {}, ` ${count(frame.count)} times`)))),
    hidden > 0 && h('p.note', {}, plural(hidden, 'more frame')));
}

function log(record) {
  const lines = record.lines ?? [];
  return h('section', {},
    h('div.section-head', {}, h('h2', {}, 'Log'), h('p.note', {}, lines.length ? plural(lines.length, 'line') : 'Nothing was logged.')),
    lines.length > 0 && h('div.log.still', { tabindex: '0', role: 'log', 'aria-live': 'off', 'aria-label': 'Log lines' },
      lines.map((line) => h('div.line', {},
        h('time', {}, '+' + duration(line.atUs)), h('span.stream.is-' + line.stream, {}, line.stream), h('span.text', {}, line.text)))),
    record.linesTruncated && h('p.note', {}, 'The rest was not kept: a function’s limits.logBytes says how much is.'));
}
