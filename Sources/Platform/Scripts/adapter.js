// Runs a JavaScript function on QuickJS: speaks docs/RUNTIMES.md's protocol on its standard streams, and gives the
// script Request, Response, Headers, URL and what goes with them. Evaluated as one expression.
(async () => {
    "use strict";
    const { std, os } = globalThis;
    for (const name of ["std", "os", "bjson", "scriptArgs", "print"]) delete globalThis[name];

    // MARK: Text

    function encodeUTF8(text) {
        const bytes = [];
        for (const character of String(text)) {
            let point = character.codePointAt(0);
            if (point >= 0xd800 && point < 0xe000) point = 0xfffd;
            if (point < 0x80) bytes.push(point);
            else if (point < 0x800) bytes.push(0xc0 | point >> 6, 0x80 | point & 63);
            else if (point < 0x10000)
                bytes.push(0xe0 | point >> 12, 0x80 | point >> 6 & 63, 0x80 | point & 63);
            else
                bytes.push(
                    0xf0 | point >> 18, 0x80 | point >> 12 & 63, 0x80 | point >> 6 & 63,
                    0x80 | point & 63);
        }
        return new Uint8Array(bytes);
    }

    // What is no UTF-8 becomes U+FFFD, as the Encoding standard says.
    function decodeUTF8(bytes) {
        let text = "";
        for (let index = 0; index < bytes.length;) {
            const first = bytes[index++];
            if (first < 0x80) { text += String.fromCharCode(first); continue; }
            let need = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2
                : first >= 0xf0 && first < 0xf5 ? 3 : 0;
            let point = first & 0x3f >> need;
            let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
            let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
            if (need === 0) { text += "\ufffd"; continue; }
            for (; need > 0; need--) {
                const next = bytes[index];
                if (!(next >= low && next <= high)) break;
                point = point << 6 | next & 63;
                [low, high] = [0x80, 0xbf];
                index++;
            }
            text += need > 0 ? "\ufffd" : String.fromCodePoint(point);
        }
        return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    }

    class TextEncoder {
        get encoding() { return "utf-8"; }
        encode(text = "") { return encodeUTF8(text); }
    }

    class TextDecoder {
        get encoding() { return "utf-8"; }
        decode(bytes = new Uint8Array()) { return decodeUTF8(view(bytes)); }
    }

    // The bytes of an ArrayBuffer, a typed array or a DataView.
    function view(source) {
        if (source instanceof Uint8Array) return source;
        if (source instanceof ArrayBuffer) return new Uint8Array(source);
        if (ArrayBuffer.isView(source))
            return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
        throw new TypeError("not an ArrayBuffer, nor a view of one");
    }

    // MARK: Headers

    const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

    // Names that have been checked: an expression takes as long as many a function.
    const names = new Map(["content-type", "Content-Type", "content-length", "location"]
        .map((name) => [name, name.toLowerCase()]));

    function headerName(name) {
        const known = names.get(name);
        if (known !== undefined) return known;
        name = String(name);
        if (!token.test(name)) throw new TypeError(`'${name}' is not the name of a header`);
        return name.toLowerCase();
    }

    function headerValue(name, value) {
        value = String(value).trim();
        if (value !== "" && /[\0\r\n]|[^\0-\xff]/.test(value))
            throw new TypeError(`the value of header '${name}' has a character that none may have`);
        return value;
    }

    class Headers {
        #fields = [];
        constructor(init) {
            if (init === undefined || init === null) return;
            const pairs = typeof init[Symbol.iterator] === "function" ? init : Object.entries(init);
            for (const [name, value] of pairs) this.append(name, value);
        }
        append(name, value) {
            name = headerName(name);
            this.#fields.push([name, headerValue(name, value)]);
        }
        set(name, value) {
            this.delete(name);
            this.append(name, value);
        }
        // Of a response's type that its maker did not set.
        static complete(headers, type) {
            if (headers.#fields.some((field) => field[0] === "content-type")) return;
            headers.#fields.push(["content-type", type]);
        }
        delete(name) {
            name = headerName(name);
            this.#fields = this.#fields.filter((field) => field[0] !== name);
        }
        get(name) {
            name = headerName(name);
            const values = this.#fields.filter((field) => field[0] === name);
            return values.length ? values.map((field) => field[1]).join(", ") : null;
        }
        has(name) {
            name = headerName(name);
            return this.#fields.some((field) => field[0] === name);
        }
        getSetCookie() {
            return this.#fields.filter((field) => field[0] === "set-cookie")
                .map((field) => field[1]);
        }
        *entries() {
            const names = [...new Set(this.#fields.map((field) => field[0]))].sort();
            for (const name of names) {
                if (name !== "set-cookie") yield [name, this.get(name)];
                else for (const value of this.getSetCookie()) yield [name, value];
            }
        }
        *keys() { for (const entry of this.entries()) yield entry[0]; }
        *values() { for (const entry of this.entries()) yield entry[1]; }
        forEach(body, self) {
            for (const [name, value] of this.entries()) body.call(self, value, name, this);
        }
        [Symbol.iterator]() { return this.entries(); }
    }

    // MARK: URLs

    function decodeForm(text) {
        const bytes = [];
        const source = encodeUTF8(text.replace(/\+/g, " "));
        for (let index = 0; index < source.length; index++) {
            const digits = source[index] === 37
                ? String.fromCharCode(source[index + 1], source[index + 2]) : "";
            if (/^[0-9A-Fa-f]{2}$/.test(digits)) {
                bytes.push(parseInt(digits, 16));
                index += 2;
            } else bytes.push(source[index]);
        }
        return decodeUTF8(new Uint8Array(bytes));
    }

    function encodeForm(text) {
        return Array.from(encodeUTF8(text), (byte) => {
            const character = String.fromCharCode(byte);
            if (/[0-9A-Za-z*._-]/.test(character)) return character;
            return byte === 32 ? "+" : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
        }).join("");
    }

    class URLSearchParams {
        #pairs = [];
        #changed = () => {};
        constructor(init = "", changed) {
            if (changed) this.#changed = changed;
            if (typeof init === "object" && init !== null) {
                const pairs = typeof init[Symbol.iterator] === "function"
                    ? init : Object.entries(init);
                for (const [name, value] of pairs) this.#pairs.push([String(name), String(value)]);
                return;
            }
            for (const part of String(init).replace(/^\?/, "").split("&")) {
                if (part === "") continue;
                const [, name, value] = /^([^=]*)=?([\s\S]*)$/.exec(part);
                this.#pairs.push([decodeForm(name), decodeForm(value)]);
            }
        }
        get size() { return this.#pairs.length; }
        append(name, value) {
            this.#pairs.push([String(name), String(value)]);
            this.#changed();
        }
        delete(name) {
            this.#pairs = this.#pairs.filter((pair) => pair[0] !== String(name));
            this.#changed();
        }
        get(name) { return this.#pairs.find((pair) => pair[0] === String(name))?.[1] ?? null; }
        getAll(name) {
            return this.#pairs.filter((pair) => pair[0] === String(name)).map((pair) => pair[1]);
        }
        has(name) { return this.#pairs.some((pair) => pair[0] === String(name)); }
        set(name, value) {
            const place = this.#pairs.findIndex((pair) => pair[0] === String(name));
            if (place < 0) return this.append(name, value);
            this.#pairs = this.#pairs.filter(
                (pair, index) => index <= place || pair[0] !== String(name));
            this.#pairs[place] = [String(name), String(value)];
            this.#changed();
        }
        sort() {
            this.#pairs.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
            this.#changed();
        }
        *entries() { for (const pair of this.#pairs) yield [...pair]; }
        *keys() { for (const pair of this.#pairs) yield pair[0]; }
        *values() { for (const pair of this.#pairs) yield pair[1]; }
        forEach(body, self) {
            for (const [name, value] of this.#pairs) body.call(self, value, name, this);
        }
        [Symbol.iterator]() { return this.entries(); }
        toString() {
            return this.#pairs.map(([name, value]) => `${encodeForm(name)}=${encodeForm(value)}`)
                .join("&");
        }
    }

    // Of hierarchical addresses with a host: http, https and what looks like them.
    class URL {
        #parts;
        #parameters;
        constructor(text, base) {
            text = String(text).trim();
            let found = /^([A-Za-z][A-Za-z0-9+.-]*:)\/\/([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text);
            if (!found && base !== undefined) {
                const origin = new URL(base);
                const relative = /^(\/\/[^/?#]*)?([^?#]*)(\?[^#]*)?(#.*)?$/.exec(text);
                const [, host, path, query, hash] = relative;
                if (host !== undefined) return new URL(origin.protocol + text);
                const folder = origin.pathname.replace(/[^/]*$/, "");
                const target = path === "" ? origin.pathname
                    : path.startsWith("/") ? path : folder + path;
                const kept = path === "" && query === undefined ? origin.search : query ?? "";
                return new URL(origin.origin + target + kept + (hash ?? ""));
            }
            if (!found) throw new TypeError(`'${text}' is not a URL`);
            const [, protocol, authority, path, query, hash] = found;
            const [, user, , password, hostname, , port] =
                /^(?:([^@:]*)(:([^@]*))?@)?(\[[^\]]*\]|[^:@]*)(:(\d*))?$/.exec(authority) ?? [];
            if (!hostname) throw new TypeError(`'${text}' is not a URL`);
            const standard = { "http:": "80", "https:": "443" }[protocol.toLowerCase()];
            this.#parts = {
                protocol: protocol.toLowerCase(), username: user ?? "", password: password ?? "",
                hostname: hostname.toLowerCase(), port: port && port !== standard ? port : "",
                pathname: URL.#normalised(path), search: query === "?" ? "" : query ?? "",
                hash: hash === "#" ? "" : hash ?? "",
            };
        }
        static #normalised(path) {
            const names = [];
            const parts = path.split("/").slice(1);
            for (const [index, part] of parts.entries()) {
                const isLast = index === parts.length - 1;
                const dots = part.replace(/%2e/gi, ".");
                if (dots === "..") names.pop();
                if (dots === "." || dots === "..") { if (isLast) names.push(""); } else names.push(part);
            }
            return "/" + names.join("/").replace(/[^!-~]/gu, (character) =>
                Array.from(encodeUTF8(character), (byte) =>
                    "%" + byte.toString(16).toUpperCase().padStart(2, "0")).join(""));
        }
        static canParse(text, base) {
            try { return Boolean(new URL(text, base)); } catch { return false; }
        }
        get protocol() { return this.#parts.protocol; }
        get username() { return this.#parts.username; }
        get password() { return this.#parts.password; }
        get hostname() { return this.#parts.hostname; }
        get port() { return this.#parts.port; }
        get host() { return this.hostname + (this.port === "" ? "" : ":" + this.port); }
        get origin() { return `${this.protocol}//${this.host}`; }
        get pathname() { return this.#parts.pathname; }
        set pathname(path) {
            path = String(path).replace(/[?#]/g, encodeURIComponent);
            this.#parts.pathname = URL.#normalised(path.startsWith("/") ? path : "/" + path);
        }
        get search() { return this.#parts.search; }
        set search(query) {
            query = String(query).replace(/^\?/, "");
            this.#parts.search = query === "" ? "" : "?" + query;
            this.#parameters = undefined;
        }
        get searchParams() {
            return this.#parameters ??= new URLSearchParams(this.search, () => {
                const query = this.#parameters.toString();
                this.#parts.search = query === "" ? "" : "?" + query;
            });
        }
        get hash() { return this.#parts.hash; }
        set hash(hash) {
            hash = String(hash).replace(/^#/, "");
            this.#parts.hash = hash === "" ? "" : "#" + hash;
        }
        get href() {
            const { username, password } = this.#parts;
            const user = username === "" && password === "" ? ""
                : username + (password === "" ? "" : ":" + password) + "@";
            return `${this.protocol}//${user}${this.host}${this.pathname}${this.search}${this.hash}`;
        }
        toString() { return this.href; }
        toJSON() { return this.href; }
    }

    // MARK: Requests and responses

    function isStream(body) {
        return body !== null && typeof body === "object"
            && (Symbol.asyncIterator in body || Symbol.iterator in body)
            && !ArrayBuffer.isView(body) && !(body instanceof URLSearchParams);
    }

    // Text and bytes as bytes.
    function piece(body) {
        if (typeof body === "string") return encodeUTF8(body);
        if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) return view(body);
        return encodeUTF8(String(body));
    }

    function joined(pieces) {
        if (pieces.length === 1) return pieces[0];
        const all = new Uint8Array(pieces.reduce((count, part) => count + part.length, 0));
        let place = 0;
        for (const part of pieces) {
            all.set(part, place);
            place += part.length;
        }
        return all;
    }

    // What a request and a response have in common. A body is null, text, bytes, parameters, or an iterable of
    // text and bytes; that of the request that is being answered is read from standard input when it is asked for.
    class Body {
        #body;
        #isUsed = false;
        constructor(body) { this.#body = body ?? null; }
        get body() { return this.#body; }
        get bodyUsed() { return this.#isUsed; }
        #take() {
            if (this.#isUsed) throw new TypeError("the body has been read already");
            this.#isUsed = this.#body !== null;
            return this.#body;
        }
        async bytes() {
            const body = this.#take();
            if (body === null) return new Uint8Array();
            if (!isStream(body)) return piece(body);
            const pieces = [];
            for await (const part of body) pieces.push(piece(part));
            return joined(pieces);
        }
        async arrayBuffer() {
            const bytes = await this.bytes();
            return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
        }
        async text() {
            return typeof this.#body === "string" ? this.#take() : decodeUTF8(await this.bytes());
        }
        async json() { return JSON.parse(await this.text()); }
    }

    function typeOf(body) {
        if (typeof body === "string") return "text/plain;charset=UTF-8";
        if (body instanceof URLSearchParams)
            return "application/x-www-form-urlencoded;charset=UTF-8";
        return undefined;
    }

    class Request extends Body {
        #url;
        #method;
        #headers;
        constructor(input, init = {}) {
            const from = input instanceof Request ? input : undefined;
            super(init.body ?? from?.body);
            this.#url = from ? from.url : init.trusted ?? new URL(input).href;
            this.#method = String(init.method ?? from?.method ?? "GET");
            this.#headers = init.headers ?? from?.headers ?? [];
        }
        get url() { return this.#url; }
        get method() { return this.#method; }
        // Made when they are first asked for.
        get headers() {
            if (!(this.#headers instanceof Headers)) this.#headers = new Headers(this.#headers);
            return this.#headers;
        }
        clone() { return new Request(this); }
    }

    const complete = Headers.complete;
    delete Headers.complete;

    class Response extends Body {
        constructor(body, init = {}) {
            super(body);
            const status = init.status ?? 200;
            if (!Number.isInteger(status) || status < 200 || status > 599)
                throw new RangeError(`${status} is not the status of a response: 200 to 599`);
            this.status = status;
            this.statusText = headerValue("status", init.statusText ?? "");
            this.headers = new Headers(init.headers);
            const type = typeOf(body);
            if (type !== undefined) complete(this.headers, type);
        }
        get ok() { return this.status < 300; }
        static json(value, init = {}) {
            const response = new Response(JSON.stringify(value), init);
            if (!new Headers(init.headers).has("content-type"))
                response.headers.set("content-type", "application/json");
            return response;
        }
        static redirect(url, status = 302) {
            return new Response(null, { status, headers: { location: String(url) } });
        }
    }

    // MARK: The global object

    function shown(value, depth = 0) {
        if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
        if (value instanceof Error) return `${value}\n${value.stack}`.trimEnd();
        if (typeof value !== "object" || value === null) return String(value);
        try { return JSON.stringify(value) ?? String(value); } catch { return String(value); }
    }

    function log(...values) {
        std.err.puts(values.map((value) => shown(value)).join(" ") + "\n");
    }

    globalThis.console = { log, info: log, warn: log, error: log, debug: log, trace: log };
    Object.assign(globalThis, {
        TextEncoder, TextDecoder, Headers, URLSearchParams, URL, Request, Response,
        self: globalThis,
    });

    // MARK: Timers

    // The engine's own timers are of no use: while one is set, it sleeps after every reaction to a promise. What it
    // also does after every reaction is to look whether standard error takes output, which it always does: that is
    // where is found out whether reactions are left, and, when none is, a timer's time has come.
    const { sleep, setWriteHandler } = os;
    const now = performance.now.bind(performance);
    const queue = queueMicrotask;
    const timers = new Map();
    let timerCount = 0;
    let reaction;

    // Has timers run from now on, and what is awaited in vain found out.
    function beginTurns() {
        if (reaction !== undefined) return;
        reaction = { hasRun: true, age: 1 };
        setWriteHandler(2, turn);
    }

    function endTurns() {
        reaction = undefined;
        setWriteHandler(2, null);
    }

    // Comes after each reaction. When one that was queued behind all others was the next to come, there were no others.
    function turn() {
        reaction.age++;
        if (!reaction.hasRun) return;
        if (reaction.age === 1) runTimer();
        const last = { hasRun: false, age: 0 };
        queue(() => { last.hasRun = true; });
        reaction = last;
    }

    function runTimer() {
        let next;
        for (const timer of timers.values())
            if (next === undefined || timer.due < next.due) next = timer;
        if (next === undefined)
            fail(new Error("a promise is awaited that nothing is left to settle"));
        const wait = next.due - now();
        if (wait > 0) sleep(Math.ceil(wait));
        if (next.period === undefined) timers.delete(next.id);
        else next.due += next.period;
        try { next.body(); } catch (error) { fail(error); }
    }

    function addTimer(body, delay, values, isRepeated) {
        if (typeof body !== "function") throw new TypeError("a timer needs a function to call");
        delay = Math.max(Number(delay) || 0, isRepeated ? 1 : 0);
        const id = ++timerCount;
        timers.set(id, {
            id, due: now() + delay, period: isRepeated ? delay : undefined,
            body: () => body(...values),
        });
        beginTurns();
        return id;
    }

    // Waits for what a script promised. Most need a few reactions, and no turns.
    async function settled(promise) {
        let isPending = true;
        const end = () => { isPending = false; };
        promise.then(end, end);
        for (let reactions = 0; isPending && reactions < 20; reactions++) await null;
        if (isPending) beginTurns();
        return promise;
    }

    Object.assign(globalThis, {
        setTimeout: (body, delay, ...values) => addTimer(body, delay, values, false),
        setInterval: (body, delay, ...values) => addTimer(body, delay, values, true),
        clearTimeout: (id) => { timers.delete(id); },
        clearInterval: (id) => { timers.delete(id); },
    });

    // Every request has a seed of its own: what the engine keeps of its generator is the same in all of them.
    let state = [1, 2, 3, 4];
    Math.random = () => {
        // xoshiro128**
        const [a, b, c, d] = state;
        const turned = Math.imul(b, 5);
        const result = Math.imul(turned << 7 | turned >>> 25, 9) >>> 0;
        const [third, fourth] = [c ^ a, d ^ b];
        state = [a ^ fourth, b ^ third, third ^ b << 9, fourth << 11 | fourth >>> 21];
        return (result + ((state[0] >>> 11) / 0x200000)) / 0x100000000;
    };

    // MARK: The protocol

    function readMessage() {
        const length = parseInt(std.in.readAsString(8), 16);
        return Number.isNaN(length) ? undefined : JSON.parse(std.in.readAsString(length));
    }

    // What goes wrong after the answer is complete is in the log, and takes nothing from it.
    let isAnswered = false;

    // Says where an error came from as compilers do, on the last line, and ends with code 1.
    function fail(error) {
        try {
            const stack = error instanceof Error ? String(error.stack ?? "") : "";
            if (stack !== "") std.err.puts(`${error}\n${stack.trimEnd()}\n`);
            const place = /(?:^|[( ])(\/[^():\s]*):(\d+)(?::(\d+))?/m.exec(stack);
            const where = place ? `${place[1]}:${place[2]}${place[3] ? ":" + place[3] : ""}: ` : "";
            std.err.puts(`${where}${String(error).split("\n")[0]}\n`);
        } catch {
            std.err.puts("something was thrown that cannot be shown\n");
        }
        std.err.flush();
        std.exit(isAnswered ? 0 : 1);
    }

    function* bodyPieces() {
        while (true) {
            const buffer = new ArrayBuffer(16384);
            const count = std.in.read(buffer, 0, buffer.byteLength);
            if (count <= 0) return;
            yield new Uint8Array(buffer, 0, count);
        }
    }

    function incoming(message) {
        const { scheme, host, prefix, path, query, headers: flat, hasBody } = message;
        const pairs = [];
        for (let index = 0; index < flat.length; index += 2)
            pairs.push([flat[index], flat[index + 1]]);
        return new Request(undefined, {
            trusted: `${scheme}://${host}${prefix}${path}` + (query === null ? "" : "?" + query),
            method: message.method, headers: pairs, body: hasBody ? bodyPieces() : null,
        });
    }

    function put(part) {
        if (typeof part === "string") return std.out.puts(part);
        const bytes = piece(part);
        std.out.write(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }

    async function answer(response) {
        let head = `Status: ${response.status} ${response.statusText}\n`;
        for (const [name, value] of response.headers) head += `${name}: ${value}\n`;
        put(/[^\0-\x7f]/.test(head) ? Uint8Array.from(head, (unit) => unit.charCodeAt(0)) : head);
        put("\n");
        const body = response.body;
        if (body === null) return;
        if (!isStream(body)) return put(body);
        std.out.flush();
        beginTurns();
        for await (const part of body) {
            put(part);
            std.out.flush();
        }
    }

    // Now rather than later: collecting writes to every object, and scripts share what they do not write.
    std.gc();
    let handler, environment;
    try {
        const { main, env } = readMessage();
        environment = env;
        beginTurns();
        handler = (await import(main)).default;
        endTurns();
        if (typeof handler === "function") handler = { fetch: handler };
        if (typeof handler?.fetch !== "function")
            throw new TypeError("the script has no 'export default { fetch(request) { … } }'");
    } catch (error) {
        fail(error);
    }
    // Everything up to here happens once: the state of this moment is where every request starts.
    const message = readMessage();
    if (message === undefined) std.exit(0);
    try {
        state = message.seed;
        if (timers.size > 0) beginTurns();
        const waits = [];
        const context = {
            waitUntil: (promise) => { waits.push(promise); }, passThroughOnException() {},
            requestId: message.id, functionName: message.function,
            functionVersion: message.version, remoteAddress: message.address,
        };
        const given = handler.fetch(incoming(message), environment, context);
        const response = given instanceof Promise ? await settled(given) : await given;
        if (!(response instanceof Response))
            throw new TypeError(`fetch() gave ${shown(response, 1)} and no Response`);
        await answer(response);
        std.out.flush();
        isAnswered = true;
        if (waits.length > 0) await settled(Promise.all(waits));
    } catch (error) {
        fail(error);
    }
    // Nothing of this instance is used again: its end needs no tidying.
    std.exit(0);
})()
