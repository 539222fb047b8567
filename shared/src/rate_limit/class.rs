//! The classes of rate limits, with their numbers and the reasons for them.

/// A rate limit: its quota, its subject, and its behaviour if a request cannot be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// Used in logs, headers and row keys, so it never changes.
    pub name: &'static str,
    /// The requests that are admitted at once, and in the long run per window.
    pub quota: u32,
    /// The time in which an empty bucket fills.
    pub window_seconds: u32,
    pub subject: LimitSubject,
    /// The number of rows that share the quota. One row allows about 1,000 writes a second, so only faster
    /// requests need more rows.
    pub shards: u8,
    /// The behaviour if the table does not answer in time.
    pub unanswered: WhenUncounted,
    pub reason: &'static str,
}

/// The subject whose requests are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitSubject {
    /// The client address that the platform provides.
    Ip,
    /// That address and the named account, each with its own bucket.
    IpAndAccount,
    Caller,
    /// The company that the request is about, for any caller.
    Company,
    /// The sender: a provider or a scheduler.
    Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenUncounted {
    /// Refused with 503: an uncounted request could authenticate an attacker, move money or send messages.
    Closed,
    /// Served and reported as uncounted: refusing it would do more harm.
    Open,
}

pub static AUTH: Class = Class {
    name: "auth",
    quota: 5,
    window_seconds: 15 * 60,
    subject: LimitSubject::IpAndAccount,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "A person mistypes a password a few times; at 480 guesses a day no decent one is found.",
};

/// Sign-in, all accounts of one client address together.
pub static AUTH_ADDRESS: Class = Class {
    name: "auth_address",
    quota: 100,
    window_seconds: 15 * 60,
    subject: LimitSubject::Ip,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "An office behind one address mistypes more than a person does, and correct passwords are refunded; a guesser who changes accounts is stopped here.",
};

pub static SIGN_UP: Class = Class {
    name: "sign_up",
    quota: 10,
    window_seconds: 60 * 60,
    subject: LimitSubject::Ip,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "An office behind one address opens a few accounts an hour; each sends a mail, so a farm of them must not.",
};

/// Requesting and redeeming a link that resets a password.
pub static RESET: Class = Class {
    name: "reset",
    quota: 5,
    window_seconds: 15 * 60,
    subject: LimitSubject::IpAndAccount,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "A link is another way in, so it is limited like sign-in, and no mailbox is flooded.",
};

/// Requesting such links, all accounts of one client address together.
pub static RESET_ADDRESS: Class = Class {
    name: "reset_address",
    quota: 30,
    window_seconds: 15 * 60,
    subject: LimitSubject::Ip,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "Several people of an office may forget their passwords in one morning; each request sends a mail, so a farm of them must not.",
};

/// Failed authentication with a token.
pub static TOKEN: Class = Class {
    name: "token",
    quota: 30,
    window_seconds: 60,
    subject: LimitSubject::Ip,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "A client with an expired token fails once or twice until it renews it; only a guesser fails on.",
};

pub static FEEDBACK: Class = Class {
    name: "feedback",
    quota: 5,
    window_seconds: 60 * 60,
    subject: LimitSubject::Ip,
    shards: 1,
    unanswered: WhenUncounted::Open,
    reason: "One person has something to say a few times an hour; the rest is spam, which harms no one while uncounted.",
};

pub static BOOKING: Class = Class {
    name: "booking",
    quota: 20,
    window_seconds: 60 * 60,
    subject: LimitSubject::Caller,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "Each one authorizes a payment and notifies a professional; no customer needs one every three minutes for hours.",
};

pub static MESSAGING: Class = Class {
    name: "messaging",
    quota: 30,
    window_seconds: 60,
    subject: LimitSubject::Caller,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "A person writes a message every two seconds at the very most; a stolen account must not reach every account.",
};

/// Manual actions on a case.
pub static CASE_ACTION: Class = Class {
    name: "case_action",
    quota: 60,
    window_seconds: 60,
    subject: LimitSubject::Company,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "A team works through a case a second at the most; each step may reach a member or end a membership.",
};

pub static EXPORT: Class = Class {
    name: "export",
    quota: 12,
    window_seconds: 60 * 60,
    subject: LimitSubject::Company,
    shards: 1,
    unanswered: WhenUncounted::Open,
    reason: "An export reads every case of a company; a report every five minutes is as fresh as anybody needs.",
};

pub static DASHBOARD: Class = Class {
    name: "dashboard",
    quota: 300,
    window_seconds: 60,
    subject: LimitSubject::Caller,
    shards: 1,
    unanswered: WhenUncounted::Open,
    reason: "A page asks a handful of times and a person turns pages quickly; five a second for ever is a script.",
};

/// Reading and changing settings.
pub static SETTINGS: Class = Class {
    name: "settings",
    quota: 30,
    window_seconds: 60,
    subject: LimitSubject::Company,
    shards: 1,
    unanswered: WhenUncounted::Open,
    reason: "Settings are read with a page and changed by hand; a change makes every open case be checked again.",
};

/// Search without an account.
pub static PUBLIC_SEARCH: Class = Class {
    name: "public_search",
    quota: 60,
    window_seconds: 60,
    subject: LimitSubject::Ip,
    shards: 1,
    unanswered: WhenUncounted::Open,
    reason: "A visitor searches as fast as they type; copying the whole directory takes more than one a second.",
};

pub static SENSITIVE: Class = Class {
    name: "sensitive",
    quota: 30,
    window_seconds: 60,
    subject: LimitSubject::Caller,
    shards: 1,
    unanswered: WhenUncounted::Closed,
    reason: "Operators act one by one and with thought; a stolen session must not act at the speed of a script.",
};

pub static WEBHOOKS: Class = Class {
    name: "webhooks",
    quota: 12_000,
    window_seconds: 60,
    subject: LimitSubject::Source,
    shards: 8,
    unanswered: WhenUncounted::Open,
    reason: "A provider catching up after an outage sends thousands at once; they are kept, and an event must not be lost.",
};

pub static SCHEDULER: Class = Class {
    name: "scheduler",
    quota: 120,
    window_seconds: 60,
    subject: LimitSubject::Source,
    shards: 1,
    unanswered: WhenUncounted::Open,
    reason: "A few jobs run once a minute, some by hand as well; a job is safe to run twice and must not stand still.",
};

pub static CLASSES: [&Class; 17] = [
    &AUTH,
    &AUTH_ADDRESS,
    &SIGN_UP,
    &RESET,
    &RESET_ADDRESS,
    &TOKEN,
    &FEEDBACK,
    &BOOKING,
    &MESSAGING,
    &CASE_ACTION,
    &EXPORT,
    &DASHBOARD,
    &SETTINGS,
    &PUBLIC_SEARCH,
    &SENSITIVE,
    &WEBHOOKS,
    &SCHEDULER,
];
