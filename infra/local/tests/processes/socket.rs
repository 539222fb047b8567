//! Calls the local server through its socket.

use std::net::IpAddr;

use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::server::Server;
use crate::tally::{QUOTA, Tally};

/// A client with this address.
fn client(address: &str) -> Client {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
    let address: IpAddr = address.parse().unwrap();
    Client::builder().local_address(address).build().unwrap()
}

fn sign_in(server: &Server, client: &Client, username: &str, password: &str) -> RequestBuilder {
    let body = json!({"username": username, "password": password});
    client.post(server.url("/api/auth/sign-in")).header("origin", &server.base).json(&body)
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response.headers().get(name).and_then(|value| value.to_str().ok())
}

#[tokio::test]
async fn a_session_opens_is_read_refuses_forgeries_and_ends() {
    let (server, client) = (Server::in_memory(), client("127.0.0.1"));
    let entered = sign_in(&server, &client, "provider", "sandbox-provider-password").send().await.unwrap();
    assert_eq!(entered.status(), 200, "{entered:?}");
    let cookie = header(&entered, "set-cookie").unwrap().to_owned();
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=43200"), "{cookie}");
    let pair = cookie.split(';').next().unwrap().to_owned();
    let session: Value = entered.json().await.unwrap();
    let csrf_token = session["csrf_token"].as_str().unwrap();

    let show = || client.get(server.url("/api/auth/session")).header("cookie", format!("name=é; {pair}"));
    let shown = show().send().await.unwrap();
    assert_eq!((shown.status().as_u16(), header(&shown, "cache-control")), (200, Some("no-store")));

    let leave = |origin: &str| {
        let request = client.post(server.url("/api/auth/sign-out")).header("cookie", &pair);
        request.header("origin", origin).json(&json!({}))
    };
    for forged in [
        leave(&server.base),
        leave(&server.base).header("x-csrf-token", "guessed"),
        leave("https://elsewhere.example").header("x-csrf-token", csrf_token),
    ] {
        let refused = forged.send().await.unwrap();
        assert_eq!(header(&refused, "content-type"), Some("application/problem+json"));
        assert_eq!(refused.status(), 403);
    }
    let left = leave(&server.base).header("x-csrf-token", csrf_token).send().await.unwrap();
    assert!(header(&left, "set-cookie").unwrap().contains("Max-Age=0"), "{left:?}");
    assert_eq!(show().send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn failed_sign_ins_count_for_the_address_of_the_socket_and_not_of_headers() {
    let (server, guesser) = (Server::in_memory(), client("127.0.0.1"));
    let mut tally = Tally::default();
    for guess in 0..QUOTA + 10 {
        let request = sign_in(&server, &guesser, &format!("nobody-{guess}"), "a wrong password");
        let request = request.header("x-forwarded-for", format!("198.51.100.{guess}"));
        let answer = request.header("x-vercel-forwarded-for", "198.51.100.9").send().await.unwrap();
        tally.note(answer.status().as_u16());
        if answer.status() == 429 {
            assert!(header(&answer, "retry-after").is_some(), "{answer:?}");
            assert_eq!(header(&answer, "ratelimit-policy"), Some("\"auth_address\";q=100;w=900"));
            assert_eq!(header(&answer, "x-rate-limit-remaining"), Some("0"));
        }
    }
    tally.holds();
    let neighbour = client("127.0.0.2");
    let answer = sign_in(&server, &neighbour, "provider", "sandbox-provider-password").send().await.unwrap();
    assert_eq!(answer.status(), 200, "another address has a limit of its own");
}
