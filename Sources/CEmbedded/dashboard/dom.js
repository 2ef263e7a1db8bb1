// Building the page. Strings only ever become text nodes: names and log lines are hostile.

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an element: `h('a.button', {href, onclick}, 'text', child, …)`. */
export function h(tag, attributes, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElement(name || 'div');
  if (classes.length) node.className = classes.join(' ');
  return fill(node, attributes, children);
}

/** Makes an element of a drawing. */
export function s(tag, attributes, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElementNS(SVG, name);
  if (classes.length) node.setAttribute('class', classes.join(' '));
  return fill(node, attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'value') node.value = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  node.append(...present(children));
  return node;
}

function present(children) {
  return children.flat().filter((child) => child !== undefined && child !== null && child !== false);
}

/** Replaces what is in a node. */
export function put(node, ...children) {
  node.replaceChildren(...present(children));
  return node;
}

/** Sets a node's text, and leaves the page alone when it is the same. */
export function text(node, value) {
  const next = String(value ?? '');
  if (node.childElementCount || node.textContent !== next) node.textContent = next;
}

/** Replaces a drawing only when what it shows has changed. */
export function redraw(node, state, draw) {
  const key = JSON.stringify(state);
  if (node.shown === key) return;
  node.shown = key;
  put(node, draw());
}

/** A number in a table; zero stands back. */
export function numeral(node, value, words) {
  text(node, words);
  node.classList.toggle('zero', !value);
}

/** A labelled form control. */
export function field(label, control, className = '') {
  return h('label.field' + (className && '.' + className), {}, h('span', {}, label), control);
}

/** A drop-down list; `options` are values, or pairs of value and text. */
export function select(options, value, attributes) {
  const node = h('select', attributes, options.map((option) => {
    const [id, title] = Array.isArray(option) ? option : [option, option];
    return h('option', { value: id }, title);
  }));
  node.value = value ?? '';
  return node;
}

/** A labelled value in a row of figures. */
export function figure(label, value, title) {
  return h('div.figure', { title }, h('dt', {}, label), h('dd', {}, value));
}

/** What went wrong, where it went wrong. */
export function failure(error, retry) {
  return h('div.notice.bad', { role: 'alert' },
    h('strong', {}, error.title ?? 'Error'), ' ', error.message,
    retry && h('button', { type: 'button', onclick: retry }, 'Try again'));
}

/** Says something for a few seconds. */
export function toast(message, kind = '') {
  const node = h('p.toast' + (kind && '.' + kind), {}, message);
  document.getElementById('toasts').append(node);
  setTimeout(() => node.remove(), 6000);
}

/** Asks before something is changed; resolves to whether it was confirmed. */
export function confirm(title, lines, action) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { 'aria-labelledby': 'dialog-title' },
      h('h2', { id: 'dialog-title' }, title),
      lines.map((line) => h('p', {}, line)),
      h('div.actions', {},
        h('button', { type: 'button', onclick: () => dialog.close() }, 'Cancel'),
        h('button.primary', { type: 'button', onclick: () => dialog.close('yes') }, action)));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector('.primary').focus();
  });
}
