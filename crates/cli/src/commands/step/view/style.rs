//! Colours of the palette of Okabe and Ito, which who is colour-blind can tell apart. Every state
//! has its letter too, and what is lit is bold or reversed.

use coherence::{Protocol, State};
use ratatui::style::{Color, Modifier, Style};

/// The colours of the 256 that come nearest.
const ORANGE: Color = Color::Indexed(178);
const SKY_BLUE: Color = Color::Indexed(74);
const GREEN: Color = Color::Indexed(36);
const YELLOW: Color = Color::Indexed(227);
const VERMILLION: Color = Color::Indexed(166);

/// How things look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Theme {
    /// There are colours.
    pub(super) colours: bool,
}

impl Theme {
    fn colour(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    /// A state by what a core that has a line in it holds.
    pub(super) fn state(self, protocol: &Protocol, state: State) -> Style {
        let holding = protocol.holding(state);
        if !state.is_valid() {
            return self.dim();
        }
        self.colour(match (holding.dirty, holding.unique) {
            (true, true) => VERMILLION,
            (true, false) => ORANGE,
            (false, true) => GREEN,
            (false, false) if holding.forwards => YELLOW,
            (false, false) => SKY_BLUE,
        })
    }

    pub(super) fn dim(self) -> Style {
        if self.colours { Style::new().fg(Color::DarkGray) } else { Style::new() }
    }

    pub(super) fn good(self, good: bool) -> Style {
        self.colour(if good { GREEN } else { VERMILLION }).add_modifier(Modifier::BOLD)
    }
}

/// What counts.
pub(super) fn bold() -> Style {
    Style::new().add_modifier(Modifier::BOLD)
}

/// What the step is about: it is seen without colours too.
pub(super) fn lit() -> Style {
    Style::new().add_modifier(Modifier::REVERSED | Modifier::BOLD)
}
