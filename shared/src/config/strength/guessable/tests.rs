use super::words::COMMON_WORDS;
use super::*;

fn judge(password: &str) -> Option<&'static str> {
    reason(
        password,
        &OwnWords::of(Some("Canary.Bird+shop@casa-feliz.example"), "biz_acme", "https://app.acme.example"),
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
        let reason = judge(password).unwrap_or_else(|| panic!("{password} is accepted"));
        assert!(reason.contains(word), "{password}: {reason}");
    }
}

#[test]
fn hands_that_run_over_the_keys_are_refused_whichever_way_they_go() {
    for password in [
        "q1w2e3r4t5y6",
        "6y5t4r3e2w1q",
        "qazwsxedcrfv",
        "qazxswedcvfr",
        "rfvedcwsxqaz",
        "QAZ2wsx#EDC4",
        "!QAZ@WSX#EDC",
        "1qaz@WSX3edc",
        "qweasdzxc123",
        "123qweasdzxc",
        "asdqwe123zxc",
        "zaq12wsxcde3",
        "!@#$%^&*()_+",
        "!\"·$%&/()=?1",
        "1!2@3#4$5%6^",
        "147258369147",
        "741852963741",
        "789456123789",
        "159753159753",
        "qwertytrewq1",
        "asdfghjklñ12",
    ] {
        let reason = judge(password).unwrap_or_else(|| panic!("{password} is accepted"));
        assert!(reason.contains("neighbouring keys") || reason.contains("repeats"), "{password}: {reason}");
    }
}

#[test]
fn sequences_are_refused_when_they_are_woven_into_one_another() {
    for password in
        ["a1b2c3d4e5f6", "112233445566", "1a2b3c4d5e6f", "aabbccddeeff", "102030405060", "f6e5d4c3b2a1"]
    {
        let reason = judge(password).unwrap_or_else(|| panic!("{password} is accepted"));
        assert!(reason.contains("sequence") || reason.contains("keys"), "{password}: {reason}");
    }
}

#[test]
fn common_words_of_english_and_spanish_are_refused_however_they_are_joined() {
    for password in [
        "Pass@word1234",
        "P-a-s-s-w-o-r-d",
        "pass word 2025",
        "mysecretpass",
        "changemenow12",
        "thisisapassword",
        "thisismypassword1",
        "correcthorsebatterystaple",
        "correct horse battery staple",
        "Bienvenido123",
        "Bienvenida2025!",
        "BuenosDias2025",
        "Primavera2025",
        "Otoño2025!!!!",
        "Diciembre2024",
        "Miércoles1234",
        "realmadrid123",
        "RealMadrid2025!",
        "millonarios10",
        "tequieromucho",
        "miclavesecreta",
        "garcialopez12",
        "Février2025!!",
    ] {
        let reason = judge(password).unwrap_or_else(|| panic!("{password} is accepted"));
        assert!(reason.contains("common"), "{password}: {reason}");
    }
}

#[test]
fn a_password_that_is_hard_to_guess_is_accepted() {
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
        "elephantlampriverbutton",
        "verano casa perro luna",
        "this is not what they said",
        "a8Vw!q2Zr9Lk",
        "zm4kqtw7hxpd",
        "846203957163",
    ] {
        assert_eq!(judge(password), None, "{password}");
    }
}

#[test]
fn the_list_is_small_and_in_small_letters() {
    assert!(COMMON_WORDS.len() < 50_000);
    assert!(COMMON_WORDS.lines().all(|word| word.len() >= 3 && word.chars().all(|c| c.is_ascii_lowercase())));
}
