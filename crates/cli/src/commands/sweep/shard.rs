//! Which share of a plan is this one's: the flags say it, or what starts many alike.

use std::env;

use crate::diagnostics::Diagnostic;
use crate::sweep_args::{SHARDS_MAX, Shard, SweepRunArgs};

/// A share, and who says so.
pub(super) struct Chosen {
    pub(super) shard: Shard,
    pub(super) by: Option<&'static str>,
}

/// Finds out which share is asked for.
pub(super) fn choose(args: &SweepRunArgs) -> Result<Chosen, Diagnostic> {
    choose_by(args, |name| env::var(name).ok().filter(|value| !value.trim().is_empty()))
}

fn choose_by(
    args: &SweepRunArgs,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Chosen, Diagnostic> {
    if let Some(shard) = args.shard {
        return Ok(Chosen { shard, by: None });
    }
    let number = |name: &'static str| -> Result<Option<u32>, Diagnostic> {
        let Some(text) = variable(name) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| {
            wrong(format!("{name}={text}"), "expected a whole number", "say which: `--shard 3/8`")
        })
    };
    if let Some(id) = number("SLURM_ARRAY_TASK_ID")? {
        return of_array(id, args.shards, number).map(|shard| by("SLURM_ARRAY_TASK_ID", shard));
    }
    if let Some(index) = number("JOB_COMPLETION_INDEX")? {
        let shown = format!("JOB_COMPLETION_INDEX={index}");
        let Some(of) = args.shards.or(number("JOB_COMPLETIONS")?) else {
            let help = "say how many there are: `--shards N` with the job's `completions`";
            return Err(wrong(shown, "this share of how many?", help));
        };
        return within(u64::from(index) + 1, u64::from(of), shown)
            .map(|shard| by("JOB_COMPLETION_INDEX", shard));
    }
    if let Some(of) = args.shards.filter(|of| *of > 1) {
        let help = "say which: `--shard 3/8`; or start it as an array of Slurm or an indexed job";
        return Err(wrong(format!("--shards {of}"), "which of them is this?", help));
    }
    Ok(Chosen { shard: Shard { number: 1, of: 1 }, by: None })
}

fn by(name: &'static str, shard: Shard) -> Chosen {
    Chosen { shard, by: Some(name) }
}

/// Returns the share of a task of a Slurm array. Where the number of shares is given, its id is the
/// share's number: so some tasks of an array can be started again by themselves.
fn of_array(
    id: u32,
    shards: Option<u32>,
    number: impl Fn(&'static str) -> Result<Option<u32>, Diagnostic>,
) -> Result<Shard, Diagnostic> {
    let shown = format!("SLURM_ARRAY_TASK_ID={id}");
    if let Some(of) = shards {
        return within(u64::from(id), u64::from(of), shown);
    }
    let first = u64::from(number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(1));
    let step = u64::from(number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1));
    let last = number("SLURM_ARRAY_TASK_MAX")?.map(u64::from);
    let count = number("SLURM_ARRAY_TASK_COUNT")?.map(u64::from);
    let id = u64::from(id);
    let evenly = last.map(|last| last.saturating_sub(first) / step + 1);
    let of = match (count, evenly) {
        (Some(count), Some(evenly)) if count != evenly => None,
        (count, evenly) => count.or(evenly),
    };
    let Some(of) = of.filter(|_| id >= first && (id - first).is_multiple_of(step)) else {
        let help = "say how many shares there are, with tasks that count from 1: `--shards N`";
        return Err(wrong(shown, "which share of how many is this?", help));
    };
    within((id - first) / step + 1, of, shown)
}

fn within(number: u64, of: u64, shown: String) -> Result<Shard, Diagnostic> {
    if of > u64::from(SHARDS_MAX) || !(1..=of).contains(&number) {
        let label = format!("this is no share from 1 to {of}");
        return Err(wrong(shown, &label, "say which: `--shard 3/8`"));
    }
    Ok(Shard { number: number as u32, of: of as u32 })
}

fn wrong(shown: String, label: &str, help: &str) -> Diagnostic {
    Diagnostic::input("E0806", "it is not clear which share of the plan this is")
        .on(shown, label)
        .help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(shards: Option<u32>, environment: &[(&str, &str)]) -> Option<(u32, u32)> {
        let args = SweepRunArgs {
            plan: "plan.ron".into(),
            results: "results".into(),
            shard: None,
            shards,
            jobs: None,
            quiet: false,
        };
        let value = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        choose_by(&args, value).ok().map(|chosen| (chosen.shard.number, chosen.shard.of))
    }

    #[test]
    fn an_array_of_slurm_says_which_share_this_is() {
        let array = |id, first, last, step, count| {
            [
                ("SLURM_ARRAY_TASK_ID", id),
                ("SLURM_ARRAY_TASK_MIN", first),
                ("SLURM_ARRAY_TASK_MAX", last),
                ("SLURM_ARRAY_TASK_STEP", step),
                ("SLURM_ARRAY_TASK_COUNT", count),
            ]
        };
        assert_eq!(chosen(None, &array("3", "1", "8", "1", "8")), Some((3, 8)));
        assert_eq!(chosen(None, &array("0", "0", "7", "1", "8")), Some((1, 8)));
        assert_eq!(chosen(None, &array("7", "0", "7", "1", "8")), Some((8, 8)));
        assert_eq!(chosen(None, &array("14", "10", "16", "2", "4")), Some((3, 4)));
        // Two tasks of eight, started again: the array alone does not say of how many.
        assert_eq!(chosen(None, &array("3", "3", "7", "1", "2")), None);
        assert_eq!(chosen(Some(8), &array("3", "3", "7", "1", "2")), Some((3, 8)));
        assert_eq!(chosen(Some(8), &array("0", "0", "7", "1", "8")), None);
        assert_eq!(chosen(None, &array("nine", "0", "7", "1", "8")), None);
        assert_eq!(chosen(None, &[("SLURM_ARRAY_TASK_ID", "1")]), None);
    }

    #[test]
    fn an_indexed_job_counts_from_0_and_does_not_say_how_many_there_are() {
        let index = ("JOB_COMPLETION_INDEX", "0");
        assert_eq!(chosen(Some(4), &[index]), Some((1, 4)));
        assert_eq!(chosen(None, &[index]), None);
        assert_eq!(chosen(None, &[index, ("JOB_COMPLETIONS", "3")]), Some((1, 3)));
        assert_eq!(chosen(Some(4), &[("JOB_COMPLETION_INDEX", "4")]), None);
        assert_eq!(chosen(Some(4), &[]), None);
        assert_eq!(chosen(None, &[]), Some((1, 1)));
    }
}
