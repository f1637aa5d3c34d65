//! Nodes: registered, seen, removed, and brought in line with what was entered by hand.

use crate::chain::meddle;
use crate::support::{at, by, done, executor, manual_executor, on_each_database, registered};
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::executor::{ExecutorDraft, MOST_ADDRESSES};
use hzm_job_scheduler::liveness::NodeState;
use hzm_job_store::node::{NodeHello, Registered, SecretAge};

fn hello(executor: ExecutorId, address: &str, instance: &str) -> NodeHello {
    let told = |text: &str| Some(text.to_owned());
    NodeHello {
        executor,
        address: address.into(),
        agent: told("hzmjob/0.1.0"),
        instance: told(instance),
        secret_age: Default::default(),
        executor_version: 1,
    }
}

#[test]
fn a_node_that_registers_again_is_refreshed() {
    on_each_database(async |world| {
        let id = world.executor("billing").await;
        let first = registered(world.store.node_register(hello(id, "http://a:1", "one"), at(1)).await.unwrap());
        assert_eq!((first.manual, first.state, first.first_seen_at), (false, NodeState::Online, at(1)));
        let again = registered(world.store.node_register(hello(id, "http://a:1", "two"), at(9)).await.unwrap());
        assert_eq!((again.id, again.first_seen_at, again.last_seen_at), (first.id, at(1), Some(at(9))));
        assert_eq!(again.instance.as_deref(), Some("two"));
        assert_eq!(world.store.node_list(Some(id)).await.unwrap(), vec![again]);
    });
}

#[test]
fn one_address_may_serve_two_executors() {
    on_each_database(async |world| {
        let (one, two) = (world.executor("one").await, world.executor("two").await);
        let first = registered(world.store.node_register(hello(one, "http://a:1", "x"), at(1)).await.unwrap());
        let second = registered(world.store.node_register(hello(two, "http://a:1", "x"), at(2)).await.unwrap());
        assert_eq!(world.store.node_list(Some(two)).await.unwrap(), vec![second.clone()]);
        assert_eq!(world.store.node_list(None).await.unwrap(), vec![first, second]);
    });
}

#[test]
fn how_a_node_was_seen_is_written_down() {
    on_each_database(async |world| {
        let id = world.executor("billing").await;
        let node = registered(world.store.node_register(hello(id, "http://a:1", "x"), at(1)).await.unwrap());
        assert!(world.store.node_state_record(node.id, NodeState::Suspect, Some(at(5))).await.unwrap());
        let seen = world.store.node_list(Some(id)).await.unwrap().remove(0);
        assert_eq!((seen.state, seen.last_seen_at), (NodeState::Suspect, Some(at(5))));
        assert!(!world.store.node_state_record(node.id + 1, NodeState::Online, None).await.unwrap());
    });
}

#[test]
fn only_a_node_that_registered_itself_can_be_removed() {
    on_each_database(async |world| {
        let spec = manual_executor("billing", &["http://a:1"]);
        let id = done(world.store.executor_create(spec, by("ann", 0)).await.unwrap()).id;
        assert!(!world.store.node_delete(id, "http://a:1".into()).await.unwrap());
        let own = world.executor("mail").await;
        registered(world.store.node_register(hello(own, "http://a:1", "x"), at(1)).await.unwrap());
        assert!(world.store.node_delete(own, "http://a:1".into()).await.unwrap());
        assert!(!world.store.node_delete(own, "http://a:1".into()).await.unwrap(), "it is gone");
        assert_eq!(world.store.node_list(Some(id)).await.unwrap().len(), 1);
    });
}

#[test]
fn nodes_follow_the_addresses_entered_by_hand() {
    on_each_database(async |world| {
        let first = manual_executor("billing", &["http://a:1", "http://b:1"]);
        let id = done(world.store.executor_create(first, by("ann", 0)).await.unwrap()).id;
        let kept = world.store.node_list(Some(id)).await.unwrap().remove(1);
        assert!(world.store.node_state_record(kept.id, NodeState::Online, Some(at(3))).await.unwrap());
        let second = manual_executor("billing", &["http://b:1", "http://c:1"]);
        done(world.store.executor_update((id, 1), second, None, by("ann", 4)).await.unwrap());
        let nodes = world.store.node_list(Some(id)).await.unwrap();
        let told: Vec<_> = nodes.iter().map(|node| (node.address.as_str(), node.manual, node.state)).collect();
        let expected = vec![("http://b:1", true, NodeState::Online), ("http://c:1", true, NodeState::Offline)];
        assert_eq!(told, expected, "what is known of an address that stays is kept");
    });
}

#[test]
fn changing_the_kind_of_registration_changes_whose_nodes_count() {
    on_each_database(async |world| {
        let id = world.executor("billing").await;
        for address in ["http://a:1", "http://b:1"] {
            registered(world.store.node_register(hello(id, address, "x"), at(1)).await.unwrap());
        }
        done(
            world
                .store
                .executor_update((id, 1), manual_executor("billing", &["http://b:1"]), None, by("ann", 2))
                .await
                .unwrap(),
        );
        let nodes = world.store.node_list(Some(id)).await.unwrap();
        assert_eq!(
            nodes.iter().map(|node| (node.address.as_str(), node.manual)).collect::<Vec<_>>(),
            [("http://b:1", true)]
        );
        let automatic = executor("billing").check().unwrap();
        done(world.store.executor_update((id, 2), automatic, None, by("ann", 3)).await.unwrap());
        assert_eq!(world.store.node_list(Some(id)).await.unwrap(), Vec::new());
    });
}

#[test]
fn a_node_that_was_judged_before_its_executor_changed_is_not_written_down() {
    on_each_database(async |world| {
        let with =
            |secret: &str| ExecutorDraft { app_secret: Some(secret.into()), ..executor("billing") }.check().unwrap();
        let id = done(world.store.executor_create(with("first"), by("ann", 0)).await.unwrap()).id;
        registered(world.store.node_register(hello(id, "http://a:1", "x"), at(1)).await.unwrap());
        done(world.store.executor_update((id, 1), with("second"), None, by("ann", 2)).await.unwrap());
        for address in ["http://a:1", "http://b:1"] {
            let late = world.store.node_register(hello(id, address, "x"), at(3)).await.unwrap();
            assert_eq!(late, Registered::Stale, "{address}");
        }
        let nodes = world.store.node_list(Some(id)).await.unwrap();
        assert_eq!(nodes.iter().map(|node| node.secret_age).collect::<Vec<_>>(), [SecretAge::Former]);
        assert_eq!(nodes[0].last_seen_at, Some(at(1)), "nothing of it was written");
        let anew = NodeHello { executor_version: 2, ..hello(id, "http://a:1", "x") };
        assert_eq!(registered(world.store.node_register(anew, at(4)).await.unwrap()).secret_age, SecretAge::Present);
        done(world.store.executor_delete(id, by("ann", 5)).await.unwrap());
        let gone = NodeHello { executor_version: 2, ..hello(id, "http://a:1", "x") };
        assert_eq!(world.store.node_register(gone, at(6)).await.unwrap(), Registered::Stale);
    });
}

#[test]
fn an_executor_never_has_more_nodes_than_the_most_however_many_register_at_once() {
    on_each_database(async |world| {
        let id = world.executor("billing").await;
        let row = |number: usize| format!("({}, {id}, 'http://n:{number}', 'automatic', 0, 1, 0)", 1_000_000 + number);
        let rows: Vec<String> = (1..MOST_ADDRESSES).map(row).collect();
        let columns = "id, executor_id, address, registration, state, first_seen_at, secret_age";
        meddle(&world, &format!("INSERT INTO node ({columns}) VALUES {}", rows.join(", ")));
        let late = (0..8).map(async |number| {
            world.store.node_register(hello(id, &format!("http://late:{number}"), "x"), at(1)).await.unwrap()
        });
        let ends = futures_util::future::join_all(late).await;
        assert_eq!(ends.iter().filter(|end| **end == Registered::Full).count(), 7, "{ends:?}");
        assert_eq!(world.store.node_list(Some(id)).await.unwrap().len(), MOST_ADDRESSES);
        registered(world.store.node_register(hello(id, "http://n:1", "x"), at(2)).await.unwrap());
    });
}
