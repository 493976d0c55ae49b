//! End-to-end tests; begun, not built yet.
