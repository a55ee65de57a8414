/*
 * What mesim's recorders have in common: a ring of records in one order, and who empties it.
 *
 * A record is 16 bytes, and one compare-and-swap puts it into the ring as a whole. So there is no
 * moment at which a place belongs to a thread that may never come back to fill it: a signal handler
 * records as everybody else does, and may jump out; a thread may be killed anywhere. The order of
 * the ring is the order of the trace.
 *
 * A process of the recorder's own, which shares the ring and nothing else, writes it to the pipe.
 * It outlives the program by the moment it takes to write the rest, so that nothing is lost however
 * the program ends: by exit, _exit, exec, abort or a signal, SIGKILL included. The program gets no
 * descriptor, no thread, no handler and no child that it could wait for.
 *
 * The stream, little endian: 16 bytes of header ("mesimrec", version, bytes of a record, zeros),
 * then records of two words:
 *
 *   word 0   bits  0-47  the address     48-63  how often the ring had gone round: not for readers
 *   word 1   bits  0-31  the pc's lower half     32-47  the thread     48-59  the size in bytes
 *            bits 60-63  what: a KIND_
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum kind {
    KIND_READ,
    KIND_WRITE,
    KIND_ATOMIC,
    KIND_FETCH,
    KIND_FENCE,
    /* The upper half of the pc of what the thread does from here on, as the address; 0 before. */
    KIND_PC
};

enum { VERSION = 1, THREADS = 1 << 16, RECORD_BYTES = 16 };

/* Places in the ring: 2 MiB, which at full speed is some milliseconds. */
#define PLACES ((uint64_t)1 << 17)
/* The most that is written at once, and what is worth to be written without waiting for more. */
#define BATCH ((uint64_t)1 << 13)
#define WORTH ((uint64_t)1 << 11)
/* How often `front` is brought up to date. */
#define STRIDE 64
/*
 * The records of a thread's turn where there are more threads than processors: without, each would
 * run for milliseconds, in which it makes 100,000, and would hardly meet the others.
 */
#define TURN 64

struct place {
    uint64_t where;
    uint64_t what;
} __attribute__((aligned(16)));

/* What the program and the process that writes share. */
struct ring {
    /* No place before this one is free; the first free one is hardly further than STRIDE. */
    uint64_t front __attribute__((aligned(64)));
    /* All places before this one are written. */
    uint64_t written __attribute__((aligned(64)));
    /* Nobody reads the pipe any more. */
    int broken;
    struct place places[PLACES] __attribute__((aligned(64)));
};

/* What a forked child must not find as its parent left it: the kernel wipes this page there. */
struct here {
    /* Records are wanted now. */
    int on;
    /* There is a ring, and somebody who empties it. */
    int ready;
    pid_t writer;
};

/* What a thread knows; nothing here has to be right but the number and the pc. */
struct me {
    uint64_t next;
    uint64_t limit;
    uint64_t put;
    uint32_t pc_high;
    /* Its number and one; 0 before its first record. */
    uint32_t number;
};

static struct here nowhere;
static struct here *here = &nowhere;
static struct ring *ring;
static uint32_t threads;
static __thread struct me me;

static inline uint64_t get(const uint64_t *from) { return __atomic_load_n(from, __ATOMIC_ACQUIRE); }
static inline void set(uint64_t *to, uint64_t value) {
    __atomic_store_n(to, value, __ATOMIC_RELEASE);
}

/* Puts a record into a place that holds `old`, unless somebody was faster. */
static inline int swap(struct place *place, struct place old, struct place with) {
#if defined(__x86_64__)
    char done;
    __asm__ __volatile__("lock cmpxchg16b %1"
                         : "=@ccz"(done), "+m"(*place), "+a"(old.where), "+d"(old.what)
                         : "b"(with.where), "c"(with.what)
                         : "memory");
    return done;
#elif defined(__aarch64__)
    unsigned __int128 before, after;
    memcpy(&before, &old, sizeof before);
    memcpy(&after, &with, sizeof after);
    return __sync_bool_compare_and_swap((unsigned __int128 *)place, before, after);
#else
#error "mesim records on x86-64 and AArch64: others have no compare-and-swap of 16 bytes"
#endif
}

/* Tells which round of the ring a place is in; it was free in the round before. */
static inline uint64_t round_of(uint64_t at) { return (at / PLACES + 1) & 0xffff; }

static void stop_recording(void) { here->on = here->ready = 0; }

/* Waits until a place is free, or nobody is left who would free one; tells which. */
static __attribute__((noinline, cold)) int wait_for(uint64_t at) {
    int error = errno, free = 0;
    for (unsigned turns = 0; here->on; turns++) {
        uint64_t written = get(&ring->written);
        me.limit = written + PLACES;
        free = at < me.limit;
        if (free) break;
        if (__atomic_load_n(&ring->broken, __ATOMIC_ACQUIRE)) stop_recording();
        if (turns < 16) {
            sched_yield();
            continue;
        }
        struct timespec moment = {0, 50000};
        nanosleep(&moment, NULL);
        /* Killed, perhaps. As a child that sends no signal it is nobody else's to wait for. */
        if (turns % 256 == 0 && waitpid(here->writer, NULL, WNOHANG | __WCLONE) == here->writer)
            stop_recording();
    }
    errno = error;
    return free;
}

static inline void put(uint64_t address, uint64_t what) {
    uint64_t at = me.next, front = __atomic_load_n(&ring->front, __ATOMIC_RELAXED);
    if (at < front) at = front;
    for (;;) {
        if (at >= me.limit && !wait_for(at)) return;
        struct place *place = &ring->places[at % PLACES];
        struct place old = {get(&place->where), get(&place->what)};
        uint64_t round = round_of(at);
        uint64_t ahead = ((old.where >> 48) - round) & 0xffff;
        if (ahead == 0) {
            at++;
        } else if (ahead == 0xffff) {
            struct place with = {(address & 0xffffffffffff) | round << 48, what};
            if (swap(place, old, with)) break;
        } else {
            /* The ring has gone round since this thread last looked. */
            at = get(&ring->written);
        }
    }
    me.next = at + 1;
    if (me.next % STRIDE == 0) __atomic_store_n(&ring->front, me.next, __ATOMIC_RELAXED);
    if (++me.put % TURN == 0 && __atomic_load_n(&threads, __ATOMIC_RELAXED) > 1) sched_yield();
}

static __attribute__((noinline, cold)) void number_thread(void) {
    uint32_t number = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
    me.number = number < THREADS ? number : THREADS;
}

/* Records one access, or what is none. */
static inline void record(enum kind kind, uint64_t address, uint64_t size, uint64_t pc) {
    if (me.number == 0) number_thread();
    uint64_t thread = (uint64_t)(me.number - 1) << 32;
    uint32_t high = (uint32_t)(pc >> 32);
    if (me.pc_high != high) {
        me.pc_high = high;
        put(high, (uint64_t)KIND_PC << 60 | thread);
    }
    put(address, (uint64_t)kind << 60 | size << 48 | thread | (uint32_t)pc);
}

/* Writes everything; 0 if nobody reads. */
static int write_all(int to, const void *bytes, size_t count) {
    const char *from = bytes;
    while (count > 0) {
        ssize_t wrote = write(to, from, count);
        if (wrote < 0 && errno != EINTR) return 0;
        if (wrote > 0) {
            from += wrote;
            count -= (size_t)wrote;
        }
    }
    return 1;
}

/* Counts the records that are there from `at` on, up to the ring's end. */
static uint64_t filled(uint64_t at) {
    uint64_t round = round_of(at), most = PLACES - at % PLACES, count = 0;
    const struct place *places = &ring->places[at % PLACES];
    if (most > BATCH) most = BATCH;
    while (count < most && get(&places[count].where) >> 48 == round) count++;
    return count;
}

/* What the process that writes does, until the program has ended and everything is written. */
static void write_ring(int pipe, pid_t program) {
    uint64_t at = 0;
    int waited = 0;
    for (;;) {
        /* Asked before the look, so that what is not there then never comes. */
        int alive = getppid() == program;
        uint64_t count = filled(at);
        if (count == 0 && !alive) return;
        if (alive && (count == 0 || (count < WORTH && !waited))) {
            struct timespec moment = {0, 200000};
            nanosleep(&moment, NULL);
            waited = 1;
            continue;
        }
        waited = 0;
        if (!write_all(pipe, &ring->places[at % PLACES], count * RECORD_BYTES)) {
            __atomic_store_n(&ring->broken, 1, __ATOMIC_RELEASE);
            return;
        }
        at += count;
        set(&ring->written, at);
    }
}

/* Keeps the pipe and nothing else of what the program has. */
static void close_others(int pipe) {
#ifdef SYS_close_range
    unsigned last = ~0u, before = (unsigned)pipe - 1, after = (unsigned)pipe + 1;
    int below = pipe == 0 || syscall(SYS_close_range, 0u, before, 0) == 0;
    if (below && syscall(SYS_close_range, after, last, 0) == 0) return;
#endif
    for (int other = 0; other < 1024; other++)
        if (other != pipe) close(other);
}

static void cannot(const char *what) {
    fprintf(stderr, "mesim: nothing is recorded: %s: %s\n", what, strerror(errno));
}

/*
 * Appends what is mapped where to the file of that name, for whoever asks later whose instructions
 * the program counters are of.
 */
static __attribute__((unused)) void tell_maps(const char *name) {
    int error = errno, from = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    int to = open(name, O_WRONLY | O_APPEND | O_CLOEXEC);
    char bytes[4096];
    while (from >= 0 && to >= 0) {
        ssize_t count = read(from, bytes, sizeof bytes);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0 || !write_all(to, bytes, (size_t)count)) break;
    }
    if (from >= 0) close(from);
    if (to >= 0) close(to);
    errno = error;
}

static void *pages(size_t bytes, int how) {
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

/* Starts to record into the pipe of that name; `on` tells whether from the beginning. */
static void start_recording(const char *name, int on) {
    int pipe = open(name, O_WRONLY | O_CLOEXEC);
    if (pipe < 0) {
        cannot(name);
        return;
    }
    /* Two programs at once would write into each other's records. */
    if (flock(pipe, LOCK_EX | LOCK_NB) != 0) {
        fprintf(stderr, "mesim: not recorded: another program is, as part of the same command\n");
        close(pipe);
        return;
    }
    fcntl(pipe, F_SETPIPE_SZ, 1 << 20);
    struct here *page = pages(sizeof *page, MAP_PRIVATE);
    ring = pages(sizeof *ring, MAP_SHARED);
    if (page == NULL || ring == NULL || madvise(page, sizeof *page, MADV_WIPEONFORK) != 0) {
        cannot("no memory for the ring");
        close(pipe);
        return;
    }
    struct {
        char magic[8];
        uint16_t version, record;
        uint32_t zero;
    } header = {{'m', 'e', 's', 'i', 'm', 'r', 'e', 'c'}, VERSION, RECORD_BYTES, 0};
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t program = getpid();
    /* A child that sends no signal when it ends: `wait` does not see it. */
    long writer = syscall(SYS_clone, 0L, 0L, 0L, 0L, 0L);
    if (writer == 0) {
        /* With no signal let through, a pipe that nobody reads is an error and not the end. */
        setsid();
        close_others(pipe);
        if (write_all(pipe, &header, sizeof header)) write_ring(pipe, program);
        else ring->broken = 1;
        _exit(0);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(pipe);
    if (writer < 0) {
        cannot("no process for the ring");
        return;
    }
    page->writer = (pid_t)writer;
    page->ready = 1;
    page->on = on;
    here = page;
}
