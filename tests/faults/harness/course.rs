//! The course of a run in which the workers run one after the other, and the faults injected into it.

use super::fault::{DEATHS, Fault};
use super::gate::{Asked, Order, Ticket};
use super::scheduler::{Move, Scheduler};

/// A worker's request with this number, counted from zero in the order of release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub worker: usize,
    pub number: usize,
}

/// A fault at a request; a death comes before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection {
    pub fault: Fault,
    pub place: Place,
}

/// Every released request of a run.
#[derive(Debug, Default)]
pub struct Course(Vec<Step>);

#[derive(Debug)]
struct Step {
    place: Place,
    asked: Asked,
    /// The fingerprint of the world before the request.
    world: u64,
}

impl Course {
    /// The place of a worker's next request.
    pub fn next_place(&self, worker: usize) -> Place {
        Place { worker, number: self.of(worker).count() }
    }

    pub fn add(&mut self, worker: usize, asked: Asked, world: u64) {
        let place = self.next_place(worker);
        self.0.push(Step { place, asked, world });
    }

    /// The places at which a fault can occur.
    pub fn places(&self, fault: Fault) -> Vec<Place> {
        let workers = self.0.iter().map(|step| step.place.worker).max().unwrap_or_default();
        // Only the first worker can be held up, because the others run after it.
        let workers = if fault.holds_up() { 0..=0 } else { 0..=workers };
        workers.flat_map(|worker| self.places_of(worker, fault)).collect()
    }

    /// Every death of a worker, before and after each of its requests.
    pub fn deaths(&self, worker: usize) -> Vec<Injection> {
        let injections =
            |fault| self.places_of(worker, fault).into_iter().map(move |place| Injection { fault, place });
        DEATHS.into_iter().flat_map(injections).collect()
    }

    /// The fingerprint of the world before a request.
    pub fn world_before(&self, place: Place) -> Option<u64> {
        self.of(place.worker).nth(place.number).map(|step| step.world)
    }

    fn places_of(&self, worker: usize, fault: Fault) -> Vec<Place> {
        let mut before = None;
        let mut places = Vec::new();
        for Step { place, asked, .. } in self.of(worker) {
            if fault.concerns(before, asked) {
                places.push(*place);
            }
            before = Some(asked);
        }
        places
    }

    fn of(&self, worker: usize) -> impl Iterator<Item = &Step> {
        self.0.iter().filter(move |step| step.place.worker == worker)
    }
}

/// Chooses the moves of a run: the first worker's requests, then the next one's, with faults at their places.
pub struct Injector {
    /// The faults that have not occurred yet, in their order.
    left: Vec<Injection>,
    /// A fault that repeats at further attempts of a request.
    repeated: Option<(usize, Asked, Order, usize)>,
    /// The worker that waits until the others have finished.
    held_up: Option<usize>,
}

impl Injector {
    pub fn of(injections: &[Injection]) -> Self {
        Self { left: injections.to_vec(), repeated: None, held_up: None }
    }

    /// Whether every fault has occurred.
    pub fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    /// The next move; `None` if all workers have ended.
    pub fn choose(&mut self, scheduler: &Scheduler, course: &Course) -> Option<Move> {
        let offered = scheduler.offered();
        let is_free = |(ticket, _): &(&Ticket, &Asked)| Some(ticket.worker) != self.held_up;
        let (ticket, asked) = offered.iter().find(is_free).or_else(|| offered.iter().next())?;
        if let Some(order) = self.repeat(ticket.worker, asked) {
            return Some(Move::Go(*ticket, order));
        }
        let place = course.next_place(ticket.worker);
        if self.left.first().is_none_or(|injection| injection.place != place) {
            return Some(Move::Go(*ticket, Order::Go));
        }
        match self.left.remove(0).fault {
            fault if fault.is_death() => Some(Move::Death(ticket.worker)),
            Fault::HoldUp(pause) => {
                self.held_up = Some(ticket.worker);
                Some(Move::Jump(pause))
            }
            fault => {
                let (order, attempts) = fault.order();
                self.repeated = Some((ticket.worker, asked.clone(), order, attempts - 1));
                Some(Move::Go(*ticket, order))
            }
        }
    }

    /// The order for a further attempt of the request at which a fault occurred.
    fn repeat(&mut self, worker: usize, asked: &Asked) -> Option<Order> {
        let (of, repeated, order, left) = self.repeated.as_mut()?;
        if *left == 0 || (*of, &*repeated) != (worker, asked) {
            return None;
        }
        *left -= 1;
        Some(*order)
    }
}
