//! Servers of a house get their certificates with the clients that they have, and the house's browsers open them.

use serde_json::Value;
use settle_tests::AcmeClient;
use settle_tests::acme::Client;

use super::*;
use settle_tests::eventually;
use settle_tests::postgres::Postgres;

#[track_caller]
fn assert_done(output: &Output) {
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success(), "{text}");
}

fn serials(referee: &Referee<'_>, revoked: bool) -> Vec<String> {
    let listed = referee.ask(&["certificates"]);
    let listed = listed["certificates"].as_array().unwrap().iter();
    listed
        .filter(|one| one["revoked"].is_null() != revoked)
        .map(|one| one["serial"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn certbot_and_lego_get_renew_and_revoke_what_was_granted_and_nothing_else() {
    for client in Client::ALL {
        let mut house = House::new();
        let home = Home::new(Keyring::Unlocked);
        let referee = Referee::start(&home, "referee");
        let acme = AcmeClient::new(client, &home, &referee, "nas.local");
        assert_done(&acme.obtain("nas.local"));
        assert_eq!(serials(&referee, false).len(), 1);

        // The browsers of a computer that has paired with the referee open it.
        house.pair(referee.code());
        let (identity, chain) = acme.identity();
        let server = serve("nas.local", &identity, &chain);
        let (code, said) = house.settle(&["vouch", "nas.local"]);
        assert_eq!(code, 0, "{said}");
        let browser = house.browser();
        assert_eq!(browser.get("nas.local", "/").unwrap().status, 200);
        drop(server);

        assert_done(&acme.renew());
        assert_eq!(serials(&referee, false).len(), 2);
        let (identity, chain) = acme.identity();
        let _server = serve("nas.local", &identity, &chain);
        assert_eq!(browser.get("nas.local", "/").unwrap().status, 200);

        assert_done(&acme.revoke());
        assert_eq!(serials(&referee, true).len(), 1);

        // A name of another's, one that is nobody's, and one that is not local.
        drop(AcmeClient::new(client, &home, &referee, "tv.local"));
        for name in ["tv.local", "cam.local", "bank.example"] {
            assert!(!acme.obtain(name).status.success(), "{client:?} {name}");
        }
        assert_eq!(
            serials(&referee, false).len() + serials(&referee, true).len(),
            2
        );
        let lines = referee.ask(&["audit"]);
        let count = |event: &str| {
            let lines = lines["lines"].as_array().unwrap().iter();
            lines.filter(|line| line["event"] == event).count()
        };
        let told: Vec<usize> = ["granted", "issued", "revoked", "refused"]
            .map(count)
            .to_vec();
        assert_eq!(told, [2, 2, 1, 3], "{lines}");
        assert_eq!(
            referee.ask(&["names"])["names"][0]["name"],
            Value::from("nas.local")
        );
    }
}

#[test]
fn one_of_two_referees_is_killed_at_work_and_no_order_is_lost_or_served_twice() {
    let (home, postgres) = (Home::new(Keyring::Unlocked), Postgres::start());
    let referee = Referee::start_on(&home, "first", postgres.address());
    let names: Vec<String> = (0..6)
        .map(|number| format!("server-{number}.local"))
        .collect();
    let new = |name: &String| AcmeClient::new(Client::Lego, &home, &referee, name);
    let clients: Vec<_> = names.iter().map(new).collect();
    let other = std::thread::scope(|scope| {
        let asking = clients.iter().zip(&names);
        let asking: Vec<_> = asking
            .map(|(client, name)| scope.spawn(|| client.obtain(name)))
            .collect();
        eventually("somebody has a certificate", || {
            !serials(&referee, false).is_empty()
        });
        let other = referee.give_way("second");
        asking.into_iter().for_each(|one| drop(one.join().unwrap()));
        other
    });
    // Whoever was cut off asks again, of the one that is there now.
    for (client, name) in clients.iter().zip(&names) {
        assert_done(&client.obtain(name));
    }
    let told = |sql: &str| postgres.ask(sql);
    assert_eq!(told("SELECT COUNT(DISTINCT names) FROM certificates"), "6");
    assert_eq!(told("SELECT COUNT(DISTINCT issuer) FROM certificates"), "2");
    let lost = "SELECT COUNT(*) FROM orders WHERE status = 'valid' \
                AND certificate NOT IN (SELECT serial FROM certificates)";
    assert_eq!(told(lost), "0");
    let twice = "SELECT COUNT(*) FROM certificates c WHERE 1 <> \
                 (SELECT COUNT(*) FROM orders o WHERE o.certificate = c.serial)";
    assert_eq!(told(twice), "0");
    let listed = serials(&other, false).len();
    let issued = told("SELECT COUNT(*) FROM audit WHERE event = 'issued'");
    assert_eq!(listed.to_string(), issued);
}
