//! A house at work with attackers in it, for a moment: what is right is answered, and nothing is left open. For longer:
//! `cargo xtask soak`.

use settle_tests::soak::{Length, Plan, run};

/// What a process may have more in memory than before, in KiB: what it has used once it may keep.
const KEPT: u64 = 32 * 1024;

#[test]
fn browsers_and_attackers_leave_nothing_open_behind_them() {
    let report = run(Plan {
        devices: 5,
        browsers: 3,
        length: Length::Visits(50),
    });
    assert_eq!(report.failures, [""; 0]);
    assert_eq!(report.twin_heard, [""; 0]);
    assert_eq!(report.answered, 3 * 50 + 5);
    for (attack, count) in &report.attacks {
        assert!(*count > 0, "{attack}");
    }
    let (before, after) = (report.before, report.after);
    assert!(
        after.daemon_descriptors <= before.daemon_descriptors
            && after.device_descriptors <= before.device_descriptors,
        "{before:?} {after:?}"
    );
    assert!(
        after.daemon_memory <= before.daemon_memory + KEPT
            && after.device_memory <= before.device_memory + KEPT,
        "{before:?} {after:?}"
    );
}
