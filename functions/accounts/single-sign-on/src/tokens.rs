//! Our side of the protocol. The library makes the requests; what comes back is read by ourselves.

use openidconnect::core::CoreClient;
use openidconnect::{EndpointMaybeSet, EndpointNotSet, EndpointSet};

/// Our side of the protocol, once the issuer has told its addresses.
pub(crate) type Protocol = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;
