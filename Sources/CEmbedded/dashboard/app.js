// The page's frame: which view is shown, signing in, and the keyboard.

import { Problem, get, hasToken, onUnauthorized, setToken } from './api.js';
import { failure, h, put } from './dom.js';
import * as functions from './functions.js';

const main = document.getElementById('main');
const signOut = document.getElementById('sign-out');
let current = { keys: {} };
let abort = new AbortController();

// Views other than the first are loaded when they are first shown. Addresses are relative to this file.
const views = {
  '': () => functions,
  functions: () => import('./function.js'),
  invocations: () => import('./invocations.js'),
  logs: () => import('./logs.js'),
  starts: () => import('./starts.js'),
  pool: () => import('./pool.js'),
  query: () => import('./query.js'),
};

/** What a view is given: its place in the address, and the means to go on until another view is shown. */
class Context {
  constructor(segments, parameters, signal) {
    this.segments = segments;
    this.parameters = parameters;
    this.signal = signal;
  }

  /** Keeps what the view shows in the address, so that it can be shared. */
  remember(parameters) {
    for (const [name, value] of Object.entries(parameters)) {
      if (value === '' || value === null || value === undefined) this.parameters.delete(name);
      else this.parameters.set(name, value);
    }
    const path = '#/' + this.segments.map(encodeURIComponent).join('/');
    const query = this.parameters.toString();
    history.replaceState(null, '', path + (query && '?' + query));
  }

  /** Calls `load` now and every so often, not while the page is hidden; returns what calls it at once. A failure is shown above the view. */
  every(seconds, load) {
    const { signal } = this;
    const notice = h('div');
    main.prepend(notice);
    let timer;
    const run = async () => {
      clearTimeout(timer);
      if (signal.aborted) return;
      if (!document.hidden) {
        try {
          await load(signal);
          put(notice);
        } catch (error) {
          if (signal.aborted || error.name === 'AbortError') return;
          if (!(error instanceof Problem)) console.error(error);
          put(notice, failure(error, run));
        }
      }
      if (!signal.aborted) timer = setTimeout(run, seconds * 1000);
    };
    document.addEventListener('visibilitychange', run, { signal });
    current.refresh = run;
    run();
    return run;
  }
}

/** Shows the view that the address names. */
async function show() {
  abort.abort();
  abort = new AbortController();
  const { signal } = abort;
  const [path, search = ''] = location.hash.replace(/^#\/?/, '').split('?');
  let segments = [];
  try { segments = path.split('/').map(decodeURIComponent); } catch { /* an address that nobody made */ }
  const load = views[segments[0]];
  current = { keys: {} };
  markLink(segments[0]);
  put(main);
  window.scrollTo(0, 0);
  if (!load) {
    document.title = 'Roost';
    put(main, failure({ title: 'Nothing is here.', message: 'The address names no view.' }));
    return;
  }
  try {
    const view = await load();
    if (signal.aborted) return;
    const context = new Context(segments, new URLSearchParams(search), signal);
    const shown = { keys: {} };
    current = shown;
    Object.assign(shown, view.open(context, main));
    document.title = (shown.title ? shown.title + ' · ' : '') + 'Roost';
    // Whoever opened the view from within the one before, which is gone, goes on at the new one's beginning.
    if (document.activeElement === document.body) main.focus({ preventScroll: true });
  } catch (error) {
    console.error(error);
    put(main, failure(error, show));
  }
}

function markLink(name) {
  for (const link of document.querySelectorAll('#views a')) {
    const isCurrent = link.getAttribute('href') === '#/' + (name === 'functions' ? '' : name);
    if (isCurrent) link.setAttribute('aria-current', 'page'); else link.removeAttribute('aria-current');
  }
}

// MARK: Signing in

function askForToken(wasWrong) {
  abort.abort();
  abort = new AbortController();
  current = { keys: {} };
  setToken('');
  signOut.hidden = true;
  document.body.classList.add('signed-out');
  document.title = 'Sign in · Roost';
  const input = h('input', {
    type: 'password', id: 'token', autocomplete: 'off', spellcheck: 'false', required: true,
    'aria-describedby': 'token-note', 'aria-invalid': wasWrong ? 'true' : null,
  });
  const message = h('p.error', { role: 'alert' }, wasWrong ? 'The daemon does not accept this token.' : '');
  const form = h('form.sign-in', {},
    h('h1', {}, 'Sign in'),
    h('label', { for: 'token' }, 'Token of the control plane'), input, message,
    h('p.note', { id: 'token-note' }, 'It is in the file ', h('code', {}, 'token'), ' of the data folder. This page keeps it in memory only: ',
      'it is asked for again after a reload.'),
    h('button.primary', { type: 'submit' }, 'Sign in'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    setToken(input.value.trim());
    begin();
  });
  put(main, form);
  input.focus();
}

/** Shows the page if the daemon lets us in. */
async function begin() {
  try {
    await get('v1/functions?limit=1');
  } catch (error) {
    if (error.status !== 401) put(main, failure(error, begin));
    return;
  }
  document.body.classList.remove('signed-out');
  signOut.hidden = !hasToken();
  show();
}

onUnauthorized(() => askForToken(hasToken()));
signOut.addEventListener('click', () => askForToken(false));

// MARK: The keyboard

const places = { f: '#/', i: '#/invocations', l: '#/logs', s: '#/starts', p: '#/pool', q: '#/query' };
const shortcuts = [
  ['g then f, i, l, s, p, q', 'functions, invocations, logs, starts, pool, SQL'],
  ['/', 'the search box or first filter'],
  ['j, k or ↓, ↑', 'next, previous row'],
  ['Enter', 'open the row'],
  ['r', 'load again'],
  ['p', 'pause or resume the live log'],
  ['Ctrl+Enter', 'run the SQL statement'],
  ['Esc', 'leave a field, close a dialog'],
  ['?', 'this list'],
];
let isGoing = false;

function showShortcuts() {
  const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' },
    h('h2', { id: 'dialog-title' }, 'Keyboard shortcuts'),
    h('dl.shortcuts', {}, shortcuts.map(([keys, what]) => [h('dt', {}, keys), h('dd', {}, what)]).flat()),
    h('div.actions', {}, h('button.primary', { type: 'button', onclick: () => dialog.close() }, 'Close')));
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

const keys = {
  g: () => {},
  '?': showShortcuts,
  r: () => current.refresh?.(),
  j: () => current.table?.step(1),
  k: () => current.table?.step(-1),
  '/': () => main.querySelector('input[type=search], select, textarea')?.focus(),
};

document.addEventListener('keydown', (event) => {
  const field = event.target.closest?.('input, textarea, select');
  if (field && event.key === 'Escape') field.blur();
  if (field || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  if (document.body.classList.contains('signed-out') && event.key !== '?') return;
  const action = isGoing && places[event.key] ? () => { location.hash = places[event.key]; }
    : keys[event.key] ?? current.keys[event.key];
  isGoing = event.key === 'g' && !isGoing;
  if (!action) return;
  event.preventDefault();
  action();
});

document.getElementById('help').addEventListener('click', showShortcuts);
document.getElementById('skip').addEventListener('click', () => main.focus());
window.addEventListener('hashchange', show);
begin();
