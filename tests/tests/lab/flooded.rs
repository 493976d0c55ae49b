//! T18: a network full of instances that are not there. A listener that keeps all it hears keeps all of them;
//! Settle's stays small, and a paired device is reached meanwhile.

use std::collections::HashSet;

use settle_tests::census::{daemons_of, memory};
use settle_tests::eventually;
use settle_tests::lab::{Appliance, Computer, Frame, Lan};
use settle_tests::multicast::{self, Speaker};

/// How many are made up.
const INSTANCES: usize = 20_000;
/// What the daemon may have more in memory, in KiB: less than the names alone take.
const BOUND: u64 = 16 * 1024;

#[test]
fn twenty_thousand_instances_fill_who_keeps_them_and_not_the_daemon() {
    let lan = Lan::new();
    let mut printer = Appliance::join(&lan, "printer");
    let mut computer = Computer::join(&lan);
    computer.pair(printer.device.code());
    let daemon = daemons_of(computer.home.path()).remove(0);
    let before = memory(daemon, "VmRSS");
    // It has moved, so that its host listens to the network while it is flooded.
    printer.host.readdress(77);
    printer.restart();
    let attacker = lan.host();
    let junk = [0xa5; 240];
    let page = std::thread::scope(|scope| {
        scope.spawn(|| {
            attacker.on(|| {
                let speaker = Speaker::new();
                for number in 0..INSTANCES {
                    let instance = format!("bogus-{number}");
                    let host = format!("bogus-{number}.local.");
                    let text: [(&str, &[u8]); 2] = [("m", &junk), ("name", b"a.local")];
                    speaker.say(&multicast::announcement(&instance, &host, 443, &text));
                }
            });
        });
        computer.open("printer.local", "/").unwrap()
    });
    assert_eq!(page.status, 200);
    eventually("a listener that keeps all has them all", || {
        let frames = lan.heard();
        let made_up = frames.iter().filter(|frame| frame.contains(b"bogus-"));
        let kept: HashSet<_> = made_up.map(Frame::bytes).collect();
        kept.len() == INSTANCES
    });
    let most = memory(daemon, "VmHWM");
    assert!(most < before + BOUND, "{before} KiB, {most} KiB");
}
