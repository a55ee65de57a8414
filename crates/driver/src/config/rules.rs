//! The house rules of a config: a profile, and single rules over it.

use coherence::{CleanSupply, Rules};

use super::{ConfigError, ConfigErrorKind, Reader};

/// The named sets of rules.
pub const PROFILES: &[(&str, Rules)] = &[
    ("textbook", TEXTBOOK),
    // Papamarcos and Patel, ISCA 1984: any cache that has the line supplies it.
    ("illinois", Rules { clean_supply: CleanSupply::AnyHolder, ..TEXTBOOK }),
    // Dinero IV: the line is placed before its victim leaves, and all is written back at the end.
    (
        "dinero",
        Rules { victim_order: coherence::VictimOrder::FillFirst, drain_at_end: true, ..TEXTBOOK },
    ),
];

const TEXTBOOK: Rules = Rules {
    write_to_shared: coherence::WriteToShared::Upgrade,
    clean_supply: CleanSupply::Memory,
    invalidating_flush_updates_memory: true,
    exclusive_on_sole_read: true,
    victim_order: coherence::VictimOrder::VictimFirst,
    drain_at_end: false,
};

/// Returns the name of the profile that a set of rules is, if it is one.
pub fn profile_name(rules: Rules) -> Option<&'static str> {
    PROFILES.iter().find(|(_, profile)| *profile == rules).map(|(name, _)| *name)
}

pub(super) fn read(reader: &Reader<'_>) -> Result<Rules, ConfigError> {
    let base = profile(reader, "rules.profile", profile(reader, "rules", TEXTBOOK)?)?;
    Ok(Rules {
        write_to_shared: reader.get("rules.write_to_shared", base.write_to_shared)?,
        clean_supply: reader.get("rules.clean_supply", base.clean_supply)?,
        invalidating_flush_updates_memory: reader.get(
            "rules.invalidating_flush_updates_memory",
            base.invalidating_flush_updates_memory,
        )?,
        exclusive_on_sole_read: reader
            .get("rules.exclusive_on_sole_read", base.exclusive_on_sole_read)?,
        victim_order: reader.get("rules.victim_order", base.victim_order)?,
        drain_at_end: reader.get("rules.drain_at_end", base.drain_at_end)?,
    })
}

fn profile(reader: &Reader<'_>, path: &str, base: Rules) -> Result<Rules, ConfigError> {
    let Some(name) = reader.get_if_set::<String>(path)? else { return Ok(base) };
    let known = PROFILES.iter().find(|(profile, _)| *profile == name);
    known.map(|(_, rules)| *rules).ok_or_else(|| {
        let names: Vec<_> = PROFILES.iter().map(|(profile, _)| format!("\"{profile}\"")).collect();
        ConfigError {
            kind: ConfigErrorKind::Value,
            message: format!("there is no profile `{name}`"),
            origin: reader.draft.origin(path),
            expected: names.join(" or ").into(),
            help: "single rules: `(profile: \"textbook\", drain_at_end: true)` in a file, \
                   `--set rules.drain_at_end=true` here"
                .into(),
        }
    })
}
