//! Values of the section `durability` that do not go together, or not with the machine.

use durability::{Durability, Order, Promote};

use super::super::{Clients, ConfigError, Peers, Reader};

/// Checks a section that was read.
pub(super) fn check(reader: &Reader<'_>, durability: &Durability) -> Result<(), ConfigError> {
    check_flush(reader, durability)?;
    check_failures(reader, durability)?;
    check_replicas(reader, durability)
}

fn check_flush(reader: &Reader<'_>, durability: &Durability) -> Result<(), ConfigError> {
    let flush = &durability.flush;
    if let (Some(background), Some(dirty)) = (flush.background_ratio, flush.dirty_ratio)
        && background > dirty
    {
        return Err(reader.together(
            "durability.flush.background_ratio",
            format!("the flusher would begin at {background}, and writers stop at {dirty}"),
            format!("at most `dirty_ratio`, {dirty}"),
            "half of `dirty_ratio` is usual: 0.1 and 0.2",
        ));
    }
    if flush.order == Order::Causal && !flush.one_in_flight {
        return Err(reader.together(
            "durability.flush.one_in_flight",
            "`Causal` sends a whole flush at a time, and no two of them".into(),
            "`true`, or another `order`".into(),
            "use `durability.flush.order=Unordered` for several versions of a block at once",
        ));
    }
    Ok(())
}

fn check_failures(reader: &Reader<'_>, durability: &Durability) -> Result<(), ConfigError> {
    let store = &durability.store;
    let path = "durability.store.fail";
    if !(0.0..1.0).contains(&store.fail) {
        let message = format!("a share of {} of all calls cannot fail", store.fail);
        let expected = "a share from 0 up to, and without, 1".to_owned();
        let mut error = reader.wrong(path, &message, expected, "`0.1`");
        error.help = "an outage says that the store is away: \
                      `outages: [(at: \"10 s\", for: \"60 s\")]`"
            .into();
        return Err(error);
    }
    let fails = store.fail > 0.0 || !store.outages.is_empty();
    if fails && store.retry.delay == 0 && store.latency == 0 {
        return Err(reader.together(
            "durability.store.retry.delay",
            "calls that take no time and fail would be retried without end at one instant".into(),
            "a delay or a latency of at least one tick".into(),
            "for example `retry: (delay: \"100 ms\")`",
        ));
    }
    Ok(())
}

fn check_replicas(reader: &Reader<'_>, durability: &Durability) -> Result<(), ConfigError> {
    let Some(replicas) = &durability.replicas else { return Ok(()) };
    let there = replicas.lags.len();
    if replicas.wait as usize > there {
        return Err(reader.together(
            "durability.replicas.wait",
            format!("no write would ever be held by {} of {there} replicas", replicas.wait),
            format!("at most as many as `lags` has, {there}"),
            "use a `wait` of 0 or 1, or give `lags` more replicas",
        ));
    }
    if let Promote::Index(index) = replicas.promote
        && index as usize >= there
    {
        return Err(reader.together(
            "durability.replicas.promote",
            format!("there is no replica {index}"),
            format!("an index below {there}: `lags` counts from 0"),
            "for example `Index(0)`, or `Newest`",
        ));
    }
    Ok(())
}

/// Checks what the section asks of the rest of the config.
pub(in super::super) fn check_machine(
    reader: &Reader<'_>,
    has_section: bool,
    (peers, clients): (Peers, Clients),
    drains: bool,
) -> Result<(), ConfigError> {
    if clients == Clients::Open && peers == Peers::Bus {
        return Err(reader.together(
            "clients",
            "cores with caches of their own perform one access after the other".into(),
            "`Closed`, or `peers: None` beside it".into(),
            "use `peers: None`: clients of one cache",
        ));
    }
    if peers == Peers::None && !has_section {
        return Err(reader.together(
            "peers",
            "clients of one cache need the section `durability`, which times them".into(),
            "`Bus`, or a section `durability`".into(),
            "for example `durability: (flush: (every: \"5 s\"))`",
        ));
    }
    if has_section && drains {
        let written = |path: &&str| reader.draft.get(path).is_some();
        let rule = ["rules.drain_at_end", "rules.profile", "rules"].into_iter().find(written);
        return Err(reader.together(
            rule.unwrap_or("rules.drain_at_end"),
            "the orderly end of a durability run flushes what is dirty: `drain_at_end` has no \
             place in it"
                .into(),
            "`drain_at_end: false`".into(),
            "use `rules.drain_at_end=false`",
        ));
    }
    Ok(())
}
