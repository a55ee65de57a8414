/* One producer hands items to one consumer through a small buffer under a mutex, with two condition
 * variables: the textbook way. Recorded with Valgrind, so the trace has all of it: the program, the
 * C library's locks, the instruction fetches.
 *
 * Waiting here means blocking in the kernel, and that is where Valgrind changes threads. */
#include <pthread.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

enum { CELLS = 4 };

static alignas(64) unsigned long buffer[CELLS];
static alignas(64) unsigned long head, tail; /* taken and put so far */
static alignas(64) pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static alignas(64) pthread_cond_t not_full = PTHREAD_COND_INITIALIZER;
static alignas(64) pthread_cond_t not_empty = PTHREAD_COND_INITIALIZER;
static unsigned long items = 1500;

static void put(unsigned long item)
{
    pthread_mutex_lock(&lock);
    while (tail - head == CELLS)
        pthread_cond_wait(&not_full, &lock);
    buffer[tail++ % CELLS] = item;
    pthread_cond_signal(&not_empty);
    pthread_mutex_unlock(&lock);
}

static unsigned long take(void)
{
    pthread_mutex_lock(&lock);
    while (tail == head)
        pthread_cond_wait(&not_empty, &lock);
    unsigned long item = buffer[head++ % CELLS];
    pthread_cond_signal(&not_full);
    pthread_mutex_unlock(&lock);
    return item;
}

static void *consume(void *sum)
{
    for (unsigned long i = 0; i < items; i++)
        *(unsigned long *)sum += take();
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        items = strtoul(argv[1], NULL, 10);
    static alignas(64) unsigned long sum;
    pthread_t consumer;
    if (pthread_create(&consumer, NULL, consume, &sum)) {
        fprintf(stderr, "cannot start the consumer\n");
        return 1;
    }
    for (unsigned long i = 1; i <= items; i++)
        put(i);
    pthread_join(consumer, NULL);
    return sum == items * (items + 1) / 2 ? 0 : 1;
}
