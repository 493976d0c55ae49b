//! How long certificates live, beside the authorities that sign them.

use super::*;

const NOW: Duration = Duration::from_secs(1_800_000_000);

#[test]
fn no_leaf_outlives_its_authority() {
    let now = SystemTime::UNIX_EPOCH + NOW;
    let key = PrivateKey::make().unwrap();
    let authority = bridge_authority(&key, now).unwrap();
    let end = not_after(&authority).unwrap();
    assert_eq!(end, now + BRIDGE_LIFE);
    let leaf = |now| bridge_leaf(&key, &authority, &key, "abc.localhost", now).unwrap();
    assert_eq!(not_after(&leaf(now)).unwrap(), now + BRIDGE_LEAF_LIFE);
    let late = end - Duration::from_secs(DAY);
    assert_eq!(not_after(&leaf(late)).unwrap(), end);
}
