/* Four threads increment one counter under a spin lock.
 *
 * -DLOCK=1 test-and-set: every try is an atomic, which takes the line from whoever has it.
 * -DLOCK=2 test-and-test-and-set: waits with loads, in its own cache, and tries when it looks free.
 * -DLOCK=3 ticket: one atomic each, first come first served; all waiters watch one word. */
#include "threads.h"

#ifndef LOCK
#define LOCK 1
#endif

enum { THREADS = 4 };

static struct {
    alignas(LINE) atomic_uint word;
} lock;
static struct {
    alignas(LINE) unsigned long value;
} counter;
static unsigned long rounds = 1000;

#if LOCK == 1
static void acquire(void)
{
    while (atomic_exchange(&lock.word, 1))
        sched_yield();
}
static void release(void) { atomic_store(&lock.word, 0); }
#elif LOCK == 2
static void acquire(void)
{
    do {
        while (atomic_load(&lock.word))
            sched_yield();
    } while (atomic_exchange(&lock.word, 1));
}
static void release(void) { atomic_store(&lock.word, 0); }
#elif LOCK == 3
static struct {
    alignas(LINE) atomic_uint word;
} tickets;

static void acquire(void)
{
    unsigned mine = atomic_fetch_add(&tickets.word, 1);
    while (atomic_load(&lock.word) != mine)
        sched_yield();
}
static void release(void) { atomic_store(&lock.word, atomic_load(&lock.word) + 1); }
#else
#error "LOCK is 1, 2 or 3"
#endif

static void work(unsigned number)
{
    (void)number;
    unsigned long n = rounds;
    for (unsigned long i = 0; i < n; i++) {
        acquire();
        counter.value++;
        release();
    }
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = strtoul(argv[1], NULL, 10);
    run_team(THREADS, work);
    return counter.value == THREADS * rounds ? 0 : 1;
}
