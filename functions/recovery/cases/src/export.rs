//! Exports all cases as CSV, streamed: a page is read after the previous one was sent.

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, header};
use shared::app::SharedApp;
use shared::auth::Caller;
use shared::domain::kernel::time;
use shared::domain::recovery::case::Case;
use shared::domain::recovery::timeline::CaseStatus;
use shared::http::Failure;
use shared::http::query::Parameters;
use shared::store::company::{CaseCursor, Company};

const PAGE: u16 = 100;

const COLUMNS: [&str; 15] = [
    "case_id",
    "membership_id",
    "user_id",
    "status",
    "first_failure_at",
    "last_failure_at",
    "failures",
    "amount",
    "currency",
    "recovered_at",
    "recovered_amount",
    "recovered_currency",
    "returned_amount",
    "attempts",
    "incentive_days",
];

/// The position of the export.
struct ExportCursor {
    company: Company,
    status: Option<CaseStatus>,
    after: Option<CaseCursor>,
    first: bool,
    over: bool,
}

pub(super) async fn export(
    State(app): State<SharedApp>,
    caller: Caller,
    parameters: Parameters,
) -> Result<Response, Failure> {
    let status = super::status(&parameters.only(&["status"])?)?;
    let mut cursor = ExportCursor { company: caller.company, status, after: None, first: true, over: false };
    // The first page is read before the status is sent, so that an immediate error becomes a problem document.
    let first = next_page(&mut cursor).await?;
    let rest = stream::try_unfold(cursor, |mut cursor| async move {
        if cursor.over {
            return Ok(None);
        }
        // An error breaks off the connection, so that half a file does not look complete.
        let page =
            next_page(&mut cursor).await.map_err(|_| std::io::Error::other("the table does not answer"))?;
        Ok::<_, std::io::Error>(Some((page, cursor)))
    });
    let body = futures_util::StreamExt::chain(stream::iter([Ok(first)]), rest);
    let mut response = Body::from_stream(body).into_response();
    let name = format!("attachment; filename=\"cases-{}.csv\"", app.clock.now().date_naive());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}

async fn next_page(cursor: &mut ExportCursor) -> Result<Bytes, Failure> {
    let (cases, next) = cursor.company.cases(cursor.status, PAGE, cursor.after.as_ref()).await?;
    let written = write(&cases, cursor.first);
    cursor.first = false;
    cursor.over = next.is_none();
    cursor.after = next;
    written.map_err(|error| Failure::Internal(error.to_string()))
}

fn write(cases: &[Case], with_head: bool) -> Result<Bytes, csv::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if with_head {
        writer.write_record(COLUMNS)?;
    }
    for case in cases {
        writer.write_record(fields(case).map(|field| safe(&field)))?;
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    Ok(Bytes::from(bytes))
}

fn fields(case: &Case) -> [String; 15] {
    let or_empty = |value: Option<String>| value.unwrap_or_default();
    [
        case.case_id.to_string(),
        case.membership_id.to_string(),
        or_empty(case.user_id.as_ref().map(ToString::to_string)),
        case.status.as_str().to_owned(),
        time::format(case.first_failure_at),
        time::format(case.last_failure_at),
        case.failures.to_string(),
        or_empty(case.amount.map(|amount| amount.to_string())),
        or_empty(case.currency.clone()),
        or_empty(case.recovered_at.map(time::format)),
        or_empty(case.recovered_amount.map(|amount| amount.to_string())),
        or_empty(case.recovered_currency.clone()),
        case.returned_amount.to_string(),
        case.attempts.to_string(),
        case.incentive_days.to_string(),
    ]
}

/// Makes a field that a spreadsheet would run as a formula a text (OWASP: CSV injection).
fn safe(field: &str) -> String {
    match field.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r') => format!("'{field}"),
        _ => field.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula() {
        for field in ["=1+1", "+1", "-1", "@sum", "\t=1", "\r=1"] {
            assert!(safe(field).starts_with('\''), "{field:?}");
        }
        assert_eq!(safe("mem_1"), "mem_1");
        assert_eq!(safe(""), "");
    }

    #[test]
    fn the_head_names_every_column() {
        assert_eq!(write(&[], true).unwrap(), Bytes::from(COLUMNS.join(",") + "\r\n"));
        assert!(write(&[], false).unwrap().is_empty());
    }
}
