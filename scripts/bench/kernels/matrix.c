// Products of matrices of floats: loads, multiplications and additions.
enum { N = 160 };
static float a[N][N], b[N][N], c[N][N];

unsigned run(void) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (float)((i * 7 + j) % 13);
            b[i][j] = (float)((i + j * 5) % 11);
        }
    for (int round = 0; round < 8; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) {
                float sum = 0;
                for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
                c[i][j] = sum;
            }
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) a[i][j] = (float)((int)c[i][j] % 13);
    }
    unsigned sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) sum = sum * 31 + (unsigned)c[i][j];
    return sum;
}
