//! What a daemon costs that has nothing to do. How large the program itself is in memory depends on
//! how it was built, so it is measured by `cargo xtask bench messaging`; what it allocates is here.

use settle_tests::census::{descriptors, memory};

use super::House;

#[test]
fn a_daemon_that_has_paired_and_browsed_keeps_little_for_itself() {
    let mut house = House::paired();
    let browser = house.browser();
    for _ in 0..20 {
        assert_eq!(browser.get("printer.local", "/").unwrap().status, 200);
    }
    let daemon = house.home.daemon_id().unwrap();
    let own = memory(daemon, "RssAnon");
    assert!(own < 10 * 1024, "{own} KiB");
    let open = descriptors(daemon);
    assert!(open < 64, "{open} descriptors");
}
