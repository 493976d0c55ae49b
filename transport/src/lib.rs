//! TLS, framing and relaying for both ends; begun, not built yet.
