use shared::domain::kernel::clock::Clock;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::Duration;
use serde_json::{Value, json};

use super::{Sandbox, noon};
use stand_ins::outbox::{Entry, Kind};
use stand_ins::sandbox::{self, OpenJournalError, OpenSandboxError};
use stand_ins::whop::{APP_ID, MembershipStatus};

const EXTEND: &str = "/api/v1/memberships/mem_1/extend";
const PUSH: &str = "/api/v1/notifications";
const MESSAGE: &str = "/api/v1/messages";

/// A test's own folder, removed with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(std::env::temp_dir().join(format!("justonce-kept-{}-{number}", std::process::id())))
    }

    fn journal(&self) -> PathBuf {
        self.0.join("sandbox.journal")
    }

    /// The state after a kill at this moment; the sandbox continues in another folder.
    pub(super) fn as_left_now(&self) -> Self {
        let copy = Self::new();
        fs::create_dir_all(&copy.0).unwrap();
        fs::copy(self.journal(), copy.journal()).unwrap();
        copy
    }

    fn open(&self) -> Result<sandbox::Sandbox, OpenSandboxError> {
        sandbox::Sandbox::open(&self.0, None)
    }

    pub(super) async fn serve(&self) -> Sandbox {
        Sandbox::serve(self.open().unwrap()).await
    }

    /// A served sandbox with the usual companies and members, at noon.
    pub(super) async fn settled() -> (Self, Sandbox) {
        let folder = Self::new();
        let sandbox = Sandbox::serve(sandbox::Sandbox::open(&folder.0, Some(noon())).unwrap()).await;
        sandbox.settle();
        (folder, sandbox)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _absent_if_never_opened = fs::remove_dir_all(&self.0);
    }
}

fn mail() -> Value {
    json!({"from": "shop@example.com", "to": "user_1@example.com", "subject": "One", "text": "Text"})
}

#[tokio::test]
async fn a_used_key_protects_after_a_restart_and_every_effect_is_still_counted() {
    let (folder, before) = Folder::settled().await;
    let grant = before.post_with_key(EXTEND, json!({"days": 7}), "key_1").await;
    let sent = before.post_with_key("/emails", mail(), "case/1").await;

    let left = folder.as_left_now();
    let after = left.serve().await;
    assert_eq!(after.outbox.entries(), before.outbox.entries());
    assert_eq!(after.post_with_key(EXTEND, json!({"days": 7}), "key_1").await, grant);
    assert_eq!(after.post_with_key("/emails", mail(), "case/1").await, sent);
    assert_eq!((after.outbox.count(Kind::FreeDays), after.outbox.count(Kind::Mail)), (1, 1));
    assert_eq!(after.post_with_key(EXTEND, json!({"days": 8}), "key_1").await.0, 400);

    after.clock.advance(Duration::hours(25));
    after.post_with_key(EXTEND, json!({"days": 7}), "key_1").await;
    assert_eq!(after.outbox.count(Kind::FreeDays), 2, "and is forgotten a day after its use");
}

#[tokio::test]
async fn what_was_done_before_a_lost_answer_is_known_after_a_restart() {
    let (folder, before) = Folder::settled().await;
    before.fail(json!({"provider": "whop", "operation": "extend", "kind": "drop_after", "times": 1}));
    let request = before.request(reqwest::Method::POST, EXTEND).header("Idempotency-Key", "key_1");
    request.json(&json!({"days": 7})).send().await.unwrap_err();

    let left = folder.as_left_now();
    let after = left.serve().await;
    assert_eq!(after.faults.rules(), [], "the fault was used up");
    assert_eq!(after.post_with_key(EXTEND, json!({"days": 7}), "key_1").await.0, 200);
    assert_eq!(after.outbox.count(Kind::FreeDays), 1);
}

#[tokio::test]
async fn the_state_of_whop_survives_a_restart() {
    let (folder, before) = Folder::settled().await;
    before.whop.add_experience("exp_other", "biz_open", "app_other");
    before.whop.set_membership_status("mem_2", MembershipStatus::Unresolved);
    before.whop.rotate_key();
    before.post("/api/v1/memberships/mem_3/cancel", json!({})).await;
    let push = json!({"title": "Note", "content": "Text", "experience_id": "exp_strict",
        "user_ids": ["user_2", "user_boss"]});
    before.post(PUSH, push).await;
    let people = json!({"with_user_ids": ["user_1"], "account_id": "biz_open"});
    let (_, channel) = before.post("/api/v1/dm_channels", people.clone()).await;
    let message = json!({"channel_id": channel["id"], "content": "Text"});
    let (_, first) = before.post(MESSAGE, message.clone()).await;

    let left = folder.as_left_now();
    let after = left.serve().await;
    for id in ["mem_1", "mem_2", "mem_3"] {
        assert_eq!(after.whop.membership(id), before.whop.membership(id));
    }
    for path in ["/api/v1/experiences?account_id=biz_open", "/api/v1/users/user_boss/access/biz_strict"] {
        assert_eq!(after.get(path).await, before.get(path).await);
    }
    let users = |entries: Vec<Entry>| entries.into_iter().map(|entry| entry.to).collect::<Vec<_>>();
    assert_eq!(users(after.whop.unreached()), ["user_2"]);
    assert_eq!(users(after.outbox.entries()), ["mem_3", "user_boss", "user_1"]);
    assert_eq!(after.whop.jwks(), before.whop.jwks());
    let kid_of = |sandbox: &Sandbox| {
        jsonwebtoken::decode_header(sandbox.whop.user_token("user_1", APP_ID)).unwrap().kid
    };
    assert_eq!(kid_of(&after), kid_of(&before));
    assert_eq!(after.post("/api/v1/dm_channels", people).await.1, channel);
    assert_ne!(after.post(MESSAGE, message).await.1["id"], first["id"]);
}

#[tokio::test]
async fn rules_in_force_and_a_cleared_outbox_stay_so() {
    let (folder, before) = Folder::settled().await;
    before.fail(json!({"provider": "resend", "operation": "emails", "kind": "status:503", "times": 3}));
    before.fail(json!({"provider": "whop", "operation": "*", "kind": "slow:1", "company": "biz_open"}));
    before.post("/emails", mail()).await;
    before.post(EXTEND, json!({"days": 1})).await;
    before.outbox.clear();
    before.post(EXTEND, json!({"days": 2})).await;

    let left = folder.as_left_now().open().unwrap();
    assert_eq!(left.faults.rules(), before.faults.rules());
    assert_eq!(left.faults.rules()[0].times, Some(2));
    assert_eq!(left.outbox.entries(), before.outbox.entries());
    assert_eq!(left.outbox.entries()[0].detail, json!({"days": 2}));
}

#[test]
fn moved_time_goes_on_from_where_it_was_and_never_back() {
    let folder = Folder::new();
    let first = folder.open().unwrap();
    assert!(
        (first.clock.now() - Clock::system().now()).abs() < Duration::minutes(1),
        "the time of day at first"
    );
    first.clock.advance(Duration::hours(25));
    first.clock.advance(Duration::hours(25));
    let shown = first.clock.now();
    drop(first);

    let second = folder.open().unwrap();
    assert!(second.clock.now() >= shown && second.clock.now() < shown + Duration::minutes(1));
    drop(second);

    drop(sandbox::Sandbox::open(&folder.0, Some(noon())).unwrap());
    let started_anew = folder.open().unwrap().clock.now();
    assert!(started_anew >= noon() && started_anew < noon() + Duration::minutes(1));
}

#[test]
fn a_folder_in_use_is_refused_by_name_until_its_last_clone_is_dropped() {
    let folder = Folder::new();
    let holder = folder.open().unwrap().whop;
    let refusal = folder.open().unwrap_err();
    assert!(matches!(refusal, OpenSandboxError::Journal(OpenJournalError::InUse { .. })));
    assert!(refusal.to_string().starts_with(folder.journal().to_str().unwrap()), "{refusal}");
    drop(holder);
    folder.open().unwrap();
}

#[test]
fn a_line_cut_off_by_a_kill_is_replaced_by_the_next_one() {
    let folder = Folder::new();
    let company = |sandbox: &sandbox::Sandbox, id| sandbox.whop.add_company(id, "One", &[], false, Some(id));
    let first = folder.open().unwrap();
    company(&first, "biz_1");
    company(&first, "biz_2");
    drop(first);
    let whole = fs::read(folder.journal()).unwrap();
    fs::write(folder.journal(), &whole[..whole.len() - 7]).unwrap();

    company(&folder.open().unwrap(), "biz_2");
    assert_eq!(fs::read(folder.journal()).unwrap(), whole);
}

#[test]
fn a_damaged_or_foreign_file_is_refused_by_name_and_left_as_it_is() {
    let folder = Folder::new();
    let first = folder.open().unwrap();
    first.whop.add_company("biz_1", "One", &["user_secret"], false, None);
    first.whop.rotate_key();
    drop(first);
    let whole = fs::read_to_string(folder.journal()).unwrap();
    for (content, line) in [
        (whole.replace("user_secret", "user_other"), 2),
        (whole.lines().filter(|line| !line.contains("biz_1")).map(|line| format!("{line}\n")).collect(), 2),
        (format!("{whole}\n"), 4),
        ("unrelated notes".to_owned(), 1),
    ] {
        fs::write(folder.journal(), &content).unwrap();
        let error = folder.open().unwrap_err();
        let message = error.to_string();
        let expected = format!("{} is damaged in line {line}: ", folder.journal().display());
        assert!(message.starts_with(&expected), "{message}");
        assert!(!message.contains("user_"), "{message}");
        assert_eq!(fs::read_to_string(folder.journal()).unwrap(), content);
    }
}

#[test]
fn a_folder_that_cannot_be_is_refused_by_name() {
    let below_a_file = Path::new("/dev/null/sandbox");
    let error = sandbox::Sandbox::open(below_a_file, None).unwrap_err();
    assert!(error.to_string().starts_with("/dev/null/sandbox cannot be created"), "{error}");
}
