//! Journeys.

mod document;
mod judgement;
mod openapi;
