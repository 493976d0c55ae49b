//! The code of a sticker: made by the program, and good while nobody is administrator or somebody
//! stands at the device.

use std::path::Path;

use settle_device::{Event, print_code};
use settle_protocol::code::Code;
use settle_protocol::material::{Lifetime, PairingMaterial};
use settle_protocol::name::Label;
use settle_protocol::pairing::PairingError;
use settle_protocol::pairing::message::{AbortReason, Role};

use crate::client::Client;
use crate::device::Home;
use crate::upstream::Upstream;

fn sticker(state: &Path) -> String {
    let label = Label::parse("printer").unwrap();
    let code = print_code(state, &label, 8443, None).unwrap();
    assert_eq!(code.expires_at, None);
    code.text.to_string()
}

fn is_closed(error: &anyhow::Error) -> bool {
    error.downcast_ref() == Some(&PairingError::Aborted(AbortReason::Closed))
}

#[tokio::test]
async fn a_sticker_admits_the_first_and_then_only_while_somebody_stands_at_the_device() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let code = sticker(&home.state());
    let material = PairingMaterial::parse(&code).unwrap();
    assert_eq!(material.lifetime, Lifetime::Printed);
    assert!(material.addresses.is_empty());
    let mut device = home.serve(upstream.address).await;
    assert_eq!(material.root, device.fingerprint);

    let granted = Client::new().pair(device.address, &code).await.unwrap();
    assert_eq!(
        (granted.role, granted.code),
        (Role::Admin, Lifetime::Printed)
    );
    assert!(matches!(device.event().await, Event::Paired(_)));

    // Every visitor can read it, so it is not enough any more; who does not know it is not told so.
    let visitor = Client::new();
    let late = visitor.pair(device.address, &code).await.unwrap_err();
    assert!(is_closed(&late), "{late}");
    let stranger = visitor.guess(device.address, &code).await;
    assert_eq!(stranger, PairingError::Aborted(AbortReason::NotConfirmed));
    assert!(matches!(device.event().await, Event::AttemptFailed));

    device.button.press();
    assert!(matches!(device.event().await, Event::WindowOpened { .. }));
    let granted = visitor.pair(device.address, &code).await.unwrap();
    assert_eq!(granted.role, Role::Guest);
    assert_eq!(device.clients.list().len(), 2);
}

#[tokio::test]
async fn strangers_can_close_a_sticker_and_the_button_opens_it_again() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let code = sticker(&home.state());
    let mut device = home.serve(upstream.address).await;
    let (eve, address) = (Client::new(), device.address);
    let guess = || eve.guess(address, &code);
    let five = || async { tokio::join!(guess(), guess(), guess(), guess(), guess()) };
    tokio::join!(five(), five());
    let owner = Client::new();
    let shut_out = owner.pair(address, &code).await.unwrap_err();
    assert_eq!(shut_out.downcast_ref(), Some(&PairingError::NotConfirmed));
    device.button.press();
    while !matches!(device.event().await, Event::WindowOpened { .. }) {}
    owner.pair(address, &code).await.unwrap();
}

#[tokio::test]
async fn another_sticker_takes_the_place_of_the_first() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let (first, second) = (sticker(&home.state()), sticker(&home.state()));
    let root = |code: &str| PairingMaterial::parse(code).unwrap().root;
    assert_eq!(root(&first), root(&second), "the same device");
    let device = home.serve(upstream.address).await;
    let lost = Client::new().pair(device.address, &first).await;
    assert!(lost.is_err());
    Client::new().pair(device.address, &second).await.unwrap();
}

#[tokio::test]
async fn a_device_that_runs_makes_no_sticker() {
    let (home, upstream) = (Home::new(), Upstream::start().await);
    let device = home.serve(upstream.address).await;
    let label = Label::parse("printer").unwrap();
    let error = print_code(&home.state(), &label, 8443, None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("in use by another settle-device")
    );
    // Every form is of the same secret.
    let material = Code::parse(&device.code).unwrap();
    for form in [&device.typed, &device.words] {
        let read = Code::parse(form).unwrap();
        assert!(read.secret().matches(material.secret().expose()));
    }
}
