//! The next step foretold by who looks on, and how well.

use coherence::MachineSpec;
use driver::steps::StepRecord;

/// Answers so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Predict {
    /// What is being typed.
    pub(super) typed: String,
    pub(super) right: u32,
    pub(super) answers: u32,
    /// What came of the last answer: the answer, whether it was right, and the step.
    pub(super) last: Option<(String, bool, StepRecord)>,
    /// A line for each answer.
    pub(super) log: Vec<String>,
}

impl Predict {
    /// Drops what was typed for another step.
    pub(super) fn forget(&mut self) {
        self.typed.clear();
        self.last = None;
    }

    /// Compares what was typed with the step that it was typed for.
    ///
    /// An answer is a bus operation (`-` for none) and the states of all cores after the step. What
    /// is neither is no answer, and the hint says what one would be.
    pub(super) fn answer(
        &mut self,
        machine: &MachineSpec,
        record: &StepRecord,
    ) -> Result<(), String> {
        let typed = self.typed.trim().to_owned();
        let (bus, states) = typed.split_once(' ').unwrap_or((&typed, ""));
        let names = record.after.names();
        let given = given_states(machine, states.trim());
        let Some(given) = given.filter(|given| given.len() == names.len()) else {
            return Err(format!(
                "expected an operation or -, and {} states, such as: {}",
                names.len(),
                example(machine, names.len())
            ));
        };
        let happened = record.bus.names();
        let happened = if happened.is_empty() { "-".to_owned() } else { happened.join("+") };
        let right = bus.eq_ignore_ascii_case(&happened) && given == names;
        self.answers += 1;
        self.right += u32::from(right);
        let verdict = if right { "right" } else { "wrong" };
        self.log.push(format!(
            "step {}: core {} {} {}: answered {typed}, {verdict}; it was {happened} {}",
            record.i,
            record.core,
            record.op,
            record.addr,
            super::super::states(&record.after)
        ));
        self.last = Some((typed, right, record.clone()));
        self.typed.clear();
        Ok(())
    }

    /// Returns all answers as a text, without the end of its last line.
    pub(super) fn log_text(&self) -> String {
        let total = format!("{} of {} right", self.right, self.answers);
        let lines = self.log.iter().map(String::as_str).chain([total.as_str()]);
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Reads states: letters run together where each is one, or names with spaces.
fn given_states(machine: &MachineSpec, text: &str) -> Option<Vec<String>> {
    let states = machine.protocol.states();
    let letters = states.iter().all(|state| state.name.len() == 1);
    let words: Vec<String> = if letters {
        text.chars().filter(|letter| !letter.is_whitespace()).map(String::from).collect()
    } else {
        text.split_whitespace().map(str::to_owned).collect()
    };
    let name = |word: &String| {
        let known = states.iter().find(|state| state.name.eq_ignore_ascii_case(word));
        known.map(|state| state.name.to_string())
    };
    words.iter().map(name).collect()
}

/// An answer that can be read.
pub(super) fn example(machine: &MachineSpec, cores: usize) -> String {
    let states = machine.protocol.states();
    let gap = if states.iter().all(|state| state.name.len() == 1) { "" } else { " " };
    let mut names = vec![&*states[0].name; cores];
    names[0] = &states[states.len() - 1].name;
    format!("BusRd {}", names.join(gap))
}
