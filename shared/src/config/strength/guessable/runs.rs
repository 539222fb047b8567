//! Runs of neighbouring keys, sequences, interleaved runs, and repetitions.

/// Rows and columns of keyboards and the number pad, and common finger movements. Each also counts backwards.
const KEY_RUNS: [&str; 25] = [
    "`1234567890-=",
    "~!@#$%^&*()_+",
    // The same keys of Spanish and German keyboards with the shift key.
    "!\"·$%&/()=?¿",
    "!\"§$%&/()=?",
    "qwertyuiop[]\\",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "asdfghjklñ",
    "qwertzuiopü",
    "yxcvbnm,.-",
    "azertyuiop",
    "qsdfghjklm",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "!qaz@wsx#edc$rfv%tgb^yhn&ujm*ik<(ol>)p:?",
    "zaq1xsw2cde3vfr4bgt5nhy6mju7",
    "qazwsxedcrfvtgbyhnujmikolp",
    "zaqxswcdevfrbgtnhymju",
    "qazxswedcvfrtgbnhyujm",
    "qweasdzxc",
    "147258369",
    "741852963",
    "789456123",
    "159753",
    "1478963",
];

/// The length of the run over neighbouring keys, forwards or backwards.
pub(super) fn keys(text: &[char]) -> Option<usize> {
    let length = |row: &str| run(text, row.chars()).max(run(text, row.chars().rev()));
    KEY_RUNS.iter().filter_map(|row| length(row)).max()
}

/// How many characters of the text follow `row`, starting anywhere in it.
fn run(text: &[char], row: impl Iterator<Item = char>) -> Option<usize> {
    let first = *text.first()?;
    let row = row.skip_while(|key| *key != first);
    Some(text.iter().zip(row).take_while(|(c, key)| **c == *key).count())
}

/// The length of the sequence whose characters each increase, decrease or repeat by the same step.
pub(super) fn sequence(text: &[char]) -> Option<usize> {
    let step = |pair: &[char]| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0]));
    let first = step(text.get(..2)?);
    if first.abs() > 1 {
        return None;
    }
    Some(1 + text.windows(2).take_while(|pair| step(pair) == first).count())
}

/// The length of two interleaved runs: `a1b2c3`, `112233`, `q1w2e3`. `run` measures one of them.
pub(super) fn interleaved(text: &[char], run: fn(&[char]) -> Option<usize>, least: usize) -> Option<usize> {
    let thread = |skipped: usize| {
        let chars: Vec<char> = text.iter().skip(skipped).step_by(2).copied().collect();
        run(&chars).into_iter().chain(sequence(&chars)).max().filter(|length| *length >= least)
    };
    let (one, other) = (thread(0)?, thread(1)?);
    Some(2 * one.min(other) + usize::from(one > other))
}

/// How many characters from `start` on repeat an earlier part of the text.
pub(super) fn repetition(text: &[char], start: usize) -> Option<usize> {
    let same = |earlier: usize| {
        text[earlier..].iter().zip(&text[start..]).take_while(|(one, other)| one == other).count()
    };
    (0..start).map(same).max()
}

pub(super) fn is_year(text: &[char]) -> bool {
    matches!(text, ['1', '9', ..] | ['2', '0', ..])
}
