// Questions in SQL to the records.

import { get } from './api.js';
import { failure, h, put, select, text } from './dom.js';
import { plural } from './format.js';
import { DataTable } from './table.js';

const examples = [
  ['Slowest functions', 'SELECT function, count(*) AS calls, p50(totalUs) AS p50, p99(totalUs) AS p99\nFROM invocations GROUP BY function ORDER BY p99 DESC'],
  ['Failures by outcome', "SELECT function, version, outcome, count(*) AS calls\nFROM invocations WHERE outcome <> 'ok'\nGROUP BY function, version, outcome ORDER BY calls DESC"],
  ['Starts by kind', 'SELECT function, start, count(*) AS calls, p50(startUs) AS p50, p99(startUs) AS p99\nFROM invocations GROUP BY function, start'],
  ['Last cold starts', 'SELECT * FROM cold_starts ORDER BY startedAt DESC LIMIT 100'],
  ['Lines with errors', "SELECT * FROM log_lines WHERE text LIKE '%error%' LIMIT 100"],
  ['Versions', 'SELECT * FROM versions ORDER BY createdAt DESC LIMIT 100'],
];

/** A value as it is shown: what is missing looks different from an empty text. */
function draw(cell, value) {
  const isMissing = value === null || value === undefined;
  text(cell, isMissing ? 'NULL' : typeof value === 'object' ? JSON.stringify(value) : value);
  cell.classList.toggle('missing', isMissing);
}

function csv(columns, rows) {
  const cell = (value) => {
    if (value === null || value === undefined) return '';
    const written = typeof value === 'object' ? JSON.stringify(value) : String(value);
    return /[",\r\n]/.test(written) ? `"${written.replaceAll('"', '""')}"` : written;
  };
  return [columns.map((column) => column.name), ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n';
}

export function open(context, main) {
  const box = h('textarea', {
    rows: 6, spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off', 'aria-label': 'SQL statement',
    placeholder: 'SELECT …', value: context.parameters.get('sql') ?? examples[0][1],
    onkeydown: (event) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      run();
    },
  });
  const limit = select([['100', '100 rows'], ['1000', '1,000 rows'], ['10000', '10,000 rows']], '1000', { 'aria-label': 'Most rows' });
  const example = select([['', 'Examples …'], ...examples.map(([title]) => title)], '', {
    'aria-label': 'Examples', onchange: () => {
      const chosen = examples.find(([title]) => title === example.value);
      if (chosen) box.value = chosen[1];
      example.value = '';
      box.focus();
    },
  });
  const start = h('button.primary', { type: 'button', title: 'Ctrl+Enter', onclick: run }, 'Run');
  const save = h('button', { type: 'button', hidden: true, onclick: download }, 'Save as CSV');
  const state = h('p.state', { role: 'status' });
  const result = h('div.result');
  main.classList.add('fills');
  let request = new AbortController();
  let answer;
  context.signal.addEventListener('abort', () => { main.classList.remove('fills'); request.abort(); });
  put(main, h('div.head', {}, h('h1', {}, 'SQL'), h('p.note', {}, 'Read-only, over the views invocations, log_lines, cold_starts, functions and versions.')),
    box, h('div.actions', {}, start, limit, example, save, state), result);

  async function run() {
    request.abort();
    request = new AbortController();
    context.remember({ sql: box.value });
    text(state, 'Running …');
    try {
      answer = await get('v1/query', { method: 'POST', body: { sql: box.value, limit: Number(limit.value) }, signal: request.signal });
    } catch (error) {
      if (error.name === 'AbortError') return;
      text(state, '');
      save.hidden = true;
      put(result, failure(error));
      return;
    }
    const { columns, rows } = answer;
    save.hidden = false;
    text(state, `${plural(rows.length, 'row')}${answer.truncated ? ', cut off here' : ''} · ${answer.elapsedMs} ms`);
    const table = new DataTable({
      label: 'Result', key: (row) => row.index, empty: 'No rows.',
      columns: columns.map((column, index) => ({
        id: index, title: column.name, value: (row) => row.values[index] ?? null, draw: (cell, row) => draw(cell, row.values[index]),
        className: rows.length && rows.every((row) => row[index] === null || typeof row[index] === 'number') ? 'number' : 'cell',
      })),
    });
    put(result, table.element);
    table.show(rows.map((values, index) => ({ index, values })));
  }

  function download() {
    const address = URL.createObjectURL(new Blob([csv(answer.columns, answer.rows)], { type: 'text/csv' }));
    h('a', { href: address, download: 'roost-query.csv' }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  return { title: 'SQL', keys: {}, refresh: run };
}
