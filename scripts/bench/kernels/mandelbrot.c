// The Mandelbrot set: floating-point arithmetic in a tight loop.
unsigned run(void) {
    unsigned total = 0;
    for (int y = 0; y < 256; y++)
        for (int x = 0; x < 256; x++) {
            double cr = x / 128.0 - 1.5, ci = y / 128.0 - 1.0, r = 0, i = 0;
            unsigned n = 0;
            for (; n < 500; n++) {
                double rr = r * r, ii = i * i;
                if (rr + ii > 4) break;
                i = 2 * r * i + ci;
                r = rr - ii + cr;
            }
            total += n;
        }
    return total;
}
