//! The example of a maker's own program with a device in it, paired and opened by the real host.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use settle_tests::process::Running;
use settle_tests::{Connector, Home, Keyring};

use super::browser_of;

#[test]
fn a_program_that_embeds_a_device_is_paired_and_its_page_opened() {
    let home = Home::new(Keyring::Unlocked);
    let mut command = home.command("examples/embedded");
    command
        .arg(home.path().join("lamp"))
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .stderr(home.log("embedded.log"));
    let mut program = Running::start(&mut command);
    let output = program.child().stdout.take().unwrap();
    let mut lines = BufReader::new(output).lines().map_while(Result::ok);
    let code = lines.find(|line| line.contains("SETTLE:")).unwrap();
    let code = code
        .split_whitespace()
        .find(|word| word.starts_with("SETTLE:"));

    let mut connector = Connector::start(&home);
    let device = connector.pair(code.unwrap());
    assert_eq!(device.petname.as_str(), "lamp");
    let told = lines.find(|line| line.starts_with("Paired with")).unwrap();
    assert!(told.contains("as admin"), "{told}");
    let page = browser_of(&mut connector).get("lamp.local", "/").unwrap();
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains("The lamp is on, admin."),
        "{}",
        page.body
    );
}
