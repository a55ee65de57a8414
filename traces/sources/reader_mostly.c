/* A small table that three threads read all the time and one changes now and then (sequence lock).
 *
 * The readers keep the lines shared and cost nothing, until the writer comes: it takes every line
 * of the table for itself, and each reader fetches each again. */
#include "threads.h"

enum { THREADS = 4, WORDS = 32, PAUSE = 200 };

static struct {
    alignas(LINE) atomic_ulong number; /* odd while the table is being changed */
} sequence;
static alignas(LINE) atomic_ulong table[WORDS];
static struct {
    alignas(LINE) unsigned long lookups;
} done[THREADS];
static unsigned long changes = 200;
static struct {
    alignas(LINE) atomic_uint flag;
} over;

static void change(void)
{
    for (unsigned long i = 1; i <= changes; i++) {
        for (unsigned k = 0; k < PAUSE; k++)
            done[0].lookups++; /* other work, on a line of its own */
        atomic_fetch_add(&sequence.number, 1);
        for (unsigned k = 0; k < WORDS; k++)
            atomic_store_explicit(&table[k], i, memory_order_relaxed);
        atomic_fetch_add(&sequence.number, 1);
    }
    atomic_store(&over.flag, 1);
}

/* Reads one entry in each line of the table; all must be of one generation. */
static void look_up(unsigned number)
{
    while (!atomic_load(&over.flag)) {
        unsigned long before = atomic_load(&sequence.number);
        unsigned long first = atomic_load_explicit(&table[0], memory_order_relaxed);
        unsigned long mixed = 0;
        for (unsigned k = LINE / sizeof table[0]; k < WORDS; k += LINE / sizeof table[0])
            mixed |= atomic_load_explicit(&table[k], memory_order_relaxed) ^ first;
        if (before % 2 == 1 || atomic_load(&sequence.number) != before)
            continue; /* came in the middle of a change: again */
        if (mixed)
            abort();
        done[number].lookups++;
    }
}

static void work(unsigned number)
{
    if (number == 0)
        change();
    else
        look_up(number);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        changes = strtoul(argv[1], NULL, 10);
    run_team(THREADS, work);
    return 0;
}
