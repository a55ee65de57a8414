/*
 * Two threads, each with a counter of its own; nothing is shared, unless the two counters happen to
 * lie in one cache line. With -DPAD each has a line to itself.
 *
 *     cc -O2 -pthread false_sharing.c -o packed
 *     cc -O2 -pthread -DPAD false_sharing.c -o padded
 *     ./packed [INCREMENTS]
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#ifdef PAD
#define LINE __attribute__((aligned(64)))
#else
#define LINE
#endif

/* Volatile, so that the compiler leaves every increment a load and a store. */
struct counter {
    volatile long value;
} LINE;

static struct counter counters[2] __attribute__((aligned(64)));
static long increments = 400000;

static void *count(void *counter) {
    struct counter *mine = counter;
    long left = increments;
    while (left-- > 0) mine->value++;
    return NULL;
}

int main(int argc, char **argv) {
    pthread_t threads[2];
    if (argc > 1) increments = atol(argv[1]);
    for (int n = 0; n < 2; n++) pthread_create(&threads[n], NULL, count, &counters[n]);
    for (int n = 0; n < 2; n++) pthread_join(threads[n], NULL);
    printf("%ld and %ld\n", counters[0].value, counters[1].value);
    return 0;
}
