// The products of matrix.c, four columns at a time with vector instructions.
typedef float Vector __attribute__((vector_size(16)));
enum { N = 160, W = N / 4, ROUNDS = 32 };
static float a[N][N];
static Vector b[N][W], c[N][W];

unsigned run(void) {
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            a[i][j] = (float)((i * 7 + j) % 13);
            b[i][j / 4][j % 4] = (float)((i + j * 5) % 11);
        }
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < N; i++)
            for (int j = 0; j < W; j++) {
                Vector sum = {0, 0, 0, 0};
                for (int k = 0; k < N; k++) {
                    float x = a[i][k];
                    sum += (Vector){x, x, x, x} * b[k][j];
                }
                c[i][j] = sum;
            }
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++) a[i][j] = (float)((int)c[i][j / 4][j % 4] % 13);
    }
    unsigned sum = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) sum = sum * 31 + (unsigned)c[i][j / 4][j % 4];
    return sum;
}
