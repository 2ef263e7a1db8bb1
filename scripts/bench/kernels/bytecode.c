// An interpreter of a small stack machine, which runs a sieve: a switch in a loop, indirect loads.
enum { PUSH, ADD, LESS, JUMP, JUMP_ZERO, LOAD, STORE, GET, PUT, HALT };

static int memory[20001];

static int execute(const int *code) {
    int stack[16], locals[4] = {0}, *top = stack;
    for (;;) switch (*code++) {
        case PUSH: *top++ = *code++; break;
        case ADD: top--; top[-1] += top[0]; break;
        case LESS: top--; top[-1] = top[-1] < top[0]; break;
        case JUMP: code += *code; break;
        case JUMP_ZERO: code += *--top ? 1 : *code; break;
        case LOAD: top[-1] = memory[top[-1]]; break;
        case STORE: top -= 2; memory[top[0]] = top[1]; break;
        case GET: *top++ = locals[*code++]; break;
        case PUT: locals[*code++] = *--top; break;
        case HALT: return locals[2];
        }
}

// for (n = 2; n < 20000; n++) if (!memory[n]) { count++; for (m = n + n; m < 20000; m += n) memory[m] = 1; }
static const int program[] = {
    PUSH, 2, PUT, 0, PUSH, 0, PUT, 2,
    GET, 0, PUSH, 20000, LESS, JUMP_ZERO, 52,
    GET, 0, LOAD, JUMP_ZERO, 3, JUMP, 36,
    GET, 2, PUSH, 1, ADD, PUT, 2, GET, 0, GET, 0, ADD, PUT, 1,
    GET, 1, PUSH, 20000, LESS, JUMP_ZERO, 15,
    GET, 1, PUSH, 1, STORE, GET, 1, GET, 0, ADD,
    PUT, 1,
    JUMP, -20,
    GET, 0, PUSH, 1, ADD, PUT, 0, JUMP, -57,
    HALT};

unsigned run(void) {
    unsigned sum = 0;
    for (int round = 0; round < 25; round++) {
        for (int i = 0; i <= 20000; i++) memory[i] = 0;
        sum = sum * 3 + (unsigned)execute(program);
    }
    return sum;
}
