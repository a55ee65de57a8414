/*
 * recorder.c - writes the memory accesses of a multi-threaded C program as one mesim text trace.
 *
 * How it works. `gcc -fsanitize=thread` puts a call of the ThreadSanitizer run time before every
 * load and store of the program that may concern another thread, and replaces every atomic
 * operation by such a call. Linked in place of that run time (libtsan), this file receives the
 * calls and writes them down:
 *
 *     gcc -O2 -fsanitize=thread -c program.c
 *     gcc -O2 -c recorder.c
 *     gcc program.o recorder.o -pthread -o program        (no -fsanitize here: no libtsan)
 *     MESIM_RECORD_OUT=program.mtrace setarch -R ./program
 *
 * The order of the trace. One lock is held while a record gets its place in the trace. An atomic
 * operation is carried out under that lock, so atomics happen in exactly the order of the trace. A
 * plain access is carried out by the program right after its record. In a program without data
 * races this suffices: what happens before, by its atomics, is recorded before. Which of two
 * unordered accesses comes first depends on who gets the lock, that is on MESIM_RECORD_ORDER.
 *
 * What is not seen: the C library (memcpy, the inside of a pthread mutex), registers, instruction
 * fetches, locals whose address nobody else can have. A program killed by a signal leaves no trace.
 *
 * Environment:
 *     MESIM_RECORD_OUT     file to write; default `recorded.mtrace`
 *     MESIM_RECORD_TITLE   the trace's `@title`; none by default
 *     MESIM_RECORD_ORDER   who gets the lock:
 *         `fair` (default)   first come, first served, and a yield of the CPU after each record:
 *                            threads that all want to go on take turns nearly access by access,
 *                            even if there are more of them than CPUs
 *         `free`             whoever is there first: the threads that run at the same time take
 *                            turns in bursts, and the scheduler decides which threads run
 *
 * The calls are those that gcc 12 emits for C, except for 16-byte atomics and for the option that
 * tells `volatile` apart. A program that needs another does not link.
 */

#define _GNU_SOURCE
#include <inttypes.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- records --------------------------------------------------------------------------------- */

enum op { LOAD = 'R', STORE = 'W', ATOMIC = 'A', FENCE = 'B' };

struct record {
    uint64_t address;
    uint32_t size;
    uint16_t core;
    uint8_t op;
};

/* 64 Mi records of 16 bytes. The pages are not there until they are written to. */
#define MAX_RECORDS ((size_t)1 << 26)

static struct record *records; /* NULL: not recording (not begun yet, or over) */
static size_t recorded;
static size_t dropped; /* what did not fit; reported, never silent */
static uint16_t cores;
static pid_t owner; /* the process that records; children of a fork do not write */

/* A thread's core number, given at its first record, in order of appearance. */
static _Thread_local uint16_t core;
static _Thread_local bool has_core;

/* ---- the lock that makes the order ----------------------------------------------------------- */

static bool fair = true;
static atomic_uint next_ticket, now_serving;
static atomic_bool taken;

/* Waits a moment on the CPU, then lets others have it: with more threads than CPUs the one that is
 * waited for may not be running. */
static void wait_a_little(unsigned turn)
{
    if (turn % 64 == 63)
        sched_yield();
    else
        __builtin_ia32_pause();
}

static void enter(void)
{
    unsigned turn = 0;
    if (fair) {
        unsigned mine = atomic_fetch_add(&next_ticket, 1);
        while (atomic_load(&now_serving) != mine)
            wait_a_little(turn++);
    } else {
        while (atomic_exchange(&taken, true))
            wait_a_little(turn++);
    }
}

static void leave(void)
{
    if (fair) {
        atomic_fetch_add(&now_serving, 1);
        sched_yield(); /* threads without a CPU must get one to come forward */
    } else
        atomic_store(&taken, false);
}

/* Appends a record; the caller holds the lock. */
static void append(enum op op, uint64_t address, uint32_t size)
{
    if (!records)
        return;
    if (recorded == MAX_RECORDS) {
        dropped++;
        return;
    }
    if (!has_core) {
        has_core = true;
        core = cores++;
    }
    records[recorded++] =
        (struct record){.address = address, .size = size, .core = core, .op = op};
}

static void record(enum op op, const volatile void *address, uint32_t size)
{
    enter();
    append(op, (uint64_t)(uintptr_t)address, size);
    leave();
}

/* ---- begin and end --------------------------------------------------------------------------- */

static void fail(const char *what)
{
    fprintf(stderr, "recorder: ");
    perror(what);
    _exit(2);
}

static void write_trace(void)
{
    if (getpid() != owner)
        return;
    enter();
    const struct record *all = records;
    records = NULL; /* a thread that is still running goes on unrecorded */
    leave();

    const char *path = getenv("MESIM_RECORD_OUT");
    if (!path)
        path = "recorded.mtrace";
    FILE *out = fopen(path, "w");
    if (!out)
        fail(path);
    const char *title = getenv("MESIM_RECORD_TITLE");
    if (title)
        fprintf(out, "@title %s\n", title);
    fprintf(out, "@cores %u\n@line 64\n", cores);
    for (size_t i = 0; i < recorded; i++) {
        const struct record *r = &all[i];
        if (r->op == FENCE)
            fprintf(out, "%u B\n", r->core);
        else
            fprintf(out, "%u %c 0x%" PRIx64 " %" PRIu32 "\n", r->core, r->op, r->address, r->size);
    }
    if (dropped) {
        fprintf(out, "# incomplete: the recorder was full, %zu accesses are missing\n", dropped);
        fprintf(stderr, "recorder: full after %zu records, %zu dropped\n", recorded, dropped);
    }
    bool failed = ferror(out);
    if (fclose(out) || failed)
        fail(path);
}

/* Called by a constructor that gcc puts into every instrumented object file. */
void __tsan_init(void)
{
    if (records)
        return;
    const char *order = getenv("MESIM_RECORD_ORDER");
    if (order && strcmp(order, "free") == 0) {
        fair = false;
    } else if (order && strcmp(order, "fair") != 0) {
        fprintf(stderr, "recorder: MESIM_RECORD_ORDER is `%s`, expected `fair` or `free`\n", order);
        _exit(2);
    }
    void *memory = mmap(NULL, MAX_RECORDS * sizeof(struct record), PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        fail("no memory for the records");
    records = memory;
    owner = getpid();
    atexit(write_trace);
}

/* ---- plain accesses -------------------------------------------------------------------------- */

void __tsan_func_entry(void *caller) { (void)caller; }
void __tsan_func_exit(void) {}

#define PLAIN(size)                                                                                \
    void __tsan_read##size(void *address) { record(LOAD, address, size); }                         \
    void __tsan_write##size(void *address) { record(STORE, address, size); }

PLAIN(1)
PLAIN(2)
PLAIN(4)
PLAIN(8)
PLAIN(16)

/* Structures that are copied whole, and accesses whose alignment the compiler does not know. */
void __tsan_read_range(void *address, size_t size) { record(LOAD, address, (uint32_t)size); }
void __tsan_write_range(void *address, size_t size) { record(STORE, address, (uint32_t)size); }

/* ---- atomics --------------------------------------------------------------------------------- */

/* All are carried out sequentially consistent, whatever memory order (`mo`) the program asks for:
 * that is never less than it asked, and the lock orders them anyway. A compare-and-exchange that
 * fails is an atomic too: the processor takes the line for writing before it compares. */
#define READ_MODIFY_WRITE(bits, name)                                                              \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *address,                  \
                                                uint##bits##_t value, int mo)                      \
    {                                                                                              \
        (void)mo;                                                                                  \
        enter();                                                                                   \
        append(ATOMIC, (uint64_t)(uintptr_t)address, sizeof *address);                             \
        uint##bits##_t before = __atomic_##name(address, value, __ATOMIC_SEQ_CST);                 \
        leave();                                                                                   \
        return before;                                                                             \
    }

/* The builtin that exchanges a value has a name of its own in gcc. */
#define __atomic_exchange __atomic_exchange_n

#define COMPARE_EXCHANGE(bits, strength)                                                           \
    bool __tsan_atomic##bits##_compare_exchange_##strength(volatile uint##bits##_t *address,       \
                                                           uint##bits##_t *expected,               \
                                                           uint##bits##_t desired, int mo,         \
                                                           int failure_mo)                         \
    {                                                                                              \
        (void)mo, (void)failure_mo;                                                                \
        enter();                                                                                   \
        append(ATOMIC, (uint64_t)(uintptr_t)address, sizeof *address);                             \
        bool done = __atomic_compare_exchange_n(address, expected, desired, false,                 \
                                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);               \
        leave();                                                                                   \
        return done;                                                                               \
    }

#define ATOMICS(bits)                                                                              \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *address, int mo)      \
    {                                                                                              \
        (void)mo;                                                                                  \
        enter();                                                                                   \
        append(LOAD, (uint64_t)(uintptr_t)address, sizeof *address);                               \
        uint##bits##_t value = __atomic_load_n(address, __ATOMIC_SEQ_CST);                         \
        leave();                                                                                   \
        return value;                                                                              \
    }                                                                                              \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *address, uint##bits##_t value,       \
                                     int mo)                                                       \
    {                                                                                              \
        (void)mo;                                                                                  \
        enter();                                                                                   \
        append(STORE, (uint64_t)(uintptr_t)address, sizeof *address);                              \
        __atomic_store_n(address, value, __ATOMIC_SEQ_CST);                                        \
        leave();                                                                                   \
    }                                                                                              \
    READ_MODIFY_WRITE(bits, exchange)                                                              \
    READ_MODIFY_WRITE(bits, fetch_add)                                                             \
    READ_MODIFY_WRITE(bits, fetch_sub)                                                             \
    READ_MODIFY_WRITE(bits, fetch_and)                                                             \
    READ_MODIFY_WRITE(bits, fetch_or)                                                              \
    READ_MODIFY_WRITE(bits, fetch_xor)                                                             \
    READ_MODIFY_WRITE(bits, fetch_nand)                                                            \
    COMPARE_EXCHANGE(bits, strong)                                                                 \
    COMPARE_EXCHANGE(bits, weak)

ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

void __tsan_atomic_thread_fence(int mo)
{
    (void)mo;
    enter();
    append(FENCE, 0, 0);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    leave();
}

void __tsan_atomic_signal_fence(int mo) { (void)mo; }
