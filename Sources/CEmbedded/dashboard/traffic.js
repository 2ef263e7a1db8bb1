// Which versions answer a function's requests: shares of traffic, and the way back.

import { functionPath, get, tag } from './api.js';
import { stack } from './charts.js';
import { confirm, h, put, select, toast } from './dom.js';

const colours = ['first', 'second', 'third', 'fourth'];

/** Makes the change if it is confirmed and nobody has changed the function since it was shown. */
async function change(question, lines, action, request, done, changed) {
  if (!await confirm(question, lines, action)) return;
  try {
    const alias = await request();
    toast(done(alias), 'good');
  } catch (error) {
    const hint = error.status === 412 ? 'Somebody has changed the function meanwhile; it is shown as it is now. ' : '';
    toast(`${hint}${error.title}: ${error.message}`, 'bad');
  }
  changed();
}

/** Brings `live` back to the version before, which the daemon knows. */
export function rollBack(name, described, changed) {
  return change(
    'Roll back?',
    [`Version ${described.liveVersion} of ${name} is live.`, 'All requests will go to the version that was live before it.'],
    'Roll back',
    () => get(functionPath(name, '/rollback'), { method: 'POST', headers: { 'If-Match': described[tag] } }),
    (alias) => `Version ${alias.version} of ${name} is live.`, changed);
}

/** The sliders that divide a function's traffic among versions. */
export function trafficPanel(name, described, versions, changed) {
  const live = described.aliases.find((alias) => alias.alias === 'live');
  const numbers = versions.map((version) => version.version);
  let base = live?.version ?? described.latestVersion;
  // Percent of the traffic by version; the base has what is left.
  let shares = Object.entries(live?.weights ?? {}).map(([number, weight]) => [Number(number), Math.round(weight * 1000) / 10])
    .filter(([number]) => number !== base);
  const original = JSON.stringify([base, shares]);
  const left = () => Math.round(10 * (100 - shares.reduce((sum, [, share]) => sum + share, 0))) / 10;
  const form = h('form.traffic', { 'aria-label': 'Traffic' });
  const bar = h('div');
  const apply = h('button.primary', { type: 'submit' }, 'Apply …');
  const undo = h('button', { type: 'button', onclick: () => { [base, shares] = JSON.parse(original); draw(); } }, 'Reset');
  const rest = h('output.share', { 'aria-label': 'Share of the base version' });

  const choice = (label, number, taken, onchange) => select(
    numbers.filter((other) => other === number || !taken.includes(other)).map((other) => [other, 'v' + other]), number,
    { 'aria-label': label, onchange: (event) => { onchange(Number(event.target.value)); draw(); } });

  /** Keeps the sum of all shares at 100 percent at most. */
  function setShare(index, value) {
    const others = shares.reduce((sum, [, share], other) => other === index ? sum : sum + share, 0);
    shares[index][1] = Math.max(0, Math.min(value, Math.round(10 * (100 - others)) / 10));
  }

  function draw() {
    const taken = [base, ...shares.map(([number]) => number)];
    const rows = shares.map(([number, share], index) => {
      const label = `Share of version ${number}, in percent`;
      const slider = h('input', { type: 'range', min: 0, max: 100, step: 1, value: share, 'aria-label': label });
      const box = h('input.share', { type: 'number', min: 0, max: 100, step: 0.1, value: share, 'aria-label': label });
      const follow = (source, other) => () => {
        setShare(index, Number(source.value) || 0);
        other.value = shares[index][1];
        if (source === slider) slider.value = shares[index][1];
        summarise();
      };
      slider.addEventListener('input', follow(slider, box));
      box.addEventListener('input', follow(box, slider));
      box.addEventListener('change', () => { box.value = shares[index][1]; });
      return h('div.split', {},
        h('i.key.fill-' + colours[(index + 1) % colours.length], { 'aria-hidden': 'true' }),
        choice('Version', number, taken, (chosen) => { shares[index][0] = chosen; }),
        slider, h('span.unit', {}, box, ' %'),
        h('button', { type: 'button', 'aria-label': `Send nothing to version ${number}`, onclick: () => { shares.splice(index, 1); draw(); } }, 'Remove'));
    });
    const free = numbers.find((number) => !taken.includes(number));
    put(form,
      h('div.section-head', {}, h('h2', {}, 'Traffic'), h('p.note', {}, 'Of requests that name no version: the alias ', h('code', {}, 'live'), '.',
        live?.sticky && ` Clients keep their version by the ${Object.entries(live.sticky)[0].join(' ')}.`)),
      bar,
      h('div.split', {}, h('i.key.fill-first', { 'aria-hidden': 'true' }),
        choice('Base version', base, taken, (chosen) => { base = chosen; }), h('span.filler', {}, 'gets what is left'), h('span.unit', {}, rest, ' %')),
      rows,
      h('div.actions', {}, apply, undo,
        free !== undefined && shares.length < 3 && h('button', {
          type: 'button', onclick: () => {
            shares.push([free, 0]);
            draw();
            form.querySelector('.split:last-of-type input')?.focus();
          },
        }, 'Split with another version')));
    summarise();
  }

  function summarise() {
    rest.textContent = left();
    const parts = [{ name: 'first', value: left(), version: base }]
      .concat(shares.map(([version, value], index) => ({ name: colours[(index + 1) % colours.length], value, version })));
    const words = parts.map((part) => `v${part.version} ${part.value} %`).join(', ');
    put(bar, stack(parts, words, 'slim'));
    apply.disabled = undo.disabled = JSON.stringify([base, shares]) === original && live;
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const weights = Object.fromEntries(shares.filter(([, share]) => share > 0).map(([number, share]) => [number, share / 100]));
    const lines = [`Version ${base} will get ${left()} % of ${name}’s requests.`]
      .concat(shares.filter(([, share]) => share > 0).map(([number, share]) => `Version ${number} will get ${share} %.`));
    change('Change the traffic?', lines, 'Apply',
      () => get(functionPath(name, '/aliases/live'), {
        // Who is kept with a version by a header or a cookie stays so.
        method: 'PUT', body: { version: base, weights, ...(live?.sticky && { sticky: live.sticky }) }, headers: { 'If-Match': described[tag] },
      }),
      () => `The traffic of ${name} has changed.`, changed);
  });
  draw();
  return form;
}
