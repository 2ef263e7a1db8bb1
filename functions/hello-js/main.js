// A function in JavaScript: deploy this folder with 'roost deploy hello-js functions/hello-js'.

import { greet } from "./lib/greeting.js";

export default {
    async fetch(request) {
        const url = new URL(request.url);
        const name = url.searchParams.get("name") ?? "JavaScript";
        console.log(`greeting ${name}`);
        return new Response(greet(name));
    },
};
