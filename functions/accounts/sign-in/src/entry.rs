//! Authenticates a name and a password.

use shared::app::App;
use shared::auth::password::{self, Checked, Known, password_field};
use shared::auth::session::{AuthenticatedAccount, not_configured};
use shared::config::StaffAccount;
use shared::domain::kernel::account::{Role, canonical_name};
use shared::domain::kernel::id::CompanyId;
use shared::http::body::text_field;
use shared::http::{Failure, JsonBody};
use shared::store::accounts::account::AccountRow;
use shared::store::keys::AccountKey;

/// The longest email address; user names are shorter.
const MAX_NAME_CHARS: usize = 254;

/// The prefix of a password hash, in contrast to a plain password.
const HASH_PREFIX: &str = "$argon2id$";

const WRONG: Failure = Failure::Unauthorized("The name or the password is wrong.");

/// The typed name and password. The account key is derived before anything is read, so an unknown name is looked
/// up like any other.
pub(crate) struct Entry<'a> {
    pub(crate) account: AccountKey,
    staff: Option<&'a StaffAccount>,
    password: &'a str,
}

struct Found {
    known: Known,
    role: Role,
    company: CompanyId,
    generation: u64,
}

impl<'a> Entry<'a> {
    pub(crate) fn read(app: &'a App, body: &'a JsonBody) -> Result<Self, Failure> {
        let object = body.object(&["username", "password"])?;
        let username = text_field(object, "username", MAX_NAME_CHARS)?.trim();
        let password = password_field(object, "password")?;
        let is_named = |staff: &&StaffAccount| canonical_name(&staff.username) == canonical_name(username);
        let staff = app.config.staff.iter().find(is_named);
        let account =
            staff.map_or_else(|| AccountKey::of_name(username), |staff| AccountKey::staff(staff.role));
        Ok(Self { account, staff, password })
    }

    /// Authenticates with one read and one Argon2 verification, whether or not the account exists.
    pub(crate) async fn authenticate(self, app: &App) -> Result<AuthenticatedAccount, Failure> {
        let found = match self.staff {
            Some(staff) => find_staff(app, staff, &self.account).await?,
            None => app.store()?.account(&self.account).await?.and_then(of_row),
        };
        let known = found.as_ref().map_or(Known::Nothing, |found| found.known.clone());
        let checked = password::check(self.password, known.clone()).await?;
        let found = found.filter(|_| checked != Checked::Wrong).ok_or(WRONG)?;
        let Found { role, company, generation, .. } = found;
        if let (Checked::RightAsTyped, None, Known::Hash(old)) = (checked, self.staff, &known) {
            // The hash was made before passwords were normalized; the new one accepts every spelling.
            let new = password::hash(self.password).await?;
            app.store()?.renew_password_hash(&self.account, generation, old, &new).await?;
        }
        Ok(AuthenticatedAccount { account: self.account, role, company, generation })
    }
}

async fn find_staff(app: &App, staff: &StaffAccount, account: &AccountKey) -> Result<Option<Found>, Failure> {
    let company = app.config.platform_company.clone();
    let company = company.ok_or_else(|| not_configured("PLATFORM_COMPANY_ID"))?;
    let password = staff.password.clone();
    let known =
        if password.starts_with(HASH_PREFIX) { Known::Hash(password) } else { Known::Plain(password) };
    let generation = app.store()?.generation(account).await?;
    Ok(generation.map(|generation| Found { known, role: staff.role, company, generation }))
}

fn of_row(row: AccountRow) -> Option<Found> {
    let may_enter = row.is_confirmed() && row.disabled_at.is_none();
    let known = Known::Hash(row.password_hash.filter(|_| may_enter)?);
    Some(Found { known, role: row.role, company: row.company, generation: row.generation })
}
