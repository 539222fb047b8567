//! Where every request of every worker waits until it is let go.
//!
//! One request is let go at a time. It is executed as one step, its answer reaches the worker, and the
//! worker goes on until it is at the gate again, has finished, or sleeps.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use local::embedded::Intervention;
use stand_ins::fault::FaultKind;
use tokio::sync::oneshot;

use super::touch::Touch;

/// The gate of one run; all clones are one.
#[derive(Clone, Default)]
pub struct RequestGate(Arc<Mutex<Book>>);

/// A request at the gate: whose it is, and its number among the requests of that worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    pub worker: usize,
    pub number: u32,
}

/// What is asked for, as far as a choice depends on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    pub touch: Touch,
    pub words: String,
}

impl Asked {
    /// Whether a provider is asked, and not the table.
    pub fn is_of_provider(&self) -> bool {
        matches!(self.touch, Touch::Provider { .. })
    }

    /// Whether Stripe is asked.
    pub fn is_of_stripe(&self) -> bool {
        self.is_of_provider() && self.words.contains(" /v1/")
    }
}

/// How a request is let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Go,
    /// With trouble at the table.
    Table(Intervention),
    /// With trouble at the provider.
    Provider(FaultKind),
    /// An index that lags behind: it answers what it last answered to anybody.
    Stale,
}

#[derive(Default)]
struct Book {
    waiting: BTreeMap<Ticket, (Asked, oneshot::Sender<Order>)>,
    numbers: BTreeMap<usize, u32>,
    received: BTreeMap<usize, u64>,
    /// What time it was whenever somebody looked, and after how many requests of its own that was.
    looked: BTreeMap<usize, BTreeSet<(u32, DateTime<Utc>)>>,
    ends: BTreeMap<usize, String>,
    trouble: Option<FaultKind>,
    /// What was last answered to each question about an index.
    lagging: BTreeMap<String, String>,
    under_way: usize,
    moves: u64,
}

impl RequestGate {
    /// Waits for its turn. The guard is held until the answer is there.
    pub async fn pass(&self, worker: usize, asked: Asked) -> (Order, UnderWay) {
        let (place, turn) = self.queue(worker, asked);
        let Ok(order) = turn.await else { return std::future::pending().await };
        let mut book = self.book();
        book.under_way += 1;
        (order, UnderWay { gate: self.clone(), ticket: place.ticket })
    }

    fn queue(&self, worker: usize, asked: Asked) -> (QueueEntry, oneshot::Receiver<Order>) {
        let mut book = self.book();
        let number = book.numbers.entry(worker).or_default();
        *number += 1;
        let ticket = Ticket { worker, number: *number };
        let (sender, turn) = oneshot::channel();
        book.waiting.insert(ticket, (asked, sender));
        book.moves += 1;
        (QueueEntry { gate: self.clone(), ticket }, turn)
    }

    /// Lets a request go.
    pub fn let_go(&self, ticket: Ticket, order: Order) {
        let mut book = self.book();
        let (_, turn) = book.waiting.remove(&ticket).expect("who is let go stands at the gate");
        book.trouble = match order {
            Order::Provider(kind) => Some(kind),
            Order::Go | Order::Table(_) | Order::Stale => None,
        };
        let gone = turn.send(order);
        assert!(gone.is_ok(), "who stands at the gate listens");
    }

    /// The trouble ordered for the provider's call that was let go, once.
    pub fn take_trouble(&self) -> Option<FaultKind> {
        self.book().trouble.take()
    }

    /// What an index that lags behind answers: `now` where it was never asked before.
    pub fn lags(&self, question: &str, now: String) -> String {
        self.book().lagging.get(question).cloned().unwrap_or(now)
    }

    /// What an index answers from now on while it lags behind.
    pub fn answers(&self, question: String, answer: String) {
        self.book().lagging.insert(question, answer);
    }

    /// A worker came to its end; `seen` is what the outside sees of it.
    pub fn finish(&self, worker: usize, seen: String) {
        let mut book = self.book();
        book.ends.insert(worker, seen);
        book.moves += 1;
    }

    /// Who stands at the gate.
    pub fn waiting(&self) -> BTreeMap<Ticket, Asked> {
        self.book().waiting.iter().map(|(ticket, (asked, _))| (*ticket, asked.clone())).collect()
    }

    /// Whether every one of these workers has finished or stands at the gate, with nothing under way.
    pub fn at_rest(&self, workers: &[usize]) -> bool {
        let book = self.book();
        let stands = |worker: &usize| book.waiting.keys().any(|ticket| ticket.worker == *worker);
        book.under_way == 0 && workers.iter().all(|worker| book.ends.contains_key(worker) || stands(worker))
    }

    /// What the outside saw of a worker that has finished.
    pub fn end(&self, worker: usize) -> Option<String> {
        self.book().ends.get(&worker).cloned()
    }

    /// A worker looks at the clock: what it saw is something that it knows from then on.
    pub fn looked(&self, worker: usize, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut book = self.book();
        let number = book.numbers.get(&worker).copied().unwrap_or_default();
        book.looked.entry(worker).or_default().insert((number, now));
        now
    }

    /// Grows whenever somebody comes to the gate, hears an answer or finishes.
    pub fn moves(&self) -> u64 {
        self.book().moves
    }

    /// All that decides what a worker does next, besides the world: what it has heard so far, what time it
    /// was when it looked, and where it stands. Answers to requests made at once count alike in any order.
    pub fn print(&self, worker: usize) -> u64 {
        let book = self.book();
        let mut hasher = DefaultHasher::new();
        book.received.get(&worker).hash(&mut hasher);
        book.looked.get(&worker).hash(&mut hasher);
        book.ends.get(&worker).hash(&mut hasher);
        let standing = book.waiting.iter().filter(|(ticket, _)| ticket.worker == worker);
        standing.for_each(|(ticket, (asked, _))| (ticket, asked).hash(&mut hasher));
        hasher.finish()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place at the gate; whoever dies leaves it.
struct QueueEntry {
    gate: RequestGate,
    ticket: Ticket,
}

impl Drop for QueueEntry {
    fn drop(&mut self) {
        self.gate.book().waiting.remove(&self.ticket);
    }
}

/// A request that has been let go and not answered yet.
pub struct UnderWay {
    gate: RequestGate,
    ticket: Ticket,
}

impl UnderWay {
    /// The answer is on its way back.
    pub fn answered(self, answer: u64) {
        let mut hasher = DefaultHasher::new();
        (self.ticket, answer).hash(&mut hasher);
        let mut book = self.gate.book();
        let received = book.received.entry(self.ticket.worker).or_default();
        *received = received.wrapping_add(hasher.finish());
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut book = self.gate.book();
        book.under_way -= 1;
        book.moves += 1;
    }
}
