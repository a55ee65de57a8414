/*
 * mesim's recorder for programs as they are, of any processor that qemu-user emulates: a plugin.
 *
 * Every instruction is a fetch; its loads and stores follow it, as QEMU performs them (one of 16
 * bytes is often two of 8). While a program has one thread, QEMU has no need of atomics: it
 * performs a load and a store instead.
 *
 * QEMU runs each thread of the program in a thread of its own, by which threads are told apart: its
 * numbers of virtual processors are given again when a thread has ended.
 */
#include <stdbool.h>

#include "ring.h"

/* Of QEMU's plugin interface, version 1 (QEMU 6.0 to 8.2), what is needed here. */
#define EXPORT __attribute__((visibility("default")))
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct {
    const char *target_name;
    struct {
        int min;
        int cur;
    } version;
    bool system_emulation;
} qemu_info_t;
typedef void (*on_block)(uint64_t id, struct qemu_plugin_tb *block);
typedef void (*on_fetch)(unsigned vcpu, void *data);
typedef void (*on_access)(unsigned vcpu, uint32_t info, uint64_t address, void *data);
enum { NO_REGISTERS = 0, LOADS = 1, STORES = 2, LOADS_AND_STORES = 3 };
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, on_block call);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, on_fetch call, int flags,
                                            void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, on_access call, int flags,
                                      int which, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
unsigned qemu_plugin_mem_size_shift(uint32_t info);
bool qemu_plugin_mem_is_store(uint32_t info);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const qemu_info_t *info, int argc, char **argv);

/* Fetches are left out. */
static bool data_only;

/* What is known of an instruction when it is translated: its address, and above it its size. */
#define ADDRESS_BITS 48
#define ADDRESS_OF(data) ((uint64_t)(uintptr_t)(data) & (((uint64_t)1 << ADDRESS_BITS) - 1))

static void fetched(unsigned vcpu, void *data) {
    (void)vcpu;
    if (!here->on) return;
    record(KIND_FETCH, ADDRESS_OF(data), (uintptr_t)data >> ADDRESS_BITS, ADDRESS_OF(data));
}

/*
 * The interface tells stores from loads, and of an atomic read-modify-write says that it is a
 * store. In the versions of QEMU that have this interface, these bits say that it is both.
 */
static enum kind kind_of(uint32_t info) {
    if ((info >> 16 & LOADS_AND_STORES) == LOADS_AND_STORES) return KIND_ATOMIC;
    return qemu_plugin_mem_is_store(info) ? KIND_WRITE : KIND_READ;
}

static void accessed(unsigned vcpu, uint32_t info, uint64_t address, void *data) {
    (void)vcpu;
    if (!here->on) return;
    uint64_t size = (uint64_t)1 << qemu_plugin_mem_size_shift(info);
    record(kind_of(info), address, size, ADDRESS_OF(data));
}

/* Where to say what is mapped, and what of it was said. */
static const char *maps;
#define RANGES 1024
static struct {
    uint64_t start;
    uint64_t end;
} ranges[RANGES];
static size_t ranges_count;
/* How often it was looked for nothing: a program may write instructions itself. */
static unsigned vain;

static bool is_said(uint64_t address) {
    for (size_t n = 0; n < ranges_count; n++)
        if (ranges[n].start <= address && address < ranges[n].end) return true;
    return false;
}

/*
 * Says what is mapped, if the instruction is of something that was not said yet. QEMU maps the
 * program's files into its own memory, `base` above where the program sees them, and without leave
 * to execute them.
 */
static void say_maps(uint64_t address, uint64_t base) {
    if (maps == NULL || vain > 64 || is_said(address)) return;
    int error = errno;
    FILE *from = fopen("/proc/self/maps", "re"), *to = fopen(maps, "ae");
    char line[5000];
    ranges_count = 0;
    while (from != NULL && to != NULL && fgets(line, sizeof line, from) != NULL) {
        unsigned long long start, end;
        int rest;
        if (sscanf(line, "%llx-%llx%n", &start, &end, &rest) < 2) continue;
        if (strchr(line, '/') == NULL || strncmp(line + rest, " r--", 4) != 0) continue;
        fprintf(to, "%llx-%llx%s", start - base, end - base, line + rest);
        if (ranges_count == RANGES) continue;
        ranges[ranges_count].start = start - base;
        ranges[ranges_count++].end = end - base;
    }
    if (from != NULL) fclose(from);
    if (to != NULL) fclose(to);
    vain += !is_said(address);
    errno = error;
}

static void translated(uint64_t id, struct qemu_plugin_tb *block) {
    (void)id;
    size_t count = qemu_plugin_tb_n_insns(block);
    if (count > 0) {
        struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(block, 0);
        uint64_t address = qemu_plugin_insn_vaddr(first);
        uint64_t at = (uint64_t)(uintptr_t)qemu_plugin_insn_haddr(first);
        say_maps(address, at == 0 ? 0 : at - address);
    }
    for (size_t index = 0; index < count; index++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, index);
        uint64_t size = qemu_plugin_insn_size(insn);
        uint64_t known = ADDRESS_OF(qemu_plugin_insn_vaddr(insn)) | size << ADDRESS_BITS;
        void *data = (void *)(uintptr_t)known;
        if (!data_only) qemu_plugin_register_vcpu_insn_exec_cb(insn, fetched, NO_REGISTERS, data);
        /* Both at once: QEMU 7.2 mistakes the one for the other when it is asked for one alone. */
        qemu_plugin_register_vcpu_mem_cb(insn, accessed, NO_REGISTERS, LOADS_AND_STORES, data);
    }
}

/* Arguments: `pipe=NAME`, `maps=NAME`, and `fetches=off`. */
int qemu_plugin_install(uint64_t id, const qemu_info_t *info, int argc, char **argv) {
    const char *pipe = NULL;
    if (info->version.min > qemu_plugin_version || info->version.cur < qemu_plugin_version) {
        fprintf(stderr, "mesim: QEMU has plugins of the versions %d to %d, and this is of %d\n",
                info->version.min, info->version.cur, qemu_plugin_version);
        return -1;
    }
    for (int n = 0; n < argc; n++) {
        if (strncmp(argv[n], "pipe=", 5) == 0) pipe = argv[n] + 5;
        if (strncmp(argv[n], "maps=", 5) == 0) maps = strdup(argv[n] + 5);
        if (strcmp(argv[n], "fetches=off") == 0) data_only = true;
    }
    if (pipe == NULL || info->system_emulation) {
        fprintf(stderr, "mesim: this plugin is for qemu-user and needs `pipe=NAME`\n");
        return -1;
    }
    start_recording(pipe, 1);
    if (here->on) qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
