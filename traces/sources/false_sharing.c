/* Four threads, each counting in a counter of its own. No data is shared.
 *
 * As it is, the four counters are neighbours in one line, and every store takes the line from three
 * others. With -DPADDED each counter has a line to itself, and the same work causes no traffic. */
#include "threads.h"

enum { THREADS = 4 };

struct counter {
#ifdef PADDED
    alignas(LINE)
#endif
        volatile unsigned long value; /* volatile: a load and a store each time, no register */
};

static alignas(LINE) struct counter counters[THREADS];
static unsigned long rounds = 10000;

static void count(unsigned number)
{
    struct counter *mine = &counters[number];
    unsigned long n = rounds;
    for (unsigned long i = 0; i < n; i++)
        mine->value++;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = strtoul(argv[1], NULL, 10);
    run_team(THREADS, count);
    for (unsigned i = 0; i < THREADS; i++) {
        if (counters[i].value != rounds)
            return 1;
    }
    return 0;
}
