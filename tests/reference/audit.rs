//! The identities between the counters.

use super::counters::{CoreReport, Report};
use super::spec::Spec;

/// # Panics
/// With the identity that fails.
pub fn audit(spec: &Spec, report: &Report) {
    let line = spec.line_bytes;
    let t = &report.totals;
    let hidden = &report.auxiliary;
    for core in &report.cores {
        audit_core(core);
    }
    assert_eq!(t.invalidations, t.invalidations_sent, "invalidations lost = sent");

    // Levels: what one misses the next is asked for.
    let private = spec.private_levels().count();
    let mut asked = t.accesses;
    if let Some(l1i) = &report.l1i {
        assert_eq!(l1i.hits + l1i.misses, t.fetches, "the L1I is asked for fetches");
        asked -= t.fetches;
    }
    for (i, level) in report.levels.iter().enumerate() {
        if i == 1 {
            asked += report.l1i.as_ref().map_or(0, |l1i| l1i.misses);
            asked -= hidden.sibling_supplies;
        }
        if i == private {
            asked = hidden.bus_fills - t.cache_to_cache;
        }
        assert_eq!(level.hits + level.misses, asked, "requests of level {i}");
        asked = level.misses;
    }

    // Bytes.
    let shared_hits: u64 = report.levels[private..].iter().map(|level| level.hits).sum();
    let memory = &report.memory;
    assert_eq!(
        memory.reads,
        hidden.bus_fills - t.cache_to_cache - shared_hits,
        "memory reads = bus fills - cache to cache - hits of shared levels"
    );
    assert_eq!(memory.bytes_read, memory.reads * line, "memory is read by the line");
    let lines_moved = hidden.bus_fills + t.write_backs + t.dirty_back_invalidations;
    let bytes_below = report.bus.data_bytes - lines_moved * line;
    assert!(
        (bytes_below == 0) == (report.bus.write_throughs == 0),
        "bytes on the bus that are not lines are stores sent through"
    );
    assert_eq!(report.bus.write_backs, t.write_backs, "the bus carries the write-backs");
    assert_eq!(report.bus.bus_rd, t.bus_rd, "BusRd");
    assert_eq!(report.bus.bus_rdx, t.bus_rdx, "BusRdX");
    assert_eq!(report.bus.bus_upgr, t.bus_upgr, "BusUpgr");
}

fn audit_core(core: &CoreReport) {
    let c = &core.counters;
    let hidden = &core.auxiliary;
    assert_eq!(c.accesses, c.reads + c.writes + c.atomics + c.fetches, "accesses by kind");
    assert_eq!(c.accesses, c.hits + c.misses, "accesses = hits + misses");
    let kinds = c.read_misses + c.write_misses + c.fetch_misses;
    assert_eq!(c.misses, kinds, "misses = sum of kinds");
    let classes: u64 = core.classes.list().iter().map(|(_, count)| count).sum();
    assert_eq!(c.misses, classes, "misses = sum of classes");
    let away = c.write_backs + c.flushes + c.dirty_back_invalidations + c.dirty_merged;
    assert_eq!(
        hidden.dirty_bits_set,
        away + hidden.dirty_bits_still_set,
        "dirty bits set = written back + flushed + back-invalidated + merged + still set"
    );
    let sent = c.dirty_evictions + hidden.cleans + c.drained;
    assert_eq!(c.write_backs, sent, "write-backs = dirty evictions + cleans + drained");
    let outermost = core.levels.last().expect("a core has a level");
    assert_eq!(outermost.write_backs, c.write_backs, "the outermost level sends them");
    assert_eq!(outermost.evictions, c.evictions, "the outermost level's evictions");
}
