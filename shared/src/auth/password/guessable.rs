//! Whether a password is easily guessed: whether it is made of few of the pieces that guessers try first.
//!
//! A password is cut into pieces so that they cost the least to guess: common words and names (also with
//! digits and marks in place of letters), words of its own account, runs of neighbouring keys, sequences,
//! repetitions, numbers; and single characters where nothing else fits. NIST SP 800-63B (5.1.1.2) asks for
//! such a comparison, and for the reason when it fails.
//!
//! `common_words.txt`: the words of the list of common passwords that Solar Designer of the Openwall
//! Project compiled (`password.lst` of John the Ripper, public domain), without their digits and marks,
//! with the months, greetings and words for "password" of a few more languages. 21 kB.

use std::borrow::Cow;

/// The words, one a line.
const COMMON_WORDS: &str = include_str!("common_words.txt");

/// The name of the service, which guessers know too.
const SERVICE: &str = "justonce";

/// Rows of keyboards, and the ways in which fingers run over them.
const KEY_RUNS: [&str; 11] = [
    "1234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "zaq1xsw2cde3vfr4bgt5nhy6",
];

/// What a password has to cost at least. A common word costs two, and every other piece one.
const MIN_COST: u32 = 6;

/// Shorter ones are found in every text.
const MIN_OWN_CHARS: usize = 3;
const MIN_KEYS: usize = 4;
const MIN_SEQUENCE: usize = 3;
const MIN_REPEATED: usize = 3;

/// What a piece is.
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

/// The words that guessers know about one account.
#[derive(Debug, Clone, Default)]
pub struct OwnWords {
    own: Vec<String>,
    service: Vec<String>,
}

impl OwnWords {
    /// The words of an account's address, and of what it signs in to: the company, the service's host.
    pub fn of(address: Option<&str>, service: &[&str]) -> Self {
        let own = address.map(words_of).unwrap_or_default();
        let mut named: Vec<String> = service.iter().flat_map(|text| words_of(text)).collect();
        named.push(SERVICE.to_owned());
        Self { own, service: named }
    }
}

/// The parts between marks, and the whole local part or name without them.
fn words_of(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let (local, domain) = text.rsplit_once('@').unwrap_or((&text, ""));
    let unicode = idna::domain_to_unicode(domain).0;
    let parts = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let mut words = parts(local);
    words.push(local.chars().filter(|c| c.is_alphanumeric()).collect());
    // The last label is a country or `com`.
    for domain in [domain, &unicode] {
        words.extend(domain.rsplit_once('.').map(|(labels, _)| parts(labels)).unwrap_or_default());
    }
    words.retain(|word| word.chars().count() >= MIN_OWN_CHARS && word.chars().any(char::is_alphabetic));
    words
}

/// Why a password is easily guessed; `None` where it is not.
pub(super) fn reason(password: &str, words: &OwnWords) -> Option<&'static str> {
    let text: Vec<char> = password.to_lowercase().chars().collect();
    // The cheapest way to cover the first `end` characters: its cost, and its last piece.
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

/// The piece that most of the text is made of.
fn largest(cheapest: &[Option<(u32, usize, Piece)>], length: usize) -> Piece {
    let (mut end, mut largest) = (length, (0, Piece::Character));
    while let Some((_, start, piece)) = cheapest[end].filter(|_| end > 0) {
        let weight = if piece == Piece::Character { 0 } else { end - start };
        // Of two pieces of one length the first names the reason.
        if weight >= largest.0 && weight > 0 {
            largest = (weight, piece);
        }
        end = start;
    }
    largest.1
}

/// Every piece that begins here, with its length and its price.
fn pieces(text: &[char], start: usize, words: &OwnWords) -> Vec<(usize, Piece, u32)> {
    let rest = &text[start..];
    let mut found = vec![(1, Piece::Character, 1)];
    for (list, piece) in [(&words.own, Piece::Own), (&words.service, Piece::Service)] {
        let lengths = list.iter().filter_map(|word| begins_with(rest, word));
        found.extend(lengths.map(|length| (length, piece, 1)));
    }
    let lengths = COMMON_WORDS.lines().filter_map(|word| begins_with(rest, word));
    found.extend(lengths.map(|length| (length, Piece::Common, 2)));
    for (length, piece) in [
        (keys(rest).filter(|length| *length >= MIN_KEYS), Piece::Keys),
        (sequence(rest).filter(|length| *length >= MIN_SEQUENCE), Piece::Sequence),
        (repetition(text, start).filter(|length| *length >= MIN_REPEATED), Piece::Repetition),
    ] {
        found.extend(length.map(|length| (length, piece, 1)));
    }
    let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    if digits >= 2 {
        // A year costs less than four digits do.
        let price =
            |length: usize| if length == 4 && is_year(rest) { 1 } else { (length as u32).div_ceil(2) };
        found.extend((2..=digits).map(|length| (length, Piece::Number, price(length))));
    }
    found
}

/// How long a word is, where the text begins with it; digits and marks may stand for letters.
fn begins_with(text: &[char], word: &str) -> Option<usize> {
    let mut length = 0;
    for letter in word.chars() {
        if !text.get(length).is_some_and(|c| stands_for(*c, letter)) {
            return None;
        }
        length += 1;
    }
    (length > 0).then_some(length)
}

fn stands_for(c: char, letter: char) -> bool {
    c == letter
        || matches!(
            (c, letter),
            ('0' | 'ö' | 'ó', 'o')
                | ('1' | '!' | '|' | 'í', 'i' | 'l')
                | ('3' | '€' | 'é', 'e')
                | ('4' | '@' | 'á' | 'ä', 'a')
                | ('5' | '$' | 'ß', 's')
                | ('7' | '+', 't')
                | ('8', 'b')
                | ('9', 'g')
                | ('2', 'z')
                | ('ñ', 'n')
                | ('ü' | 'ú', 'u')
        )
}

fn is_year(text: &[char]) -> bool {
    matches!(text, ['1', '9', ..] | ['2', '0', ..])
}

/// How far the text runs over neighbouring keys, forwards or backwards.
fn keys(text: &[char]) -> Option<usize> {
    let run = |row: Cow<'_, str>| {
        let row: Vec<char> = row.chars().collect();
        let begin = row.iter().position(|key| *key == text[0])?;
        Some(text.iter().zip(&row[begin..]).take_while(|(c, key)| c == key).count())
    };
    let rows = KEY_RUNS.iter().flat_map(|row| [Cow::Borrowed(*row), row.chars().rev().collect()]);
    rows.filter_map(run).max()
}

/// How far each character follows on the one before, up or down or not at all.
fn sequence(text: &[char]) -> Option<usize> {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let first = step(text.get(..2)?);
    if first.abs() > 1 {
        return None;
    }
    Some(1 + text.windows(2).take_while(|pair| step(pair) == first).count())
}

/// How much of the text from here on stood before already.
fn repetition(text: &[char], start: usize) -> Option<usize> {
    let same = |earlier: usize| {
        text[earlier..].iter().zip(&text[start..]).take_while(|(one, other)| one == other).count()
    };
    (0..start).map(same).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(password: &str) -> Option<&'static str> {
        reason(
            password,
            &OwnWords::of(Some("Canary.Bird+shop@casa-feliz.example"), &["biz_acme", "app.acme.example"]),
        )
    }

    #[test]
    fn what_guessers_try_first_is_refused_with_its_reason() {
        for (password, word) in [
            ("passwordpassword", "common"),
            ("Passw0rd1234", "common"),
            ("P@$$w0rd2024!", "common"),
            ("Summer2025!!", "common"),
            ("iloveyou1234", "common"),
            ("dragonmonkey", "common"),
            ("contraseña12", "common"),
            ("qwertyuiop12", "neighbouring keys"),
            ("1qaz2wsx3edc", "neighbouring keys"),
            ("asdfghjkl;12", "neighbouring keys"),
            ("poiuytrewq99", "neighbouring keys"),
            ("abcdefghijkl", "sequence"),
            ("123456789012", "sequence"),
            ("xk7xk7xk7xk7xk7", "repeats"),
            ("canarybird2024", "your own"),
            ("Canary.Bird!99", "your own"),
            ("casafeliz2025", "your own"),
            ("justonce2025!", "service"),
            ("AcmeBiz2025!!", "service"),
            ("19841984-2001", "number"),
        ] {
            let reason = judge(password).unwrap_or_else(|| panic!("{password} is taken"));
            assert!(reason.contains(word), "{password}: {reason}");
        }
    }

    #[test]
    fn what_nobody_guesses_is_taken() {
        for password in [
            "correct horse battery",
            "another horse battery",
            "chosen by a stranger",
            "contraseña muy larguísima",
            "h7Kq-29vX.pLm",
            "murky otter plays 4 drums",
            "тёмный лес и река",
            "密码是一个很长的句子没有人猜到",
            "sandbox-provider-password",
        ] {
            assert_eq!(judge(password), None, "{password}");
        }
    }

    #[test]
    fn the_list_is_small_and_in_small_letters() {
        assert!(COMMON_WORDS.len() < 50_000);
        assert!(
            COMMON_WORDS.lines().all(|word| word.len() >= 3 && word.chars().all(|c| c.is_ascii_lowercase()))
        );
    }
}
