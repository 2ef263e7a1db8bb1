// One function: its figures, versions, traffic, configuration and starts.

import { functionPath, get, query } from './api.js';
import { columns, legend, stack, startKinds } from './charts.js';
import { failure, figure, h, put } from './dom.js';
import { ago, bytes, count, digest, duration, moment, percent, rate } from './format.js';
import { noFigures, windowChoice } from './functions.js';
import { benchmarkPanel, distributions } from './starts.js';
import { plainTable } from './table.js';
import { rollBack, trafficPanel } from './traffic.js';

const tabs = { versions: 'Versions', config: 'Config', history: 'History', starts: 'Starts' };

export function open(context, main) {
  const name = context.segments[1] ?? '';
  const path = (rest) => functionPath(name, rest);
  const title = h('h1', {}, name);
  const facts = h('p.facts');
  const chosen = windowChoice(context, () => refresh());
  const figures = h('dl.figures');
  const chart = h('div');
  const panel = h('section', { role: 'tabpanel', 'aria-labelledby': 'tab-versions' });
  let tab = context.parameters.get('tab');
  if (!tabs[tab]) tab = 'versions';
  let stats = { functions: [] };

  const buttons = Object.entries(tabs).map(([id, label]) => h('button', {
    type: 'button', role: 'tab', id: 'tab-' + id, onclick: () => choose(id), onkeydown: walk,
  }, label));
  const encoded = encodeURIComponent(name);
  put(main,
    h('div.head', {}, h('a.back', { href: '#/', 'aria-label': 'All functions' }, 'Functions'), title, chosen.element),
    facts, figures, chart,
    h('div.tabs', {}, h('div', { role: 'tablist', 'aria-label': 'About the function' }, buttons),
      h('a', { href: '#/invocations?function=' + encoded }, 'Invocations'),
      h('a', { href: '#/logs?function=' + encoded }, 'Logs')),
    panel);

  function walk(event) {
    const offset = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!offset) return;
    const index = (buttons.indexOf(event.target) + offset + buttons.length) % buttons.length;
    buttons[index].focus();
    buttons[index].click();
  }

  function choose(id) {
    tab = id;
    context.remember({ tab: id === 'versions' ? '' : id });
    mark();
    load();
  }

  function mark() {
    buttons.forEach((button) => {
      const isChosen = button.id === 'tab-' + tab;
      button.setAttribute('aria-selected', String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
    });
    panel.setAttribute('aria-labelledby', 'tab-' + tab);
  }

  /** Shows what the tab is about; it is loaded when it is opened, and when something has changed. */
  async function load() {
    const shown = tab;
    put(panel, h('p.empty', {}, 'Loading …'));
    try {
      const content = await { versions, config: configuration, history, starts }[shown]();
      if (tab === shown) put(panel, content);
    } catch (error) {
      if (error.name !== 'AbortError' && tab === shown) put(panel, failure(error, load));
    }
  }

  async function describe() {
    const described = await get(path(''), context);
    put(facts,
      h('a', { href: described.url, target: '_blank', rel: 'noreferrer' }, described.url), ' · ',
      described.liveVersion ? `version ${described.liveVersion} is live` : 'no version is live',
      ` · ${described.interface ?? ''} · ${bytes(described.sizeBytes)} · changed ${ago(described.updatedAt)}`);
    return described;
  }

  async function versions() {
    const [described, list] = await Promise.all([describe(), get(path('/versions?limit=200'), context)]);
    const live = described.aliases.find((alias) => alias.alias === 'live');
    const share = (number) => {
      const weights = live?.weights ?? {};
      const others = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
      return live?.version === number ? 1 - others + (weights[number] ?? 0) : weights[number] ?? 0;
    };
    const names = (number) => described.aliases.filter((alias) => alias.alias !== 'live' && alias.version === number)
      .map((alias) => h('span.tag', {}, alias.alias));
    const rows = list.versions.map((version) => {
      const traffic = live ? Math.round(1000 * share(version.version)) / 10 : 0;
      return [
        h('b', {}, 'v' + version.version), traffic > 0 ? h('span.tag.live', {}, traffic + ' %') : '–', names(version.version),
        h('time', { datetime: version.createdAt, title: version.createdAt }, moment(version.createdAt)),
        bytes(version.sizeBytes), h('code', { title: version.digest }, digest(version.digest)),
        h('span.actions', {},
          h('a.medium', { href: `#/invocations?function=${encoded}&version=${version.version}` }, 'Invocations'),
          h('a', { href: version.active ? version.url : `/f/${encoded}@${version.version}`, target: '_blank', rel: 'noreferrer' }, 'Open')),
      ];
    });
    const changed = () => load();
    return [
      trafficPanel(name, described, list.versions, changed),
      h('div.section-head', {}, h('h2', {}, 'Versions'),
        h('button', {
          type: 'button', id: 'roll-back', disabled: !live || list.versions.length < 2,
          onclick: () => rollBack(name, described, changed),
        }, 'Roll back …')),
      h('div.sideways', { tabindex: '0', role: 'region', 'aria-label': 'Versions' },
        plainTable('Versions', ['Version', 'Traffic', { title: 'Aliases', className: 'medium' }, 'Created', { title: 'Size', className: 'number medium' },
          { title: 'Digest', className: 'wide' }, ''], rows)),
      list.nextCursor && h('p.note', {}, 'Older versions are not shown.'),
    ];
  }

  async function configuration() {
    const [settings] = await Promise.all([get(path('/config'), context), describe()]);
    const rows = [];
    const add = (prefix, value) => {
      const isGroup = value && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 0;
      if (isGroup) for (const key of Object.keys(value).sort()) add(prefix ? `${prefix}.${key}` : key, value[key]);
      else rows.push([h('code', {}, prefix), h('code.value', {}, typeof value === 'string' ? value : JSON.stringify(value))]);
    };
    add('', settings);
    return [
      h('div.section-head', {}, h('h2', {}, 'Configuration'), h('p.note', {}, 'Of the live, else the latest version, with defaults.')),
      plainTable('Configuration', ['Key', 'Value'], rows, 'pairs'),
    ];
  }

  async function history() {
    const [page] = await Promise.all([get(path('/history?limit=200'), context), describe()]);
    const target = (to) => (to ? [`v${to.version}`, ...Object.entries(to.weights).map(([number, share]) => `v${number} ${Math.round(share * 1000) / 10} %`)].join(', ') : 'nothing');
    const what = (entry) => (entry.alias ? `${entry.alias}: ${target(entry.from)} → ${target(entry.to)}`
      : entry.secret ?? (entry.version ? 'v' + entry.version : entry.versions?.map((number) => 'v' + number).join(', ')));
    return [
      h('div.section-head', {}, h('h2', {}, 'History'), h('p.note', {}, 'Who changed what, the newest change first.')),
      h('div.sideways', { tabindex: '0', role: 'region', 'aria-label': 'History' },
        plainTable('History', ['When', 'Change', 'What', { title: 'By', className: 'medium' }], page.history.map((entry) => [
          h('time', { datetime: entry.at, title: entry.at }, moment(entry.at)), entry.kind, what(entry), entry.by ?? '–',
        ]))),
      page.nextCursor && h('p.note', {}, 'Older changes are not shown.'),
    ];
  }

  async function starts() {
    const [described, figures] = await Promise.all([
      describe(), get('v1/stats' + query({ window: chosen.seconds(), function: name }), context),
    ]);
    const number = described.liveVersion ?? described.latestVersion;
    const version = await get(path('/versions/' + number), context);
    return [
      h('div.section-head', {}, h('h2', {}, 'Starts of requests'), h('p.note', {}, `The last ${chosen.seconds() / 60} min.`)),
      distributions(figures.functions[0]?.phases ?? {}),
      benchmarkPanel(name, version, context),
    ];
  }

  function show() {
    const own = stats.functions[0] ?? noFigures;
    const seconds = stats.windowSeconds ?? chosen.seconds();
    const parts = startKinds.map((kind) => ({ name: kind, value: own.starts[kind] ?? 0 }));
    put(figures,
      figure('Requests', rate(own.count / seconds) + '/s'), figure('Errors', percent(own.errors, own.count)),
      figure('p50', duration(own.p50Us)), figure('p99', duration(own.p99Us)),
      h('div.figure.grows', {}, h('dt', {}, 'Starts'), h('dd', {},
        own.count > 0 ? stack(parts, parts.map((part) => `${part.name} ${part.value}`).join(', '), 'slim') : '–',
        legend(parts.map((part) => ({ ...part, value: count(part.value) }))))));
    put(chart, columns(own.series, own.errorSeries, stats.stepSeconds,
      `Requests in steps of ${stats.stepSeconds} s: ${own.series.join(', ')}`));
  }

  const refresh = context.every(3, async (signal) => {
    stats = await get('v1/stats' + query({ window: chosen.seconds(), function: name, series: true }), { signal });
    show();
  });
  mark();
  load();
  return { title: name, keys: {}, refresh: () => { refresh(); load(); } };
}
