// The control plane's API. The token is in this module's memory and nowhere else: not in an address, not in storage.

let token = '';
const listeners = new Set();

/** What a request failed of, as the API says it (RFC 9457). */
export class Problem extends Error {
  constructor(status, title, detail, members = {}) {
    super(detail);
    this.status = status;
    this.title = title;
    this.members = members;
  }
}

/** Calls back whenever the API asks for a token. */
export function onUnauthorized(listener) { listeners.add(listener); }

export function setToken(value) { token = value; }
export function hasToken() { return token !== ''; }

/** A query string of what is given. */
export function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  return given.length ? '?' + new URLSearchParams(given) : '';
}

/** The path of a function's resource. */
export function functionPath(name, rest = '') {
  return 'v1/functions/' + encodeURIComponent(name) + rest;
}

/** Sends a request; throws a `Problem` unless the answer is a 2xx. */
export async function send(path, { method = 'GET', body, headers = {}, signal } = {}) {
  const fields = { Accept: 'application/json', ...headers };
  if (token) fields.Authorization = 'Bearer ' + token;
  if (body !== undefined) fields['Content-Type'] = 'application/json';
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), {
      method, headers: fields, signal, body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'omit', cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer',
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Problem(0, 'Not reachable', 'the daemon does not answer');
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401) for (const listener of listeners) listener();
  throw new Problem(response.status, problem.title ?? response.statusText,
    problem.detail ?? 'HTTP status ' + response.status, problem);
}

/** The document that a request is answered with; its entity tag is `document[tag]`. */
export async function get(path, options) {
  const response = await send(path, options);
  if (response.status === 204) return {};
  const document = await response.json();
  document[tag] = response.headers.get('ETag');
  return document;
}

/** Where `get` leaves the entity tag of a document. */
export const tag = Symbol('ETag');

/** All elements of a list that comes in pages, at most `limit`. */
export async function all(path, member, { limit = 10000, signal } = {}) {
  const elements = [];
  let cursor = '';
  do {
    const page = await get(path + query({ limit: 1000, cursor }), { signal });
    elements.push(...page[member]);
    cursor = page.nextCursor;
  } while (cursor && elements.length < limit);
  return elements;
}

/** Hands out the objects of a stream of JSON lines, in batches as they arrive; `options.opened` is called at its start. */
export async function stream(path, options, receive) {
  const response = await send(path, { ...options, headers: { Accept: 'application/x-ndjson' } });
  options.opened?.();
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split('\n');
    rest = lines.pop();
    const objects = lines.filter((line) => line !== '').map((line) => JSON.parse(line));
    if (objects.length) receive(objects);
  }
}
