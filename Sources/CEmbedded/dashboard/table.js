// Tables that stay quick with thousands of rows: only those in sight are in the page.

import { h, put, text } from './dom.js';

const rowHeight = 32;
const overscan = 8;

/**
 * A table that can be sorted and walked through with the arrow keys.
 *
 * A column is `{id, title, className, value(row), draw(cell, row)}`: `value` is what it is sorted by, and shown unless
 * there is `draw`, which changes a cell that may have shown another state of the same row. The first column is a link to
 * `link(row)`, if there is one. The table has a scroll bar of its own.
 */
export class DataTable {
  constructor({ label, columns, key, link, empty, sort }) {
    this.columns = columns;
    this.key = key;
    this.link = link;
    this.empty = empty;
    this.sort = sort;
    this.rows = [];
    this.drawn = new Map();
    this.active = 0;
    this.before = h('tr.space', { 'aria-hidden': 'true' }, h('td'));
    this.after = this.before.cloneNode(true);
    this.body = h('tbody', { onkeydown: (event) => this.#walk(event), onfocusin: (event) => this.#focused(event) });
    this.headings = columns.map((column) => this.#heading(column));
    this.table = h('table.data', { 'aria-label': label }, h('thead', {}, h('tr', {}, this.headings)), this.body);
    this.message = h('p.empty');
    this.element = h('div.scroll', {}, this.table, this.message);
    this.element.addEventListener('scroll', () => this.#later(), { passive: true });
    this.observer = new ResizeObserver(() => this.#later());
    this.observer.observe(this.element);
  }

  /** Shows these rows, in the order that is chosen. */
  show(rows) {
    this.rows = rows;
    this.#arrange();
    this.#draw();
  }

  /** Moves the keyboard's focus into the table. */
  focus() { this.#goTo(this.active); }

  /** Moves the focus by so many rows. */
  step(offset) { this.#goTo(this.body.contains(document.activeElement) ? this.active + offset : this.active); }

  #heading(column) {
    const content = column.value
      ? h('button', { type: 'button', onclick: () => this.#sortBy(column) }, column.title)
      : column.title;
    return h('th', { scope: 'col', class: column.className }, content);
  }

  #sortBy(column) {
    const isSame = this.sort?.id === column.id;
    const first = column.descending ? -1 : 1;
    this.sort = { id: column.id, direction: isSame ? -this.sort.direction : first };
    this.#arrange();
    this.#draw();
  }

  #arrange() {
    const column = this.columns.find((column) => column.id === this.sort?.id);
    this.headings.forEach((heading, index) => {
      const isSorted = this.columns[index] === column;
      if (isSorted) heading.setAttribute('aria-sort', this.sort.direction > 0 ? 'ascending' : 'descending');
      else heading.removeAttribute('aria-sort');
    });
    if (!column) return;
    const decorated = this.rows.map((row) => [column.value(row), row]);
    const direction = this.sort.direction;
    decorated.sort(([a], [b]) => {
      // What has no value comes last in either direction.
      if (a === b) return 0;
      if (a === null || a === undefined) return 1;
      if (b === null || b === undefined) return -1;
      return a < b ? -direction : direction;
    });
    this.rows = decorated.map(([, row]) => row);
  }

  #later() {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.#draw();
    });
  }

  #draw() {
    const count = this.rows.length;
    this.active = Math.max(0, Math.min(this.active, count - 1));
    text(this.message, count ? '' : this.empty);
    this.message.hidden = count > 0;
    this.table.setAttribute('aria-rowcount', count + 1);
    const room = this.element.clientHeight || 600;
    const first = Math.max(0, Math.floor(this.element.scrollTop / rowHeight) - overscan);
    const last = Math.min(count, Math.ceil((this.element.scrollTop + room) / rowHeight) + overscan);
    const drawn = new Map();
    const focused = this.body.contains(document.activeElement) && document.activeElement.closest('tr');
    const nodes = [];
    for (let index = first; index < last; index += 1) {
      const row = this.rows[index];
      const id = this.key(row);
      const node = this.drawn.get(id) ?? this.#row(row);
      this.#update(node, row, index);
      drawn.set(id, node);
      nodes.push(node);
    }
    // The row with the focus stays, in sight or not.
    if (focused && !nodes.includes(focused)) {
      const index = this.rows.findIndex((row) => this.drawn.get(this.key(row)) === focused);
      if (index >= 0) {
        drawn.set(this.key(this.rows[index]), focused);
        if (index < first) nodes.unshift(focused); else nodes.push(focused);
      }
    }
    this.drawn = drawn;
    this.before.firstChild.style.height = first * rowHeight + 'px';
    this.after.firstChild.style.height = (count - last) * rowHeight + 'px';
    this.#place([first > 0 && this.before, ...nodes, last < count && this.after].filter(Boolean));
  }

  /** Puts the rows in place, touching none that stands there already, so that it keeps the focus. */
  #place(nodes) {
    const wanted = new Set(nodes);
    for (const node of [...this.body.children]) if (!wanted.has(node)) node.remove();
    nodes.forEach((node, index) => {
      const there = this.body.children[index];
      if (there !== node) this.body.insertBefore(node, there ?? null);
    });
  }

  #row(row) {
    const node = h('tr');
    this.columns.forEach((column, index) => {
      const cell = h(index === 0 ? 'th' : 'td', { class: column.className, scope: index === 0 ? 'row' : null });
      if (index === 0 && this.link) cell.append(h('a', { href: this.link(row) }));
      node.append(cell);
    });
    return node;
  }

  #update(node, row, index) {
    node.index = index;
    node.setAttribute('aria-rowindex', index + 2);
    this.columns.forEach((column, position) => {
      const cell = node.children[position];
      const target = position === 0 && this.link ? cell.firstChild : cell;
      if (column.draw) column.draw(target, row); else text(target, column.value(row));
    });
    if (this.link) node.firstChild.firstChild.tabIndex = index === this.active ? 0 : -1;
  }

  #focused(event) {
    const index = event.target.closest('tr')?.index;
    if (index === undefined || index === this.active) return;
    this.active = index;
    for (const node of this.drawn.values()) {
      if (this.link) node.firstChild.firstChild.tabIndex = node.index === index ? 0 : -1;
    }
  }

  #goTo(index) {
    if (!this.rows.length || !this.link) return;
    this.active = Math.max(0, Math.min(index, this.rows.length - 1));
    const top = this.active * rowHeight;
    const room = this.element.clientHeight - 2 * rowHeight;
    const position = this.element.scrollTop;
    if (top < position) this.element.scrollTop = top;
    else if (top > position + room) this.element.scrollTop = top - room;
    this.#draw();
    const link = this.drawn.get(this.key(this.rows[this.active]))?.firstChild.firstChild;
    link?.focus({ preventScroll: true });
    this.element.scrollIntoView({ block: 'nearest' });
  }

  #walk(event) {
    if (event.target.tagName !== 'A' || event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / rowHeight) - 2);
    const target = {
      ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page,
      PageUp: this.active - page, Home: 0, End: this.rows.length - 1,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.#goTo(target);
  }
}

/** A plain table of rows of cells. */
export function plainTable(label, headings, rows, className = '') {
  return h('table.data' + (className && '.' + className), { 'aria-label': label },
    h('thead', {}, h('tr', {}, headings.map((heading) => h('th', { scope: 'col', class: heading.className }, heading.title ?? heading)))),
    put(h('tbody'), rows.map((cells) => h('tr', {}, cells.map((cell, index) =>
      h('td', { class: headings[index].className }, cell))))));
}
