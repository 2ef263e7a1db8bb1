// A backtracking matcher for . * + ? [] ^ $ over lines of text.
static char lines[400][96];

static const char *atom_end(const char *p) {
    if (*p == '[')
        while (*p != ']') p++;
    return p + 1;
}

static int atom_matches(const char *p, char c) {
    if (c == 0) return 0;
    if (*p == '.') return 1;
    if (*p != '[') return *p == c;
    for (p++; *p != ']'; p++) {
        if (p[1] == '-' && p[2] != ']') {
            if (c >= p[0] && c <= p[2]) return 1;
            p += 2;
        } else if (*p == c) {
            return 1;
        }
    }
    return 0;
}

static int matches_here(const char *p, const char *s) {
    if (*p == 0) return 1;
    if (*p == '$' && p[1] == 0) return *s == 0;
    const char *rest = atom_end(p);
    if (*rest == '?') {
        if (atom_matches(p, *s) && matches_here(rest + 1, s + 1)) return 1;
        return matches_here(rest + 1, s);
    }
    if (*rest == '*' || *rest == '+') {
        const char *t = s;
        while (atom_matches(p, *t)) t++;
        for (const char *least = *rest == '+' ? s + 1 : s; t >= least; t--)
            if (matches_here(rest + 1, t)) return 1;
        return 0;
    }
    return atom_matches(p, *s) && matches_here(rest, s + 1);
}

static int matches(const char *p, const char *s) {
    if (*p == '^') return matches_here(p + 1, s);
    do
        if (matches_here(p, s)) return 1;
    while (*s++);
    return 0;
}

unsigned run(void) {
    static const char *const patterns[] = {
        "[a-f]+[0-9]*x", "^.*foo.*bar$", "a?b?c?d?e?[g-z]+[0-9][0-9]", "[0-9]+[a-z]*[0-9]+$",
        "q[^u]*z", "e.*e.*e.*[xyz]"};
    unsigned seed = 7, count = 0;
    for (int i = 0; i < 400; i++)
        for (int j = 0; j < 90; j++) {
            seed = seed * 1664525 + 1013904223;
            lines[i][j] = "abcdefghijklmnopqrstuvwxyz0123456789"[(seed >> 16) % 36];
        }
    for (int round = 0; round < 8; round++)
        for (int i = 0; i < 400; i++)
            for (int p = 0; p < 6; p++) count = count * 2 + (unsigned)matches(patterns[p], lines[i]) + count / 7;
    return count;
}
