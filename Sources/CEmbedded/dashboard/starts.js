// How long starts take, by where they start from: of real requests, and measured.

import { all, functionPath, get, query, stream } from './api.js';
import { histogram, rangeOf, startKinds } from './charts.js';
import { h, put, select, toast } from './dom.js';
import { count, duration, moment } from './format.js';
import { windowChoice } from './functions.js';

const phaseNames = { start: 'Time to a ready instance', total: 'Whole request' };

/** Histograms of each phase, one below the other by kind of start and to the same scale. */
export function distributions(phasesByKind, names = phaseNames) {
  return h('div.distributions', {}, Object.entries(names).map(([phase, title]) => {
    const kinds = startKinds.map((kind) => [kind, phasesByKind[kind]?.[phase]]);
    const range = rangeOf(kinds.map(([, distribution]) => distribution?.histogram ?? []));
    return h('section', {}, h('h3', {}, title), kinds.map(([kind, distribution]) => {
      const number = distribution?.histogram.reduce((sum, bin) => sum + bin.count, 0) ?? 0;
      const words = number ? `p50 ${duration(distribution.p50)} · p99 ${duration(distribution.p99)}${distribution.max ? ` · max ${duration(distribution.max)}` : ''}` : 'none';
      return h('div.distribution', {},
        h('p', {}, h('i.key.fill-' + kind, { 'aria-hidden': 'true' }), h('b', {}, kind), ` ${count(number)} `, h('span.note', {}, words)),
        number > 0 && histogram(distribution.histogram,
          [{ label: 'p50', at: distribution.p50 }, { label: 'p99', at: distribution.p99 }], range, kind,
          `${title}, ${kind}: ${words}`));
    }));
  }));
}

/** What was measured with a version, and the means to measure again. */
export function benchmarkPanel(name, version, context) {
  const results = version.benchmarks.slice();
  const shown = h('div');
  const progress = h('progress', { max: 1, value: 0, hidden: true, 'aria-label': 'Progress of the measurement' });
  const choice = h('select', { 'aria-label': 'Measurement', onchange: () => draw() });
  const amount = select([['200', '200 starts'], ['1000', '1,000 starts'], ['5000', '5,000 starts']], '1000', { 'aria-label': 'How many starts' });
  const start = h('button', { type: 'button', onclick: measure }, 'Measure');

  function draw() {
    const result = results[Number(choice.value) || 0]?.result;
    choice.hidden = results.length < 2;
    if (!result) {
      put(shown, h('p.empty', {}, 'This version was not measured yet.'));
      return;
    }
    const phases = Object.fromEntries(Object.entries(result.kinds).map(([kind, value]) => [kind, value.phases]));
    put(shown, distributions(phases, { start: 'Time to a ready instance', guest: 'Guest', total: 'Together' }));
  }

  function list() {
    put(choice, results.map((result, index) => h('option', { value: index }, moment(result.at))));
    draw();
  }

  async function measure() {
    start.disabled = true;
    progress.hidden = false;
    progress.removeAttribute('value');
    try {
      const path = functionPath(name, '/bench') + query({ version: version.version });
      await stream(path, { method: 'POST', body: { count: Number(amount.value) }, signal: context.signal }, (objects) => {
        for (const object of objects) {
          if (object.progress) progress.value = object.progress.done / object.progress.of;
          if (object.problem) toast(`${object.problem.title}: ${object.problem.detail}`, 'bad');
          const result = object.result ?? (object.kinds && object);
          if (result) results.unshift({ at: new Date().toISOString(), result });
        }
      });
      list();
    } catch (error) {
      if (error.name !== 'AbortError') toast(`${error.title}: ${error.message}`, 'bad');
    }
    start.disabled = false;
    progress.hidden = true;
  }

  list();
  return h('section', {},
    h('div.section-head', {}, h('h2', {}, 'Measured'),
      h('p.note', {}, `Starts of version ${version.version} without any client, one after another.`), choice, amount, start, progress),
    shown);
}

export function open(context, main) {
  const chosen = windowChoice(context, () => refresh());
  const functionChoice = select([['', 'All functions']], '', { 'aria-label': 'Function', onchange: () => { context.remember({ function: functionChoice.value }); refresh(); } });
  const content = h('div');
  put(main,
    h('div.head', {}, h('h1', {}, 'Starts'), functionChoice, chosen.element),
    h('p.note', {}, 'A request starts ', h('b', {}, 'pooled'), ' when an instance is ready, ', h('b', {}, 'fresh'),
      ' when one is made from the snapshot, ', h('b', {}, 'compiled'), ' when the module is not in memory. The lines are p50 and p99.'),
    content);
  const refresh = context.every(5, async (signal) => {
    const name = context.parameters.get('function');
    const stats = await get('v1/stats' + query({ window: chosen.seconds(), function: name }), { signal });
    put(content, distributions((name ? stats.functions[0] : stats.total)?.phases ?? {}));
  });
  all('v1/functions', 'functions', context).then((functions) => {
    put(functionChoice, ...select([['', 'All functions'], ...functions.map((row) => row.name)], '').childNodes);
    functionChoice.value = context.parameters.get('function') ?? '';
  }).catch(() => {});
  return { title: 'Starts', keys: {} };
}
