/*
 * mesim's recorder for programs that are compiled with -fsanitize=thread.
 *
 * The compiler calls a function of ThreadSanitizer's before every access to memory, and one instead
 * of every atomic operation. These are functions of those names that write down what they are told;
 * nothing of ThreadSanitizer is linked. Without MESIM_RECORD_PIPE in the environment they do only
 * what the program needs done: the atomics.
 *
 * A load or a store is recorded just before it happens. So is an atomic store; atomic loads and
 * read-modify-writes are recorded just after, so that what they saw of another thread comes first.
 */
#include "ring.h"

#define EXPORT __attribute__((visibility("default")))
/* Of the call, not of what comes after it, which may be of another line. */
#define PC ((uint64_t)(uintptr_t)__builtin_return_address(0) - 1)
#define ADDRESS(p) ((uint64_t)(uintptr_t)(p))
#define LIKELY_OFF(condition) __builtin_expect(condition, 0)

static inline void note(enum kind kind, const volatile void *at, uint64_t size, uint64_t pc) {
    if (LIKELY_OFF(here->on)) record(kind, ADDRESS(at), size, pc);
}

/* Regions of interest that have begun and not ended, of all threads together. */
static int inside;
static int by_region;

EXPORT void mesim_roi_begin(void);
EXPORT void mesim_roi_end(void);

void mesim_roi_begin(void) {
    if (__atomic_fetch_add(&inside, 1, __ATOMIC_SEQ_CST) == 0 && by_region && here->ready)
        here->on = 1;
}

void mesim_roi_end(void) {
    int before = __atomic_load_n(&inside, __ATOMIC_SEQ_CST);
    while (before > 0 && !__atomic_compare_exchange_n(&inside, &before, before - 1, 0,
                                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
    }
    if (before == 1 && by_region) here->on = 0;
}

/* Where to say what is mapped; the name of a file that another process has open. */
static char maps[64];

/* Before the program's own constructors; another recorded program that it starts is not meant. */
__attribute__((constructor(101))) static void begin(void) {
    const char *pipe = getenv("MESIM_RECORD_PIPE");
    if (pipe == NULL) return;
    by_region = getenv("MESIM_RECORD_ROI") != NULL;
    start_recording(pipe, !by_region);
    const char *name = getenv("MESIM_RECORD_MAPS");
    if (name != NULL && strlen(name) < sizeof maps) strcpy(maps, name);
    if (here->ready && maps[0] != 0) tell_maps(maps);
    unsetenv("MESIM_RECORD_PIPE");
    unsetenv("MESIM_RECORD_MAPS");
    unsetenv("MESIM_RECORD_ROI");
}

/* Once more, for libraries that came later; a child has nothing to tell. */
__attribute__((destructor(101))) static void end(void) {
    if (here->ready && maps[0] != 0) tell_maps(maps);
}

/* Nothing to do: what these say is no access. */
#define NOTHING(name, ...)          \
    EXPORT void name(__VA_ARGS__);  \
    void name(__VA_ARGS__) {}
#define UNUSED __attribute__((unused))

NOTHING(__tsan_init, void)
NOTHING(__tsan_func_entry, void *caller UNUSED)
NOTHING(__tsan_func_exit, void)
NOTHING(__tsan_ignore_thread_begin, void)
NOTHING(__tsan_ignore_thread_end, void)
NOTHING(__tsan_acquire, void *at UNUSED)
NOTHING(__tsan_release, void *at UNUSED)
NOTHING(__tsan_mutex_create, void *at UNUSED, unsigned how UNUSED)
NOTHING(__tsan_mutex_destroy, void *at UNUSED, unsigned how UNUSED)
NOTHING(__tsan_mutex_pre_lock, void *at UNUSED, unsigned how UNUSED)
NOTHING(__tsan_mutex_post_lock, void *at UNUSED, unsigned how UNUSED, int depth UNUSED)
NOTHING(__tsan_mutex_post_unlock, void *at UNUSED, unsigned how UNUSED)
NOTHING(__tsan_mutex_pre_signal, void *at UNUSED, unsigned how UNUSED)
NOTHING(__tsan_mutex_post_signal, void *at UNUSED, unsigned how UNUSED)
NOTHING(__tsan_mutex_pre_divert, void *at UNUSED, unsigned how UNUSED)
NOTHING(__tsan_mutex_post_divert, void *at UNUSED, unsigned how UNUSED)

EXPORT int __tsan_mutex_pre_unlock(void *at, unsigned how);
int __tsan_mutex_pre_unlock(void *at UNUSED, unsigned how UNUSED) { return 0; }

/* Loads, stores, and both of one place. */
#define READ(name, size)            \
    EXPORT void name(void *at);     \
    void name(void *at) { note(KIND_READ, at, size, PC); }
#define WRITE(name, size)           \
    EXPORT void name(void *at);     \
    void name(void *at) { note(KIND_WRITE, at, size, PC); }
#define BOTH(name, size)                    \
    EXPORT void name(void *at);             \
    void name(void *at) {                   \
        note(KIND_READ, at, size, PC);      \
        note(KIND_WRITE, at, size, PC);     \
    }
#define READ_PC(name, size)                     \
    EXPORT void name(void *at, void *pc);       \
    void name(void *at, void *pc) { note(KIND_READ, at, size, ADDRESS(pc)); }
#define WRITE_PC(name, size)                    \
    EXPORT void name(void *at, void *pc);       \
    void name(void *at, void *pc) { note(KIND_WRITE, at, size, ADDRESS(pc)); }
#define ACCESSES(size)                                  \
    READ(__tsan_read##size, size)                       \
    WRITE(__tsan_write##size, size)                     \
    BOTH(__tsan_read_write##size, size)                 \
    READ_PC(__tsan_read##size##_pc, size)               \
    WRITE_PC(__tsan_write##size##_pc, size)             \
    READ(__tsan_volatile_read##size, size)              \
    WRITE(__tsan_volatile_write##size, size)            \
    READ(__tsan_unaligned_read##size, size)             \
    WRITE(__tsan_unaligned_write##size, size)           \
    BOTH(__tsan_unaligned_read_write##size, size)       \
    READ(__tsan_unaligned_volatile_read##size, size)    \
    WRITE(__tsan_unaligned_volatile_write##size, size)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
READ(__tsan_vptr_read, sizeof(void *))

EXPORT void __tsan_vptr_update(void **at, void *value);
void __tsan_vptr_update(void **at, void *value) {
    (void)value;
    note(KIND_WRITE, at, sizeof(void *), PC);
}

/* Long ranges go in pieces that a line ends, as no machine accesses more at once. */
#define LINE 64

static inline size_t piece(const char *at, size_t left) {
    size_t most = LINE - ADDRESS(at) % LINE;
    return left < most ? left : most;
}

static void range(enum kind kind, const void *from, size_t size, uint64_t pc) {
    const char *at = from;
    for (size_t now; size > 0 && here->on; at += now, size -= now) {
        now = piece(at, size);
        note(kind, at, now, pc);
    }
}

static void copy(void *into, const void *from, size_t size, uint64_t pc) {
    char *to = into;
    const char *at = from;
    for (size_t now; size > 0 && here->on; at += now, to += now, size -= now) {
        now = piece(to, size);
        note(KIND_READ, at, now, pc);
        note(KIND_WRITE, to, now, pc);
    }
}

EXPORT void __tsan_read_range(void *at, size_t size);
EXPORT void __tsan_write_range(void *at, size_t size);
EXPORT void __tsan_read_range_pc(void *at, size_t size, void *pc);
EXPORT void __tsan_write_range_pc(void *at, size_t size, void *pc);
void __tsan_read_range(void *at, size_t size) { range(KIND_READ, at, size, PC); }
void __tsan_write_range(void *at, size_t size) { range(KIND_WRITE, at, size, PC); }
void __tsan_read_range_pc(void *at, size_t size, void *pc) {
    range(KIND_READ, at, size, ADDRESS(pc));
}
void __tsan_write_range_pc(void *at, size_t size, void *pc) {
    range(KIND_WRITE, at, size, ADDRESS(pc));
}

/*
 * The C library's functions, which no compiler looks into. clang from 15 on calls __tsan_ ones;
 * with others the linker is told (--wrap) to take the __wrap_ ones, and has the true as __real_.
 */
#define WEAK __attribute__((weak))
extern WEAK void *__real_memcpy(void *to, const void *from, size_t size);
extern WEAK void *__real_memmove(void *to, const void *from, size_t size);
extern WEAK void *__real_memset(void *to, int byte, size_t size);
#define TRUE_ONE(name) (__real_##name != NULL ? __real_##name : name)
#define COPIES(function, name)                                              \
    EXPORT void *function(void *to, const void *from, size_t size);         \
    void *function(void *to, const void *from, size_t size) {               \
        copy(to, from, size, PC);                                           \
        return TRUE_ONE(name)(to, from, size);                              \
    }
#define SETS(function, name)                                                \
    EXPORT void *function(void *to, int byte, size_t size);                 \
    void *function(void *to, int byte, size_t size) {                       \
        range(KIND_WRITE, to, size, PC);                                    \
        return TRUE_ONE(name)(to, byte, size);                              \
    }
COPIES(__tsan_memcpy, memcpy)
COPIES(__wrap_memcpy, memcpy)
COPIES(__tsan_memmove, memmove)
COPIES(__wrap_memmove, memmove)
SETS(__tsan_memset, memset)
SETS(__wrap_memset, memset)

/* Atomics: every one as strong as can be, whatever order was asked for. */
#define SC __ATOMIC_SEQ_CST
#define LOADED(type, at) __atomic_load_n(at, SC)
#define STORED(type, at, value) __atomic_store_n(at, value, SC)
#define EXCHANGED(type, at, value) __atomic_exchange_n(at, value, SC)
#define FETCHED(type, op, at, value) __atomic_fetch_##op(at, value, SC)
#define COMPARED(type, at, expected, value) \
    __atomic_compare_exchange_n(at, expected, value, 0, SC, SC)

#define MODIFY(bits, type, name, done)                                                  \
    EXPORT type __tsan_atomic##bits##_##name(volatile type *at, type value, int order); \
    type __tsan_atomic##bits##_##name(volatile type *at, type value, int order) {       \
        (void)order;                                                                    \
        type old = done;                                                                \
        note(KIND_ATOMIC, at, bits / 8, PC);                                            \
        return old;                                                                     \
    }
#define COMPARE(bits, type, name, compared)                                                 \
    EXPORT int __tsan_atomic##bits##_compare_exchange_##name(                               \
        volatile type *at, type *expected, type value, int order, int failing);             \
    int __tsan_atomic##bits##_compare_exchange_##name(                                      \
        volatile type *at, type *expected, type value, int order, int failing) {            \
        (void)order, (void)failing;                                                         \
        int done = compared(type, at, expected, value);                                     \
        note(KIND_ATOMIC, at, bits / 8, PC);                                                \
        return done;                                                                        \
    }
#define ATOMICS(bits, type, load, store, exchange, fetch, compared)                             \
    EXPORT type __tsan_atomic##bits##_load(const volatile type *at, int order);                 \
    type __tsan_atomic##bits##_load(const volatile type *at, int order) {                       \
        (void)order;                                                                            \
        type value = load(type, at);                                                            \
        note(KIND_READ, at, bits / 8, PC);                                                      \
        return value;                                                                           \
    }                                                                                           \
    EXPORT void __tsan_atomic##bits##_store(volatile type *at, type value, int order);          \
    void __tsan_atomic##bits##_store(volatile type *at, type value, int order) {                \
        (void)order;                                                                            \
        note(KIND_WRITE, at, bits / 8, PC);                                                     \
        store(type, at, value);                                                                 \
    }                                                                                           \
    MODIFY(bits, type, exchange, exchange(type, at, value))                                     \
    MODIFY(bits, type, fetch_add, fetch(type, add, at, value))                                  \
    MODIFY(bits, type, fetch_sub, fetch(type, sub, at, value))                                  \
    MODIFY(bits, type, fetch_and, fetch(type, and, at, value))                                  \
    MODIFY(bits, type, fetch_or, fetch(type, or, at, value))                                    \
    MODIFY(bits, type, fetch_xor, fetch(type, xor, at, value))                                  \
    MODIFY(bits, type, fetch_nand, fetch(type, nand, at, value))                                \
    COMPARE(bits, type, strong, compared)                                                       \
    COMPARE(bits, type, weak, compared)                                                         \
    EXPORT type __tsan_atomic##bits##_compare_exchange_val(                                     \
        volatile type *at, type expected, type value, int order, int failing);                  \
    type __tsan_atomic##bits##_compare_exchange_val(                                            \
        volatile type *at, type expected, type value, int order, int failing) {                 \
        (void)order, (void)failing;                                                             \
        compared(type, at, &expected, value);                                                   \
        note(KIND_ATOMIC, at, bits / 8, PC);                                                    \
        return expected;                                                                        \
    }

ATOMICS(8, uint8_t, LOADED, STORED, EXCHANGED, FETCHED, COMPARED)
ATOMICS(16, uint16_t, LOADED, STORED, EXCHANGED, FETCHED, COMPARED)
ATOMICS(32, uint32_t, LOADED, STORED, EXCHANGED, FETCHED, COMPARED)
ATOMICS(64, uint64_t, LOADED, STORED, EXCHANGED, FETCHED, COMPARED)

/* Those of 16 bytes from the one that processors have, so that no library is needed. */
__extension__ typedef unsigned __int128 wide;

static int wide_compared(volatile wide *at, wide *expected, wide value) {
    struct place old, with;
    memcpy(&old, expected, sizeof old);
    memcpy(&with, &value, sizeof with);
    for (;;) {
        if (swap((struct place *)(uintptr_t)at, old, with)) return 1;
        struct place now = {get((uint64_t *)(uintptr_t)at), get((uint64_t *)(uintptr_t)at + 1)};
        /* Two halves need not be of one moment; exchanged for themselves they are. */
        if (memcmp(&now, &old, sizeof now) == 0 || !swap((struct place *)(uintptr_t)at, now, now))
            continue;
        memcpy(expected, &now, sizeof now);
        return 0;
    }
}

/* Sees a value, and exchanges it for another one made of it. */
#define WIDE(at, made)                                          \
    ({                                                          \
        wide old_ = 0;                                          \
        while (!wide_compared(at, &old_, (made))) {}            \
        old_;                                                   \
    })
#define wide_add(a, b) ((a) + (b))
#define wide_sub(a, b) ((a) - (b))
#define wide_and(a, b) ((a) & (b))
#define wide_or(a, b) ((a) | (b))
#define wide_xor(a, b) ((a) ^ (b))
#define wide_nand(a, b) (~((a) & (b)))
#define WIDE_LOADED(type, at) WIDE((volatile wide *)(uintptr_t)at, old_)
#define WIDE_STORED(type, at, value) (void)WIDE(at, value)
#define WIDE_EXCHANGED(type, at, value) WIDE(at, value)
#define WIDE_FETCHED(type, op, at, value) WIDE(at, wide_##op(old_, value))
#define WIDE_COMPARED(type, at, expected, value) wide_compared(at, expected, value)
ATOMICS(128, wide, WIDE_LOADED, WIDE_STORED, WIDE_EXCHANGED, WIDE_FETCHED, WIDE_COMPARED)

/* Only the strongest fence is one for the processor as well; the others order the compiler. */
EXPORT void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order) {
    __atomic_thread_fence(SC);
    if (order == SC && LIKELY_OFF(here->on)) record(KIND_FENCE, 0, 0, PC);
}

NOTHING(__tsan_atomic_signal_fence, int order UNUSED)
