/* Two producers and two consumers around one bounded ring, without locks (C11 atomics).
 *
 * The queue is D. Vyukov's bounded one: each cell has a number that says whose turn it is, so a
 * producer claims a place by compare-and-exchange on `tail`, fills the cell, and publishes it by
 * storing the turn; consumers do the same at `head`. `head`, `tail` and each cell have their own
 * line: what remains is the sharing that the hand-over itself needs. */
#include "threads.h"

#include <stdbool.h>

enum { PRODUCERS = 2, CONSUMERS = 2, CELLS = 16 };

struct cell {
    alignas(LINE) atomic_ulong turn;
    unsigned long message[4];
};

static struct cell ring[CELLS];
static struct {
    alignas(LINE) atomic_ulong place;
} tail, head;
static alignas(LINE) unsigned long sums[PRODUCERS + CONSUMERS][LINE / sizeof(unsigned long)];
static unsigned long items = 2000; /* each producer makes so many */

/* Claims the next place of `end` whose cell has come to the turn `place + offset`. */
static struct cell *claim(atomic_ulong *end, unsigned long offset, unsigned long *place)
{
    *place = atomic_load_explicit(end, memory_order_relaxed);
    for (;;) {
        struct cell *cell = &ring[*place % CELLS];
        unsigned long turn = atomic_load_explicit(&cell->turn, memory_order_acquire);
        if (turn == *place + offset) {
            if (atomic_compare_exchange_weak(end, place, *place + 1))
                return cell;
        } else {
            if (turn < *place + offset)
                sched_yield(); /* full, or empty: the other side must come first */
            *place = atomic_load_explicit(end, memory_order_relaxed);
        }
    }
}

static void produce(unsigned number)
{
    unsigned long n = items;
    for (unsigned long i = 1; i <= n; i++) {
        unsigned long place;
        struct cell *cell = claim(&tail.place, 0, &place);
        for (unsigned k = 0; k < 4; k++)
            cell->message[k] = i + k;
        atomic_store_explicit(&cell->turn, place + 1, memory_order_release);
        sums[number][0] += 4 * i + 6;
    }
}

static void consume(unsigned number)
{
    unsigned long n = items * PRODUCERS / CONSUMERS;
    for (unsigned long i = 0; i < n; i++) {
        unsigned long place;
        struct cell *cell = claim(&head.place, 1, &place);
        unsigned long sum = 0;
        for (unsigned k = 0; k < 4; k++)
            sum += cell->message[k];
        atomic_store_explicit(&cell->turn, place + CELLS, memory_order_release);
        sums[number][0] += sum;
    }
}

static void work(unsigned number)
{
    if (number < PRODUCERS)
        produce(number);
    else
        consume(number);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        items = strtoul(argv[1], NULL, 10);
    for (unsigned i = 0; i < CELLS; i++)
        atomic_store_explicit(&ring[i].turn, i, memory_order_relaxed);
    run_team(PRODUCERS + CONSUMERS, work);
    return sums[0][0] + sums[1][0] == sums[2][0] + sums[3][0] ? 0 : 1;
}
