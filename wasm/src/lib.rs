//! The extension's logic; begun, not built yet.
