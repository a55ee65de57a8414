//! The identities between the counters.

use super::counters::{Cause, CoreReport, Report};
use super::protocol::{Protocol, is_dirty};
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
    assert_eq!(t.updates, t.updates_sent, "updates taken = sent");
    audit_protocol(spec.protocol, report);

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
    assert_eq!(
        report.bus.data_bytes,
        lines_moved * line + hidden.through_bytes + t.update_bytes,
        "bytes on the bus = lines + stores sent through + updates"
    );
    if private == report.levels.len() && spec.rules.invalidating_flush_updates_memory {
        assert_eq!(
            memory.writes,
            t.write_backs + t.flushes - t.flushes_kept + report.bus.write_throughs,
            "memory writes = write-backs + flushes, but for those kept + stores sent through"
        );
    }
    assert_eq!(report.bus.write_backs, t.write_backs, "the bus carries the write-backs");
    assert_eq!(report.bus.bus_rd, t.bus_rd, "BusRd");
    assert_eq!(report.bus.bus_rdx, t.bus_rdx, "BusRdX");
    assert_eq!(report.bus.bus_upgr, t.bus_upgr, "BusUpgr");
    assert_eq!(report.bus.bus_upd, t.bus_upd, "BusUpd");
}

/// What a protocol never does.
fn audit_protocol(protocol: Protocol, report: &Report) {
    let t = &report.totals;
    if !protocol.hands_over() {
        assert_eq!(t.flushes_kept, 0, "every flush ends the ownership");
        assert_eq!(t.handed_over, 0, "nobody hands over");
    }
    if protocol == Protocol::Dragon {
        assert_eq!(t.bus_rdx + t.bus_upgr + t.invalidations, 0, "Dragon invalidates nothing");
        assert_eq!(t.flushes, t.flushes_kept, "an owner that supplies stays the owner");
        assert!(t.handed_over <= t.bus_upd, "a line is handed over to one that updates");
        assert!(t.update_bytes >= t.bus_upd, "an update carries a byte at least");
        let sharing = report.classes.true_sharing + report.classes.false_sharing;
        assert_eq!(sharing + report.classes.upgrade, 0, "no line is lost to a store");
    } else {
        assert_eq!(t.bus_upd + t.updates + t.update_bytes, 0, "only Dragon updates");
        assert!(t.handed_over <= t.bus_upgr, "a line is handed over to one that upgrades");
    }
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
    let to_others = c.flushes - c.flushes_kept + c.handed_over;
    let away = c.write_backs + to_others + c.dirty_back_invalidations + c.dirty_merged;
    assert_eq!(
        hidden.dirty_bits_set,
        away + hidden.dirty_bits_still_set,
        "dirty bits set = written back + flushed and not kept + handed over + back-invalidated \
         + merged + still set"
    );
    let by_snoop = |wanted: fn(char, char) -> bool| -> u64 {
        let all = core.transitions.iter();
        let snoops =
            all.filter(|((from, to, cause), _)| *cause == Cause::Snoop && wanted(*from, *to));
        snoops.map(|(_, count)| count).sum()
    };
    let cleaned = by_snoop(|from, to| is_dirty(from) && !is_dirty(to));
    assert_eq!(to_others, cleaned, "flushed and not kept + handed over = owners no longer");
    let lost = by_snoop(|_, to| to == 'I');
    assert_eq!(c.invalidations, lost, "invalidations = copies lost to a transaction");
    let silent = core.transitions.get(&('E', 'M', Cause::Store)).copied().unwrap_or(0);
    // (A store that finds the line in no level, but in the L1I, gets it from the bus.)
    assert!(c.silent_upgrades <= silent, "a silent upgrade is from E to M");
    assert!(c.silent_upgrades == silent || core.l1i.is_some(), "E to M by a store is silent");
    assert!(c.interventions >= c.flushes_kept, "an owner that supplies a BusRd intervenes");
    let sent = c.dirty_evictions + hidden.cleans + c.drained;
    assert_eq!(c.write_backs, sent, "write-backs = dirty evictions + cleans + drained");
    let outermost = core.levels.last().expect("a core has a level");
    assert_eq!(outermost.write_backs, c.write_backs, "the outermost level sends them");
    assert_eq!(outermost.evictions, c.evictions, "the outermost level's evictions");
}
