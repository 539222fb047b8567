//! The start and end of a function under either platform.

use std::path::Path;

use bytes::Bytes;
use http::Request;
use platforms::{Failed, Function, Platform};

use super::echo::executable;

const BOTH: [Platform; 2] = [Platform::Lambda, Platform::Vercel];

#[tokio::test]
async fn a_function_is_called_measured_and_ended_with_its_value() {
    for platform in BOTH {
        let mut function = Function::start(platform, &executable(), &[]).await.unwrap();
        let request = Request::get("/echo-path?a=1").body(Bytes::new()).unwrap();
        assert_eq!(function.ask(&request).await.unwrap().body(), "/echo-path?a=1", "{platform:?}");
        let (spent, process) = (function.spent().unwrap(), format!("/proc/{}", function.id()));
        assert!(!spent.processor.is_zero() && spent.peak_memory_kib > 500, "{platform:?}: {spent:?}");
        assert!(Path::new(&process).exists());
        drop(function);
        assert!(!Path::new(&process).exists(), "{platform:?}");
    }
}

#[tokio::test]
async fn a_binary_that_is_no_function_fails_at_once_with_its_exit_status() {
    for platform in BOTH {
        match Function::start(platform, "/bin/false".as_ref(), &[]).await {
            Err(Failed::Ended { status, .. }) => assert!(status.contains('1'), "{status}"),
            other => panic!("{platform:?}: {:?}", other.map(|function| function.id())),
        }
    }
}
