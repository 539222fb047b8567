//! A page of lines, held against the books.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::explain::{Check, check};
use super::line::{About, Line};
use super::mend::Origin;
use super::word::{self, Asked, Word};
use super::{Halt, Run};
use crate::domain::effect::{EffectState, Request};
use crate::providers::call::CallError;
use crate::providers::stripe::balance::BalanceTransaction;
use crate::providers::stripe::transfer::Transfer;
use crate::store::booking::BookingOwner;
use crate::store::reconciliation::{Books, Finding, FindingKind, FindingState};

/// What the books have of the bookings at hand.
pub(super) type Shelf = HashMap<BookingOwner, Books>;

/// What became of a line.
#[derive(Debug)]
pub(super) enum Judged {
    /// The books explain it, or it is of no booking.
    Explained,
    /// The books explain it now.
    Mended,
    /// Neither.
    Found(Box<Finding>),
}

/// A line that was looked at.
#[derive(Debug)]
pub(super) struct Judgement {
    /// The line.
    pub line: Line,
    /// What became of it.
    pub judged: Judged,
    /// The booking it leads to, where it leads to one.
    pub owner: Option<BookingOwner>,
}

impl Judgement {
    /// Whether it is listed only because Stripe did not show the payment or the transfer that it names: then the books
    /// may have it all the same.
    pub fn is_unseen(&self) -> bool {
        let names_another = match &self.line.about {
            About::GivenBack(refund) => refund.payment_intent.is_some(),
            About::CameBack(_) => true,
            _ => false,
        };
        let is_unknown = |finding: &Finding| finding.kind == FindingKind::LineUnknown;
        names_another && matches!(&self.judged, Judged::Found(finding) if is_unknown(finding))
    }
}

impl Run<'_> {
    /// Holds up to a hundred lines against the books: one reading of them for all, and one of Stripe for
    /// each payment and transfer of which something came back.
    pub(super) async fn judge(&self, lines: Vec<Line>) -> Result<Vec<Judgement>, Halt> {
        let asked_at = self.app.clock.now();
        let asked = self.ask(&lines).await?;
        let words: Vec<Option<Word>> = lines.iter().map(|line| word::of(line, &asked)).collect();
        let owners = self.owners(&words).await?;
        let mut shelf = self.shelf(owners.iter().flatten()).await?;
        let mut judgements = Vec::new();
        for (line, (word, owner)) in lines.into_iter().zip(words.into_iter().zip(owners)) {
            let origin = Origin { id: &line.id, created: line.created, asked_at };
            let judged = match (&line.about, word) {
                (About::Own, _) => Judged::Explained,
                (_, Some(word)) => self.judge_word(&word, owner.as_ref(), &mut shelf, origin).await?,
                (_, None) => Judged::Found(Box::new(self.unknown(&line))),
            };
            judgements.push(Judgement { line, judged, owner });
        }
        Ok(judgements)
    }

    /// Holds one word against the books, and mends what was unheard.
    pub(super) async fn judge_word(
        &self,
        word: &Word,
        owner: Option<&BookingOwner>,
        shelf: &mut Shelf,
        origin: Origin<'_>,
    ) -> Result<Judged, Halt> {
        let known = owner.and_then(|owner| shelf.get(owner)).unwrap_or(&Books::Unknown);
        // Whoever makes a transfer by hand may name a company that nobody here belongs to: then it would
        // be listed for nobody.
        let company = owner.filter(|_| *known != Books::Unknown).map(|owner| owner.company_id.clone());
        let (mut kind, mut books_amount) = match (check(known, word), known, owner) {
            (Check::Holds, ..) => return Ok(Judged::Explained),
            (Check::Unheard(..), Books::Known(row), Some(owner)) => {
                let row = self.mend(owner, (**row).clone(), word, origin).await?;
                let mended = Books::Known(Box::new(row));
                let after = check(&mended, word);
                shelf.insert(owner.clone(), mended);
                match after {
                    Check::Holds => return Ok(Judged::Mended),
                    Check::Unheard(_, books) => (FindingKind::AmountDiffers, books),
                    Check::Differs(kind, books) => (kind, books),
                }
            }
            (Check::Unheard(_, books), ..) => (FindingKind::AmountDiffers, books),
            (Check::Differs(kind, books), ..) => (kind, books),
        };
        if kind == FindingKind::TransferUnknown && self.is_in_doubt(owner).await? {
            (kind, books_amount) = (FindingKind::TransferInDoubt, 0);
        }
        Ok(Judged::Found(Box::new(Finding {
            finding_id: word.place.clone(),
            kind,
            company_id: company,
            booking_id: owner.map(|owner| owner.booking_id),
            line_id: Some(origin.id.to_owned()),
            stripe_amount: word.amount,
            books_amount,
            currency: word.currency.as_str().to_owned(),
            found_at: self.app.clock.now(),
            state: FindingState::Open,
            closing: None,
            version: 0,
        })))
    }

    /// A line that leads nowhere.
    fn unknown(&self, line: &Line) -> Finding {
        Finding {
            finding_id: line.id.clone(),
            kind: FindingKind::LineUnknown,
            company_id: None,
            booking_id: None,
            line_id: Some(line.id.clone()),
            stripe_amount: line.amount,
            books_amount: 0,
            currency: line.currency.clone(),
            found_at: self.app.clock.now(),
            state: FindingState::Open,
            closing: None,
            version: 0,
        }
    }

    /// Whether a transfer of the booking is on its way or in doubt: whatever settles it tells the books.
    async fn is_in_doubt(&self, owner: Option<&BookingOwner>) -> Result<bool, Halt> {
        let Some(owner) = owner else { return Ok(false) };
        let effects = self.store.company(&owner.company_id).actions(owner.booking_id).await?;
        Ok(effects.iter().any(|effect| {
            matches!(effect.request, Request::Transfer(_))
                && !matches!(effect.state, EffectState::Done | EffectState::Rejected)
        }))
    }

    /// Asks Stripe what the lines themselves do not tell.
    async fn ask(&self, lines: &[Line]) -> Result<Asked, CallError> {
        let (mut payments, mut transfers) = (HashSet::new(), HashSet::new());
        for line in lines {
            match &line.about {
                About::GivenBack(refund) => payments.extend(refund.payment_intent.clone()),
                About::CameBack(id) => drop(transfers.insert(id.clone())),
                _ => {}
            }
        }
        let stripe = self.stripe;
        let payment = |id: String| async move { stripe.payment_intent(&id).await.map_err(unseen) };
        let transfer = |id: String| async move { stripe.transfer(&id).await.map_err(unseen) };
        let payments = self.all(payments, payment).await?;
        Ok(Asked { payments, transfers: self.all(transfers, transfer).await? })
    }

    /// These transfers, as Stripe has them.
    pub(super) async fn transfers(
        &self,
        ids: HashSet<String>,
    ) -> Result<HashMap<String, Transfer>, CallError> {
        let stripe = self.stripe;
        self.all(ids, |id| async move { stripe.transfer(&id).await }).await
    }

    /// These lines, as Stripe shows them.
    pub(super) async fn lines_by_id(
        &self,
        ids: HashSet<String>,
    ) -> Result<HashMap<String, BalanceTransaction>, CallError> {
        let stripe = self.stripe;
        self.all(ids, |id| async move { stripe.balance_transaction(&id).await.map_err(unseen) }).await
    }

    /// Asks for each, a few at a time; what is not there is left out.
    async fn all<T, Asked>(
        &self,
        ids: HashSet<String>,
        ask: impl Fn(String) -> Asked,
    ) -> Result<HashMap<String, T>, CallError>
    where
        Asked: Future<Output = Result<T, CallError>>,
    {
        let questions = ids.into_iter().map(|id| {
            let asked = ask(id.clone());
            async move {
                match asked.await {
                    Ok(found) => Ok(Some((id, found))),
                    Err(CallError::Absent) => Ok(None),
                    Err(error) => Err(error),
                }
            }
        });
        let questions: Vec<_> = questions.collect();
        let answers = stream::iter(questions).buffer_unordered(self.bounds.calls_at_once);
        let answers: Vec<Option<(String, T)>> = answers.try_collect().await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// Whose each word is: by its own naming, or by the payment.
    async fn owners(&self, words: &[Option<Word>]) -> Result<Vec<Option<BookingOwner>>, Halt> {
        let unnamed = words.iter().flatten().filter(|word| word.named.is_none());
        let payments: HashSet<String> = unnamed.filter_map(|word| word.payment_intent.clone()).collect();
        let found = self.store.owners_of_payments(&payments.into_iter().collect::<Vec<_>>()).await?;
        let owner =
            |word: &Word| word.named.clone().or_else(|| found.get(word.payment_intent.as_deref()?).cloned());
        Ok(words.iter().map(|word| word.as_ref().and_then(owner)).collect())
    }

    /// What the books have of these bookings.
    pub(super) async fn shelf<'a>(
        &self,
        owners: impl Iterator<Item = &'a BookingOwner>,
    ) -> Result<Shelf, Halt> {
        let distinct: HashSet<BookingOwner> = owners.cloned().collect();
        Ok(self.store.books_of(distinct.into_iter().collect()).await?)
    }
}

/// What Stripe refuses to show leaves its line as unknown as what is not there: it is listed, looked at again by each
/// run, and holds up no other line.
fn unseen(error: CallError) -> CallError {
    if error.is_refusal() { CallError::Absent } else { error }
}
