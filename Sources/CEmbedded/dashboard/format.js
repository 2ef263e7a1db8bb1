// Numbers, sizes and times as text. Figures of one kind have the same shape, so that columns line up.

const integers = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A number and what it counts. */
export function plural(value, one, more = one + 's') { return `${count(value)} ${value === 1 ? one : more}`; }

export function count(value) { return integers.format(value ?? 0); }

/** Three significant digits, without an exponent. */
function significant(value) {
  if (value === 0) return '0';
  if (value >= 100) return integers.format(Math.round(value));
  return value.toFixed(value >= 10 ? 1 : value >= 0.095 ? 2 : 3);
}

export function rate(perSecond) {
  if (!perSecond) return '0';
  return perSecond < 0.01 ? '<0.01' : significant(perSecond);
}

export function percent(part, whole) {
  if (!whole) return '–';
  const value = 100 * part / whole;
  if (value === 0 || value === 100) return value + ' %';
  return value < 0.1 ? '<0.1 %' : Math.min(value, 99.9).toFixed(1) + ' %';
}

/** A duration that is given in microseconds. */
export function duration(microseconds) {
  if (microseconds === null || microseconds === undefined) return '–';
  if (microseconds < 1000) return (Number.isInteger(microseconds) ? microseconds : significant(microseconds)) + ' µs';
  if (microseconds < 1e6) return significant(microseconds / 1000) + ' ms';
  if (microseconds < 6e7) return significant(microseconds / 1e6) + ' s';
  return significant(microseconds / 6e7) + ' min';
}

export function bytes(value) {
  if (value === null || value === undefined) return '–';
  if (value < 1024) return value + ' B';
  const power = Math.min(4, Math.floor(Math.log2(value) / 10));
  return significant(value / 1024 ** power) + ' ' + ['', 'KiB', 'MiB', 'GiB', 'TiB'][power];
}

/** How long ago a moment was. */
export function ago(time, now = Date.now()) {
  if (!time) return '–';
  const seconds = Math.max(0, Math.round((now - Date.parse(time)) / 1000));
  return span(seconds) + ' ago';
}

export function span(seconds) {
  if (seconds < 60) return Math.round(seconds) + ' s';
  if (seconds < 3600) return Math.floor(seconds / 60) + ' min';
  if (seconds < 172800) return Math.floor(seconds / 3600) + ' h';
  return Math.floor(seconds / 86400) + ' d';
}

const dates = new Intl.DateTimeFormat('sv', { dateStyle: 'short', timeStyle: 'medium' });
const clocks = new Intl.DateTimeFormat('sv', { hour: '2-digit', minute: '2-digit', second: '2-digit' });

/** A moment in local time: date and time. */
export function moment(time) { return time ? dates.format(new Date(time)) : '–'; }

/** The time of day with milliseconds. */
export function clock(time) {
  const date = new Date(time);
  return clocks.format(date) + '.' + String(date.getMilliseconds()).padStart(3, '0');
}

/** A word as it stands at the head of a column. */
export function capital(word) { return word[0].toUpperCase() + word.slice(1); }

/** The start of a digest. */
export function digest(text) { return (text ?? '').replace(/^sha256:/, '').slice(0, 12); }
