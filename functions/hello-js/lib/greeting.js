// What is imported is a file of the function: it was read when the function was deployed.

export function greet(name) {
    return `Hello from ${name}!\n`;
}
