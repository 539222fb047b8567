//! The words that guessing tools know, and the ways in which people spell them.
//!
//! `common_words.txt` holds the words of the list of common passwords by Solar Designer of the Openwall Project
//! (`password.lst` of John the Ripper, public domain), without digits and punctuation, plus months, seasons,
//! days, greetings, clubs, family names and words for "password" of a few more languages, above all Spanish, and
//! well-known passphrases. 23 kB.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One word per line.
pub(super) const COMMON_WORDS: &str = include_str!("../common_words.txt");

/// The short words that join others, as in `thisismypassword`.
pub(super) const JOINING_WORDS: [&str; 35] = [
    "and", "are", "con", "del", "for", "his", "her", "las", "los", "new", "not", "now", "one", "our", "por",
    "que", "soy", "the", "una", "you", "your", "this", "that", "el", "es", "is", "it", "la", "me", "mi",
    "my", "no", "te", "to", "yo",
];

/// The common words by their first letter. Every start of a function compares its passwords with all of them, and few
/// begin with the letter at hand.
static WORDS_BY_LETTER: LazyLock<BTreeMap<char, Vec<&str>>> = LazyLock::new(|| {
    let mut words: BTreeMap<char, Vec<&str>> = BTreeMap::new();
    for word in COMMON_WORDS.lines() {
        if let Some(letter) = word.chars().next() {
            words.entry(letter).or_default().push(word);
        }
    }
    words
});

/// The name of the service, which attackers know too.
const SERVICE: &str = "justonce";

/// Shorter words occur in every text.
const MIN_OWN_CHARS: usize = 3;

/// The words that an attacker may know about one account.
#[derive(Debug, Clone, Default)]
pub struct OwnWords {
    pub(super) own: Vec<String>,
    pub(super) service: Vec<String>,
}

impl OwnWords {
    /// The words of an account's address or name, of its company and of the service's URL; company and URL may be
    /// empty.
    pub fn of(address: Option<&str>, company: &str, base_url: &str) -> Self {
        let own = address.map(words_of).unwrap_or_default();
        let host = base_url.rsplit('/').next().unwrap_or_default();
        let mut named: Vec<String> = [company, host].into_iter().flat_map(words_of).collect();
        named.push(SERVICE.to_owned());
        Self { own, service: named }
    }
}

/// The parts between punctuation, and the whole local part or name without it.
fn words_of(text: &str) -> Vec<String> {
    let text = text.to_lowercase();
    let (local, domain) = text.rsplit_once('@').unwrap_or((&text, ""));
    let unicode = idna::domain_to_unicode(domain).0;
    let parts = |text: &str| -> Vec<String> {
        text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    let mut words = parts(local);
    words.push(local.chars().filter(|c| c.is_alphanumeric()).collect());
    // The top-level domain is no word.
    for domain in [domain, &unicode] {
        words.extend(domain.rsplit_once('.').map(|(labels, _)| parts(labels)).unwrap_or_default());
    }
    words.retain(|word| word.chars().count() >= MIN_OWN_CHARS && word.chars().any(char::is_alphabetic));
    words
}

/// A word as it is spelled in a password.
pub(super) struct SpelledWord {
    /// The number of characters.
    pub(super) length: usize,
    /// Whether punctuation or spaces separate its letters.
    is_separated: bool,
}

impl SpelledWord {
    /// The additional cost of the punctuation between its letters.
    pub(super) fn separator_cost(&self) -> u32 {
        u32::from(self.is_separated)
    }
}

/// The common words that the text may spell at its start, by its first character.
pub(super) fn common_words_at(text: &[char]) -> impl Iterator<Item = &'static str> {
    let first = text.first().copied();
    let fitting =
        WORDS_BY_LETTER.iter().filter(move |(letter, _)| first.is_some_and(|c| stands_for(c, **letter)));
    fitting.flat_map(|(_, words)| words.iter().copied())
}

/// How the text spells `word` at its start; digits and punctuation may replace letters or separate them.
pub(super) fn begins_with(text: &[char], word: &str) -> Option<SpelledWord> {
    let (mut length, mut is_separated) = (0, false);
    for letter in word.chars() {
        let marks = text[length..].iter().take_while(|c| length > 0 && is_mark_beside(**c, letter)).count();
        is_separated |= marks > 0;
        length += marks;
        if !text.get(length).is_some_and(|c| stands_for(*c, letter)) {
            return None;
        }
        length += 1;
    }
    (length > 0).then_some(SpelledWord { length, is_separated })
}

fn is_mark_beside(c: char, letter: char) -> bool {
    !c.is_alphanumeric() && !stands_for(c, letter)
}

fn stands_for(c: char, letter: char) -> bool {
    c == letter
        || matches!(
            (c, letter),
            ('0' | 'ö' | 'ó' | 'õ', 'o')
                | ('1' | '!' | '|' | 'í', 'i' | 'l')
                | ('3' | '€' | 'é' | 'è' | 'ê', 'e')
                | ('4' | '@' | 'á' | 'ä' | 'à' | 'ã', 'a')
                | ('5' | '$' | 'ß', 's')
                | ('7' | '+', 't')
                | ('8', 'b')
                | ('9', 'g')
                | ('2', 'z')
                | ('ñ', 'n')
                | ('ç', 'c')
                | ('ü' | 'ú' | 'û', 'u')
        )
}
