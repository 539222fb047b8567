//! The auditor audited, where providers refuse and where an older copy of the table comes back.

use super::declines::{self, Declines};
use super::defect::Defect;
use super::defects::{Mistaken, found, problem, told};
use super::explorer::Reach;
use super::refusals::refused_at_every_call;
use super::restores::Restored;
use super::scene::Scene;

/// The same as `found` where every call is refused in turn.
fn found_when_refused(defects: &'static [Defect], scene: impl Scene, words: &str) {
    let scene = Mistaken(scene, defects);
    told(&scene.name(), problem(|| refused_at_every_call(&scene)), words);
}

#[test]
fn a_refused_capture_taken_for_success_is_found() {
    let scene = Declines::of_one(&[declines::Act::Accept(0)]);
    found_when_refused(&[Defect::RefusalTakenForDone], scene, "is Some(RequiresCapture)");
}

#[test]
fn a_refusal_that_is_on_no_list_is_found() {
    let scene = Declines::of_one(&[declines::Act::Accept(0)]);
    found_when_refused(&[Defect::RefusalNotListed], scene, "is refused and not listed");
}

#[test]
fn a_restored_table_that_pays_without_a_look_is_found() {
    found(&[Defect::LookUpBlind], Restored::of_one(), Reach::default(), "paid twice");
}
