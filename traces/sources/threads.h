/* What the recorded programs share: a team of threads that starts its work together.
 *
 * The main thread is member 0, so that a team of four is four cores in the trace, and what it does
 * alone before (filling the inputs) is part of the trace too. */
#ifndef MESIM_TRACES_THREADS_H
#define MESIM_TRACES_THREADS_H

#include <pthread.h>
#include <sched.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE 64

struct member {
    unsigned number;
    void (*work)(unsigned number);
};

/* Members that have not come to the start yet. Alone in its line: waiting disturbs nobody. */
static struct {
    alignas(LINE) atomic_uint count;
} missing;

static void *member_main(void *argument)
{
    const struct member *me = argument;
    atomic_fetch_sub(&missing.count, 1);
    while (atomic_load(&missing.count) != 0)
        sched_yield();
    me->work(me->number);
    return NULL;
}

static void run_team(unsigned size, void (*work)(unsigned number))
{
    enum { MOST = 16 };
    static struct member members[MOST];
    static pthread_t threads[MOST];
    if (size > MOST)
        abort();
    atomic_store(&missing.count, size);
    for (unsigned i = 0; i < size; i++) {
        members[i] = (struct member){i, work};
        if (i > 0 && pthread_create(&threads[i], NULL, member_main, &members[i])) {
            fprintf(stderr, "cannot start thread %u\n", i);
            exit(1);
        }
    }
    member_main(&members[0]);
    for (unsigned i = 1; i < size; i++)
        pthread_join(threads[i], NULL);
}

#endif
