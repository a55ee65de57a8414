/* C = A x B of square matrices of doubles; each of four threads computes a block of rows of C.
 *
 * The main thread fills A and B first, so every line of B is read by all and written by one: the
 * first parallel reads find it modified in core 0. Then A and C are private, B is only read. */
#include "threads.h"

enum { THREADS = 4, MOST = 96 };

static alignas(LINE) double a[MOST * MOST], b[MOST * MOST], c[MOST * MOST];
static unsigned n = 48;

static void multiply_rows(unsigned number)
{
    unsigned size = n;
    for (unsigned i = number * size / THREADS; i < (number + 1) * size / THREADS; i++) {
        for (unsigned j = 0; j < size; j++) {
            double sum = 0;
            for (unsigned k = 0; k < size; k++)
                sum += a[i * size + k] * b[k * size + j];
            c[i * size + j] = sum;
        }
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        n = (unsigned)strtoul(argv[1], NULL, 10);
    if (n > MOST)
        return 2;
    for (unsigned i = 0; i < n * n; i++) {
        a[i] = i % n;
        b[i] = i / n == i % n; /* the unit matrix: C must be A */
    }
    run_team(THREADS, multiply_rows);
    for (unsigned i = 0; i < n; i++) {
        if (c[i * n + i] != i)
            return 1;
    }
    return 0;
}
