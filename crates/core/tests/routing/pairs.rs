//! `pingPong`: two Services that swap their roles.

use super::*;

fn pair() -> World {
    let mut w = world(
        2,
        json!([{ "setWeight": 25 }, { "pause": {} }]),
        json!({
            "canaryService": "", "stableService": "",
            "pingPong": { "pingService": "ping", "pongService": "pong" },
        }),
    )
    .with_services(&["ping", "pong"]);
    let mut object = virtual_service();
    object["spec"]["http"][0]["route"] = json!([
        { "destination": { "host": "ping" }, "weight": 100 }, { "destination": { "host": "pong" }, "weight": 0 },
    ]);
    w = w.with_object(at(), object);
    w
}

/// Weights of ping and pong.
fn weights(world: &World) -> [i64; 2] {
    let object = world.routers.get(&at()).expect("a VirtualService");
    [0, 1].map(|i| object["spec"]["http"][0]["route"][i]["weight"].as_i64().unwrap_or(0))
}

#[test]
fn two_releases() {
    let mut w = pair();
    w.run(60);
    assert_eq!((weights(&w), w.status().canary.stable_ping_pong.as_str(), serves(&w, "ping")), ([100, 0], "ping", 1));
    w.set_image("2");
    w.run(60);
    assert_eq!((weights(&w), serves(&w, "ping"), serves(&w, "pong")), ([75, 25], 1, 2));
    w.promote();
    w.run(100);
    assert_eq!((weights(&w), w.status().canary.stable_ping_pong.as_str()), ([0, 100], "pong"));
    assert_eq!(w.sizes(), [(1, 0), (2, 2)]);
    w.set_image("3");
    w.run(60);
    assert_eq!((weights(&w), serves(&w, "ping"), serves(&w, "pong")), ([25, 75], 3, 2));
    w.rollout.status.abort = true;
    w.run(100);
    assert_eq!((weights(&w), w.sizes()), ([0, 100], vec![(1, 0), (2, 2), (3, 0)]));
}

/// A third version in mid-update: routers are told before the Service of the second one is taken from under its users.
#[test]
fn a_canary_that_is_superseded_keeps_its_service_until_nobody_is_sent_there() {
    let mut w = pair();
    w.run(60);
    w.set_image("2");
    w.run(60);
    assert_eq!((weights(&w), serves(&w, "pong")), ([75, 25], 2));
    w.set_image("3");
    for _ in 0..60 {
        let before = weights(&w);
        w.step();
        if serves(&w, "pong") == 3 {
            assert_eq!(before, [100, 0]);
            w.run(60);
            assert_eq!((weights(&w), serves(&w, "pong")), ([75, 25], 3));
            return;
        }
    }
    panic!("the Service stays with the superseded version");
}
