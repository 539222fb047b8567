//! The words that guessers know, and how they are written.
//!
//! `common_words.txt`: the words of the list of common passwords that Solar Designer of the Openwall
//! Project compiled (`password.lst` of John the Ripper, public domain), without their digits and marks,
//! with the months, seasons, days, greetings, clubs, family names and words for "password" of a few more
//! languages, Spanish above all, and the passphrases that everybody has read of. 23 kB.

/// The words, one a line.
pub(super) const COMMON_WORDS: &str = include_str!("../common_words.txt");

/// The short words that join others, as in `thisismypassword`.
pub(super) const JOINING_WORDS: [&str; 35] = [
    "and", "are", "con", "del", "for", "his", "her", "las", "los", "new", "not", "now", "one", "our", "por",
    "que", "soy", "the", "una", "you", "your", "this", "that", "el", "es", "is", "it", "la", "me", "mi",
    "my", "no", "te", "to", "yo",
];

/// The name of the service, which guessers know too.
const SERVICE: &str = "justonce";

/// Shorter ones are found in every text.
const MIN_OWN_CHARS: usize = 3;

/// The words that guessers know about one account.
#[derive(Debug, Clone, Default)]
pub struct OwnWords {
    pub(super) own: Vec<String>,
    pub(super) service: Vec<String>,
}

impl OwnWords {
    /// The words of an account's address or name, and of what it signs in to: the company and the address of the
    /// service, of which either may be empty.
    pub fn of(address: Option<&str>, company: &str, base_url: &str) -> Self {
        let own = address.map(words_of).unwrap_or_default();
        let host = base_url.rsplit('/').next().unwrap_or_default();
        let mut named: Vec<String> = [company, host].into_iter().flat_map(words_of).collect();
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

/// How a word is written.
pub(super) struct Written {
    /// In how many characters.
    pub(super) length: usize,
    /// Whether marks or spaces part its letters.
    is_parted: bool,
}

impl Written {
    /// What the marks between its letters add to its price.
    pub(super) fn parted(&self) -> u32 {
        u32::from(self.is_parted)
    }
}

/// How a word is written, where the text begins with it; digits and marks may stand for letters, and other marks
/// between them.
pub(super) fn begins_with(text: &[char], word: &str) -> Option<Written> {
    let (mut length, mut is_parted) = (0, false);
    for letter in word.chars() {
        let marks = text[length..].iter().take_while(|c| length > 0 && is_mark_beside(**c, letter)).count();
        is_parted |= marks > 0;
        length += marks;
        if !text.get(length).is_some_and(|c| stands_for(*c, letter)) {
            return None;
        }
        length += 1;
    }
    (length > 0).then_some(Written { length, is_parted })
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
