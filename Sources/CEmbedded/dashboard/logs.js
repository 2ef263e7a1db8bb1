// The live log: what functions write, as they write it.

import { functionPath, all, query, stream } from './api.js';
import { field, h, put, select, text, toast } from './dom.js';
import { clock, count, plural } from './format.js';
import { filterFields } from './invocations.js';

const lineHeight = 20;
const overscan = 10;
// Older lines are forgotten; those in sight are all that is in the page.
const linesMax = 20000;
// The rest of a longer line is at its invocation.
const lineLengthMax = 2000;

/** The last lines, with the number of the first, and those of them that are shown. */
class Lines {
  constructor() { this.clear(); }

  clear() {
    this.kept = [];
    this.shown = [];
    this.forgotten = 0;
  }

  /** Takes lines in; returns how many of those shown were forgotten. */
  add(lines, passes) {
    this.kept.push(...lines);
    for (const line of lines) if (passes(line)) this.shown.push(line);
    const excess = this.kept.length - linesMax;
    // A tenth at a time: cutting moves all that is left.
    if (excess < linesMax / 10) return 0;
    const oldest = new Set(this.kept.splice(0, excess));
    this.forgotten += excess;
    const before = this.shown.length;
    this.shown = this.shown.filter((line) => !oldest.has(line));
    return before - this.shown.length;
  }

  filter(passes) { this.shown = this.kept.filter(passes); }
}

/** What stands in the place of records that the daemon could not store. */
function lineOf(gap) {
  return { id: '', seq: gap.at, at: gap.at, stream: 'platform', text: `${plural(gap.dropped, 'record is', 'records are')} missing here` };
}

export function open(context, main) {
  const { parameters } = context;
  const lines = new Lines();
  let isPaused = false;
  let isAtEnd = true;
  let waiting = [];
  let isDue = false;
  let connection = new AbortController();
  let recent = [];

  const functionChoice = select([['', 'All functions']], '', { 'aria-label': 'Function', onchange: () => restart({ function: functionChoice.value }) });
  const search = h('input', { type: 'search', placeholder: 'Text in the line', 'aria-label': 'Text in the line', value: parameters.get('text') ?? '',
    oninput: () => { context.remember({ text: search.value }); refilter(); } });
  const streamChoice = select([['', 'any'], 'stdout', 'stderr', 'log', 'platform'], parameters.get('stream') ?? '',
    { onchange: () => { context.remember({ stream: streamChoice.value }); refilter(); } });
  const pause = h('button', { type: 'button', 'aria-pressed': 'false', onclick: togglePause }, 'Pause');
  const clear = h('button', { type: 'button', onclick: () => { lines.clear(); waiting = []; draw(); } }, 'Clear');
  const toEnd = h('button.to-end', { type: 'button', hidden: true, onclick: () => { isAtEnd = true; draw(); } }, 'Newest ↓');
  const state = h('p.state', { role: 'status' });
  const speed = h('span.speed');
  const space = h('div.lines');
  const scroller = h('div.scroll.log', { tabindex: '0', role: 'log', 'aria-live': 'off', 'aria-label': 'Log lines' }, space);
  const served = filterFields(parameters, ['version', 'outcome', 'status', 'start', 'minMs'], restart);
  main.classList.add('fills');
  context.signal.addEventListener('abort', () => { main.classList.remove('fills'); connection.abort(); });
  put(main,
    h('div.head', {}, h('h1', {}, 'Logs'), state, speed, pause, clear),
    h('div.filters', { role: 'search' }, field('Function', functionChoice), field('Text', search), field('Stream', streamChoice), served),
    h('div.framed', {}, scroller, toEnd));

  const passes = (line) => {
    const wanted = search.value.toLowerCase();
    return (!streamChoice.value || line.stream === streamChoice.value) && (!wanted || line.text.toLowerCase().includes(wanted));
  };

  function refilter() {
    lines.filter(passes);
    later();
  }

  function togglePause() {
    isPaused = !isPaused;
    pause.textContent = isPaused ? 'Resume' : 'Pause';
    pause.setAttribute('aria-pressed', String(isPaused));
    later();
  }

  function restart(changes) {
    context.remember(changes);
    lines.clear();
    waiting = [];
    draw();
    follow();
  }

  /** Follows the log until something else is followed, and takes it up again when the connection breaks. */
  async function follow() {
    connection.abort();
    connection = new AbortController();
    const { signal } = connection;
    const name = parameters.get('function') ?? '';
    const log = name ? functionPath(name, '/logs') : 'v1/logs';
    space.classList.toggle('of-all', !name);
    const asked = Object.fromEntries(['version', 'outcome', 'status', 'start', 'minMs'].map((key) => [key, parameters.get(key)]));
    let last = '';
    let seen = new Set();
    for (let delay = 500; !signal.aborted; delay = Math.min(delay * 2, 10000)) {
      text(state, 'Connecting …');
      try {
        const live = () => { text(state, 'Live'); delay = 500; };
        const path = log + query({ follow: true, tail: last ? 1000 : 500, since: last, ...asked });
        await stream(path, { signal, opened: live }, (batch) => {
          if (signal.aborted) return;
          // After a break, lines of the last moment come once more.
          const fresh = batch.map((object) => (object.gap ? lineOf(object.gap) : object))
            .filter((line) => line.text !== undefined && !seen.has(line.id + line.seq));
          for (const line of fresh) {
            if (line.at !== last) seen = new Set();
            last = line.at;
            seen.add(line.id + line.seq);
          }
          receive(fresh);
        });
      } catch (error) {
        if (signal.aborted || error.name === 'AbortError') return;
        if (error.status >= 400 && error.status < 500) {
          text(state, '');
          toast(`${error.title}: ${error.message}`, 'bad');
          return;
        }
      }
      if (signal.aborted) return;
      text(state, 'The connection broke; it is taken up again …');
      await new Promise((resolve) => { setTimeout(resolve, delay); });
    }
  }

  function receive(batch) {
    recent.push([performance.now(), batch.length]);
    for (const line of batch) {
      if (line.text.length > lineLengthMax) line.text = line.text.slice(0, lineLengthMax) + ' …';
      waiting.push(line);
    }
    if (waiting.length > linesMax) waiting.splice(0, waiting.length - linesMax);
    later();
  }

  function later() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      take();
      draw();
    });
  }

  function take() {
    if (isPaused || !waiting.length) return;
    const forgotten = lines.add(waiting, passes);
    waiting = [];
    // What is being read stays where it is.
    if (!isAtEnd && forgotten) scroller.scrollTop = Math.max(0, scroller.scrollTop - forgotten * lineHeight);
  }

  function draw() {
    const total = lines.shown.length;
    space.style.height = total * lineHeight + 'px';
    if (isAtEnd) scroller.scrollTop = total * lineHeight;
    const first = Math.max(0, Math.floor(scroller.scrollTop / lineHeight) - overscan);
    const last = Math.min(total, first + Math.ceil(scroller.clientHeight / lineHeight) + 2 * overscan);
    for (let index = first; index < last; index += 1) {
      const node = space.children[index - first] ?? space.appendChild(makeLine());
      fillLine(node, lines.shown[index], index);
    }
    while (space.children.length > last - first) space.lastChild.remove();
    toEnd.hidden = isAtEnd || total === 0;
    if (isPaused) text(state, `Paused, ${count(waiting.length)} new`);
    else if (state.textContent.startsWith('Paused')) text(state, 'Live');
  }

  const makeLine = () => h('div.line', {}, h('time'), h('a'), h('span.stream'), h('span.text'));

  function fillLine(node, line, index) {
    if (node.line !== line) {
      const [time, link, kind, content] = node.children;
      text(time, clock(line.at));
      time.dateTime = line.at;
      link.href = '#/invocations/' + encodeURIComponent(line.id);
      text(link, line.id && (parameters.get('function') ? 'v' : line.function + '@') + line.version);
      link.title = `Invocation ${line.id}`;
      text(kind, line.stream);
      kind.className = 'stream is-' + line.stream;
      text(content, line.text);
      node.line = line;
    }
    node.style.top = index * lineHeight + 'px';
  }

  scroller.addEventListener('scroll', () => {
    isAtEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - lineHeight;
    later();
  }, { passive: true });
  const sizes = new ResizeObserver(later);
  sizes.observe(scroller);

  const meter = setInterval(() => {
    const now = performance.now();
    recent = recent.filter(([at]) => now - at < 3000);
    const sum = recent.reduce((total, [, lines]) => total + lines, 0);
    text(speed, `${count(sum / 3)} lines/s · ${count(lines.kept.length)} kept`);
  }, 1000);
  context.signal.addEventListener('abort', () => { clearInterval(meter); sizes.disconnect(); });

  all('v1/functions', 'functions', context).then((functions) => {
    put(functionChoice, ...select([['', 'All functions'], ...functions.map((row) => row.name)], '').childNodes);
    functionChoice.value = parameters.get('function') ?? '';
  }).catch((error) => { if (error.name !== 'AbortError') toast(error.message, 'bad'); });
  follow();
  return { title: 'Logs', keys: { p: togglePause }, refresh: () => restart({}) };
}
