//! Hostile provider answers: every call ends with a correct classification, on a stack of the usual size.

use axum::Router;
use http::StatusCode;
use shared::domain::kernel::id::MembershipId;
use shared::domain::kernel::message::Message;
use shared::providers::call::CallError;
use shared::providers::resend::Resend;
use shared::providers::stripe::client::Stripe;
use shared::providers::whop::client::Whop;
use tokio::net::TcpListener;

use support::hostile_bodies::hostile_bodies;
use support::hostile_bodies::on_usual_stack;
use support::world::World;

/// Where everything is answered with one status and one body.
async fn answering(status: StatusCode, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let answer = move || async move { (status, [("content-type", "application/json")], body) };
    let router = Router::new().fallback(answer);
    tokio::spawn(async move { axum::serve(listener, router).await });
    base
}

#[test]
fn no_answer_of_a_provider_ends_the_process() {
    on_usual_stack(|| async {
        let http = World::start().await.service.app.http.clone();
        let member = MembershipId::parse("mem_1").unwrap();
        let message = Message { title: "title".to_owned(), text: "text".to_owned() };
        for (number, body) in hostile_bodies().into_iter().enumerate() {
            for status in [StatusCode::OK, StatusCode::BAD_REQUEST, StatusCode::SERVICE_UNAVAILABLE] {
                let base = answering(status, body.clone()).await;
                let whop = Whop::new(http.clone(), &base, "key");
                let stripe = Stripe::new(http.clone(), &base, "sk_test_key");
                let resend = Resend::new(http.clone(), &base, "key", "a@example.com");
                let context = format!("{number} {status}");
                let read = whop.membership(&member).await;
                assert!(matches!(read, Err(CallError::NotSent { .. })), "Whop {context}: {read:?}");
                let read = stripe.payment_intent("pi_1").await;
                assert!(matches!(read, Err(CallError::NotSent { .. })), "Stripe {context}: {read:?}");
                let changed = stripe.capture("key", "pi_1").await;
                assert!(matches!(changed, Err(CallError::InDoubt { .. })), "Stripe {context}: {changed:?}");
                // A sent mail counts as sent, whatever the answer contains.
                let sent = resend.send("key", "b@example.com", &message).await;
                assert_eq!(
                    is_refused(&sent),
                    status == StatusCode::BAD_REQUEST,
                    "Resend {context}: {sent:?}"
                );
            }
        }
    });
}

fn is_refused<T>(called: &Result<T, CallError>) -> bool {
    matches!(called, Err(CallError::Rejected { .. }))
}
