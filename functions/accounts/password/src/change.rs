//! Changes the password of a signed-in account, which must send its old password.

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use shared::app::SharedApp;
use shared::auth::Session;
use shared::auth::links::Links;
use shared::auth::password::{self, Known, password_field};
use shared::auth::session::{self, AuthenticatedAccount};
use shared::http::{Failure, JsonBody, RateLimitCharge};
use shared::rate_limit::class::{AUTH, AUTH_ADDRESS};
use shared::store::accounts::account::Proof;

pub(crate) async fn change(
    State(app): State<SharedApp>,
    session: Session,
    rate_limit_charge: RateLimitCharge,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Response, Failure> {
    let links = Links::of(&app)?;
    let object = body.object(&["old_password", "new_password"])?;
    let old = password_field(object, "old_password")?;
    let new = password_field(object, "new_password")?;
    let account = session.account;
    // The limit prevents guessing the password with a stolen session.
    let charged = rate_limit_charge.charge_account(&app, (&AUTH_ADDRESS, &AUTH), account.as_str()).await?;

    let store = app.store()?;
    let elsewhere = || Failure::Conflict("The password of this account is not kept here.".to_owned());
    let row = match account.staff_role() {
        Some(_) => None,
        None => store.account(&account).await?,
    };
    let row = row.ok_or_else(elsewhere)?;
    let hash = row.password_hash.clone().ok_or_else(elsewhere)?;
    if !password::is_right(old, Known::Hash(hash)).await? {
        return Err(Failure::field("old_password", "is not your password"));
    }
    password::check_new(&app, "new_password", new, links.address(&account, &row).as_ref())?;
    let (hash, at) = (password::hash(new).await?, app.clock.now());
    let proof = Proof { password_hash: &hash, role: row.role, generation: row.generation, at };
    let unique = format!("{account}#{}", row.generation + 1);
    let writes = vec![
        store.set_password(&account, &proof),
        links.audit(&account, "account.password_changed", None, at, &unique)?,
    ];
    store.commit(app.ids.next(), writes).await?;
    let generation = row.generation + 1;
    let authenticated = AuthenticatedAccount { account, role: row.role, company: row.company, generation };
    let (session, cookie) =
        session::open_refunding(&app, &authenticated, &headers, Some((&rate_limit_charge, &charged))).await?;
    Ok(session.signed_in_response(cookie))
}
