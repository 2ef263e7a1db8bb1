// Parses a JSON text of 200 KB many times: branches on bytes, recursion, decimal numbers.
#include <string.h>

static char text[200 * 1024];
static const char *at;
static unsigned sum;

static void make_text(void) {
    static const char *const words[] = {"alpha", "beta", "ga\\u006dma", "de\\\"lta", "epsilon"};
    char *out = text;
    unsigned seed = 1;
    *out++ = '[';
    while (out < text + sizeof text - 256) {
        if (out[-1] != '[') *out++ = ',';
        out = stpcpy(out, "{\"name\": \"");
        out = stpcpy(out, words[seed % 5]);
        out = stpcpy(out, "\", \"values\": [");
        for (int i = 0; i < 6; i++) {
            seed = seed * 1103515245 + 12345;
            if (i) *out++ = ',';
            for (unsigned n = seed >> 12; n; n /= 10) *out++ = (char)('1' + n % 9);
            if (i % 2) out = stpcpy(out, ".25e1");
        }
        out = stpcpy(out, "], \"ok\": true, \"none\": null}");
    }
    *out++ = ']';
    *out = 0;
}

static void skip_space(void) {
    while (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r') at++;
}

static void parse_string(void) {
    for (at++; *at != '"'; at++) {
        if (*at == '\\' && *++at == 'u') at += 4;
        sum = sum * 31 + (unsigned char)*at;
    }
    at++;
}

static void parse_number(void) {
    double value = 0, scale = 1;
    while (*at >= '0' && *at <= '9') value = value * 10 + (*at++ - '0');
    if (*at == '.')
        for (at++; *at >= '0' && *at <= '9'; at++) value += (*at - '0') * (scale /= 10);
    if (*at == 'e') {
        int exponent = 0;
        for (at++; *at >= '0' && *at <= '9'; at++) exponent = exponent * 10 + (*at - '0');
        while (exponent--) value *= 10;
    }
    sum += (unsigned)(long long)value;
}

static void parse_value(void) {
    skip_space();
    switch (*at) {
    case '{':
    case '[': {
        char end = *at == '{' ? '}' : ']';
        at++;
        for (skip_space(); *at != end; skip_space()) {
            if (end == '}') {
                parse_string();
                skip_space();
                at++;
            }
            parse_value();
            skip_space();
            if (*at == ',') at++;
            skip_space();
        }
        at++;
        break;
    }
    case '"': parse_string(); break;
    case 't':
    case 'n': at += 4; sum++; break;
    case 'f': at += 5; break;
    default: parse_number();
    }
}

unsigned run(void) {
    make_text();
    for (int i = 0; i < 30; i++) {
        at = text;
        parse_value();
    }
    return sum;
}
