// A request calls `fetch`, which answers with a Response. What goes to the console is the log.

export default {
  async fetch(request) {
    const body = await request.text();
    console.log(request.method, request.url);

    const name = body || "world";
    return new Response(`Hello, ${name}! Greetings from JavaScript.\n`, {
      headers: { "Content-Type": "text/plain; charset=utf-8" },
    });
  },
};
