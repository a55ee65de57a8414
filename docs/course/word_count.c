/*
 * Counts the lines, words and letters of a text, with four threads: each counts a quarter of it.
 *
 *     cc -g -O2 -pthread word_count.c -o word_count
 *     ./word_count TEXT
 */
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define THREADS 4

struct tally {
    long lines, words, letters;
};

struct slice {
    const char *from, *to;
    struct tally *tally;
};

static struct tally tallies[THREADS] __attribute__((aligned(64)));
static pthread_barrier_t start;

static void count(const char *at, const char *to, struct tally *tally) {
    int in_word = 0;
    for (; at < to; at++) {
        if (*at == '\n') tally->lines++;
        if (isalpha((unsigned char)*at)) {
            if (!in_word) tally->words++;
            tally->letters++;
            in_word = 1;
        } else {
            in_word = 0;
        }
    }
}

static void *work(void *argument) {
    struct slice *slice = argument;
    pthread_barrier_wait(&start);
    count(slice->from, slice->to, slice->tally);
    return NULL;
}

static char *read_all(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        perror(path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *text = malloc(*length + 1);
    if (!text || fread(text, 1, *length, file) != *length) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    return text;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: %s TEXT\n", argv[0]);
        return 1;
    }
    size_t length;
    char *text = read_all(argv[1], &length);
    pthread_t threads[THREADS];
    struct slice slices[THREADS];
    pthread_barrier_init(&start, NULL, THREADS);
    for (int n = 0; n < THREADS; n++) {
        const char *from = text + length * n / THREADS;
        const char *to = text + length * (n + 1) / THREADS;
        slices[n] = (struct slice){from, to, &tallies[n]};
        pthread_create(&threads[n], NULL, work, &slices[n]);
    }
    struct tally all = {0, 0, 0};
    for (int n = 0; n < THREADS; n++) {
        pthread_join(threads[n], NULL);
        all.lines += tallies[n].lines;
        all.words += tallies[n].words;
        all.letters += tallies[n].letters;
    }
    printf("%ld lines, %ld words, %ld letters\n", all.lines, all.words, all.letters);
    free(text);
    return 0;
}
