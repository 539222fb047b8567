//! Detects passwords that are easily guessed, because they consist of few pieces that guessing tools try first.
//!
//! A password is cut into the pieces with the lowest total cost: common words and names (also with digits and
//! punctuation in place of letters or between them), words of the account, runs of neighbouring keys, sequences,
//! both also interleaved, repetitions, numbers; and single characters where nothing else matches. NIST SP 800-63B
//! (5.1.1.2) demands such a comparison and the reason for a refusal.

mod runs;
#[cfg(test)]
mod tests;
mod words;

use runs::{interleaved, is_year, keys, repetition, sequence};
use words::{JOINING_WORDS, begins_with, common_words_at};

pub use words::OwnWords;

/// The least cost of an accepted password. A common word costs two, one with punctuation between its letters
/// three, and every other piece one.
const MIN_COST: u32 = 6;

/// Shorter runs occur in every text.
const MIN_KEYS: usize = 3;
const MIN_SEQUENCE: usize = 3;
const MIN_REPEATED: usize = 3;

/// The kind of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Character,
    Own,
    Service,
    Common,
    Keys,
    Sequence,
    Repetition,
    Number,
}

impl Piece {
    fn reason(self) -> &'static str {
        match self {
            Self::Own => "is easily guessed: it is built of your own name or address",
            Self::Service => "is easily guessed: it is built of the service's or the company's name",
            Self::Common => "is easily guessed: it is a common password, or a small change of one",
            Self::Keys => "is easily guessed: it is a run of neighbouring keys",
            Self::Sequence => "is easily guessed: it is a sequence of characters",
            Self::Repetition => "is easily guessed: it repeats itself",
            Self::Character | Self::Number => "is easily guessed: it is little more than a number or a date",
        }
    }
}

/// Why a password is easily guessed; `None` if it is not.
pub(super) fn reason(password: &str, words: &OwnWords) -> Option<&'static str> {
    let text: Vec<char> = password.to_lowercase().chars().collect();
    // The cheapest split of the first `end` characters: its cost and its last piece.
    let mut cheapest: Vec<Option<(u32, usize, Piece)>> = vec![None; text.len() + 1];
    cheapest[0] = Some((0, 0, Piece::Character));
    for start in 0..text.len() {
        let Some((cost, ..)) = cheapest[start] else { continue };
        for (length, piece, price) in pieces(&text, start, words) {
            let end = start + length;
            if cheapest[end].is_none_or(|(known, ..)| cost + price < known) {
                cheapest[end] = Some((cost + price, start, piece));
            }
        }
    }
    let (cost, ..) = cheapest[text.len()]?;
    (cost < MIN_COST).then(|| largest(&cheapest, text.len()).reason())
}

/// The kind of piece that covers most of the text.
fn largest(cheapest: &[Option<(u32, usize, Piece)>], length: usize) -> Piece {
    let (mut end, mut largest) = (length, (0, Piece::Character));
    while let Some((_, start, piece)) = cheapest[end].filter(|_| end > 0) {
        let weight = if piece == Piece::Character { 0 } else { end - start };
        // Of two pieces with equal length the first one is reported.
        if weight >= largest.0 && weight > 0 {
            largest = (weight, piece);
        }
        end = start;
    }
    largest.1
}

/// All pieces that begin here, with length and cost.
fn pieces(text: &[char], start: usize, words: &OwnWords) -> Vec<(usize, Piece, u32)> {
    let rest = &text[start..];
    let mut found = vec![(1, Piece::Character, 1)];
    for (list, piece) in [(&words.own, Piece::Own), (&words.service, Piece::Service)] {
        let written = list.iter().filter_map(|word| begins_with(rest, word));
        found.extend(written.map(|written| (written.length, piece, 1 + written.separator_cost())));
    }
    let joining = JOINING_WORDS.into_iter().filter_map(|word| begins_with(rest, word));
    found.extend(joining.map(|written| (written.length, Piece::Common, 1 + written.separator_cost())));
    let common = common_words_at(rest).filter_map(|word| begins_with(rest, word));
    found.extend(common.map(|written| (written.length, Piece::Common, 2 + written.separator_cost())));
    for (length, piece) in [
        (keys(rest).filter(|length| *length >= MIN_KEYS), Piece::Keys),
        (interleaved(rest, keys, MIN_KEYS), Piece::Keys),
        (sequence(rest).filter(|length| *length >= MIN_SEQUENCE), Piece::Sequence),
        (interleaved(rest, sequence, MIN_SEQUENCE), Piece::Sequence),
        (repetition(text, start).filter(|length| *length >= MIN_REPEATED), Piece::Repetition),
    ] {
        found.extend(length.map(|length| (length, piece, 1)));
    }
    found.extend(numbers(rest));
    found
}

/// Two digits cost one. A year costs less than four digits.
fn numbers(text: &[char]) -> impl Iterator<Item = (usize, Piece, u32)> {
    let digits = text.iter().take_while(|c| c.is_ascii_digit()).count();
    let price = |length: usize| if length == 4 && is_year(text) { 1 } else { (length as u32).div_ceil(2) };
    (2..=digits).map(move |length| (length, Piece::Number, price(length)))
}
