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

#[test]
fn a_devices_certificates_depend_on_its_clock_only_where_that_can_be_right() {
    let (key, name) = (
        PrivateKey::make().unwrap(),
        LocalName::parse("a.local").unwrap(),
    );
    let names = [name];
    let root = device_root(&key, &names).unwrap();
    let always = SystemTime::UNIX_EPOCH + Duration::from_secs(NO_END);
    assert_eq!(
        (not_before(&root), not_after(&root)),
        (Some(Duration::ZERO), Some(always))
    );
    let end = |now| {
        let leaf = device_leaf(&key, &root, &key, &names, now).unwrap();
        assert_eq!(not_before(&leaf), Some(Duration::ZERO));
        not_after(&leaf).unwrap()
    };
    let first_day = SystemTime::UNIX_EPOCH + Duration::from_secs(FIRST_DAY);
    assert_eq!(end(first_day), first_day + DEVICE_LEAF_LIFE);
    for unset in [SystemTime::UNIX_EPOCH, first_day - Duration::from_secs(1)] {
        assert_eq!(end(unset), always);
    }
    // One of before, when roots had a beginning.
    let now = SystemTime::UNIX_EPOCH + NOW;
    let earlier = bridge_authority(&key, now).unwrap();
    let leaf = device_leaf(&key, &earlier, &key, &names, now).unwrap();
    assert_eq!(not_before(&leaf), not_before(&earlier));
}
