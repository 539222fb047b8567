//! A gate at which every request of every worker waits until it is released.
//!
//! Requests are released one at a time. A released request is executed in one step, the worker gets the answer
//! and continues until it is at the gate again, has finished, or sleeps.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use local::embedded::Intervention;
use stand_ins::fault::FaultKind;
use tokio::sync::oneshot;

use super::touch::Touch;

/// The gate of one run; clones share it.
#[derive(Clone, Default)]
pub struct RequestGate(Arc<Mutex<Book>>);

/// A request at the gate: the worker, and the number of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket {
    pub worker: usize,
    pub number: u32,
}

/// The parts of a request that a choice depends on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    pub touch: Touch,
    pub words: String,
}

impl Asked {
    pub fn is_of_provider(&self) -> bool {
        matches!(self.touch, Touch::Provider { .. })
    }

    pub fn is_of_stripe(&self) -> bool {
        self.is_of_provider() && self.words.contains(" /v1/")
    }
}

/// How a request is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Go,
    /// With a fault at the table.
    Table(Intervention),
    /// With a fault at the provider.
    Provider(FaultKind),
    /// With a stale index, which repeats its last answer.
    Stale,
}

#[derive(Default)]
struct Book {
    waiting: BTreeMap<Ticket, (Asked, oneshot::Sender<Order>)>,
    numbers: BTreeMap<usize, u32>,
    received: BTreeMap<usize, u64>,
    /// The times that each worker read, and after how many of its requests.
    clock_read: BTreeMap<usize, BTreeSet<(u32, DateTime<Utc>)>>,
    ends: BTreeMap<usize, String>,
    fault: Option<FaultKind>,
    /// The last answer to each query of an index.
    lagging: BTreeMap<String, String>,
    under_way: usize,
    moves: u64,
}

impl RequestGate {
    /// Waits for its turn. The guard is kept until the answer has arrived.
    pub async fn pass(&self, worker: usize, asked: Asked) -> (Order, RunningRequest) {
        let (place, turn) = self.queue(worker, asked);
        let Ok(order) = turn.await else { return std::future::pending().await };
        let mut book = self.book();
        book.under_way += 1;
        (order, RunningRequest { gate: self.clone(), ticket: place.ticket })
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

    pub fn release(&self, ticket: Ticket, order: Order) {
        let mut book = self.book();
        let (_, turn) = book.waiting.remove(&ticket).expect("a released request is at the gate");
        book.fault = match order {
            Order::Provider(kind) => Some(kind),
            Order::Go | Order::Table(_) | Order::Stale => None,
        };
        let gone = turn.send(order);
        assert!(gone.is_ok(), "who stands at the gate listens");
    }

    /// Takes the fault for the released provider call.
    pub fn take_fault(&self) -> Option<FaultKind> {
        self.book().fault.take()
    }

    /// The answer of a stale index: `now` if it was never queried before.
    pub fn stale_answer(&self, question: &str, now: String) -> String {
        self.book().lagging.get(question).cloned().unwrap_or(now)
    }

    /// Stores the answer that a stale index repeats from now on.
    pub fn store_answer(&self, question: String, answer: String) {
        self.book().lagging.insert(question, answer);
    }

    /// A worker has finished; `seen` is its visible result.
    pub fn finish(&self, worker: usize, seen: String) {
        let mut book = self.book();
        book.ends.insert(worker, seen);
        book.moves += 1;
    }

    /// The requests at the gate.
    pub fn waiting(&self) -> BTreeMap<Ticket, Asked> {
        self.book().waiting.iter().map(|(ticket, (asked, _))| (*ticket, asked.clone())).collect()
    }

    /// Whether all these workers have finished or wait at the gate, and no request is running.
    pub fn at_rest(&self, workers: &[usize]) -> bool {
        let book = self.book();
        let stands = |worker: &usize| book.waiting.keys().any(|ticket| ticket.worker == *worker);
        book.under_way == 0 && workers.iter().all(|worker| book.ends.contains_key(worker) || stands(worker))
    }

    /// The visible result of a finished worker.
    pub fn end(&self, worker: usize) -> Option<String> {
        self.book().ends.get(&worker).cloned()
    }

    /// Records that a worker read the clock, because the time is then part of its knowledge.
    pub fn clock_read(&self, worker: usize, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut book = self.book();
        let number = book.numbers.get(&worker).copied().unwrap_or_default();
        book.clock_read.entry(worker).or_default().insert((number, now));
        now
    }

    /// Increases whenever a worker arrives at the gate, gets an answer or finishes.
    pub fn moves(&self) -> u64 {
        self.book().moves
    }

    /// A fingerprint of everything besides the world that decides a worker's next step: the answers, the times
    /// that it read, and its position. Concurrent requests' answers count the same in any order.
    pub fn print(&self, worker: usize) -> u64 {
        let book = self.book();
        let mut hasher = DefaultHasher::new();
        book.received.get(&worker).hash(&mut hasher);
        book.clock_read.get(&worker).hash(&mut hasher);
        book.ends.get(&worker).hash(&mut hasher);
        let standing = book.waiting.iter().filter(|(ticket, _)| ticket.worker == worker);
        standing.for_each(|(ticket, (asked, _))| (ticket, asked).hash(&mut hasher));
        hasher.finish()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A position at the gate; a dying worker leaves it.
struct QueueEntry {
    gate: RequestGate,
    ticket: Ticket,
}

impl Drop for QueueEntry {
    fn drop(&mut self) {
        self.gate.book().waiting.remove(&self.ticket);
    }
}

/// A released request without an answer yet.
pub struct RunningRequest {
    gate: RequestGate,
    ticket: Ticket,
}

impl RunningRequest {
    /// Records that the answer is returning.
    pub fn answered(self, answer: u64) {
        let mut hasher = DefaultHasher::new();
        (self.ticket, answer).hash(&mut hasher);
        let mut book = self.gate.book();
        let received = book.received.entry(self.ticket.worker).or_default();
        *received = received.wrapping_add(hasher.finish());
    }
}

impl Drop for RunningRequest {
    fn drop(&mut self) {
        let mut book = self.gate.book();
        book.under_way -= 1;
        book.moves += 1;
    }
}
