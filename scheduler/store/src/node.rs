//! Nodes: the addresses of executors and how they were last seen.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::columns::{millis, moment, storable};
use crate::error::StoreError;
use crate::schema::{executor, node};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::liveness::NodeState;

/// By which secret of its executor a node last called in. A node is never sent a newer one than that: whoever has an old one must not be
/// given a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretAge {
    /// The present one.
    #[default]
    Present,
    /// The one before.
    Former,
    /// An older one.
    Older,
}

impl SecretAge {
    /// How it is stored.
    pub(crate) fn code(self) -> i16 {
        match self {
            SecretAge::Present => 0,
            SecretAge::Former => 1,
            SecretAge::Older => 2,
        }
    }

    /// From how it is stored; what is not known is as old as can be.
    fn of(code: i16) -> SecretAge {
        match code {
            0 => SecretAge::Present,
            1 => SecretAge::Former,
            _ => SecretAge::Older,
        }
    }
}

/// A node as it was last written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its number; nodes are tried in the order of their numbers.
    pub id: i64,
    /// Its executor.
    pub executor: ExecutorId,
    /// Its address, such as `http://10.0.0.7:7777`.
    pub address: String,
    /// Whether it was entered by hand.
    pub manual: bool,
    /// The program that registered, when it told, such as `hzmjob/0.1.0`.
    pub agent: Option<String>,
    /// The process that registered, when it told; another value means the program was started anew.
    pub instance: Option<String>,
    /// Whether it answers.
    pub state: NodeState,
    /// When it was first heard of.
    pub first_seen_at: DateTime<Utc>,
    /// When it last answered or registered.
    pub last_seen_at: Option<DateTime<Utc>>,
    /// By which secret it last called in.
    pub secret_age: SecretAge,
}

#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = node, treat_none_as_default_value = false)]
pub(crate) struct NodeRow {
    pub(crate) id: i64,
    pub(crate) executor_id: i64,
    pub(crate) address: String,
    pub(crate) registration: String,
    pub(crate) agent: Option<String>,
    pub(crate) instance: Option<String>,
    pub(crate) state: i16,
    pub(crate) first_seen_at: i64,
    pub(crate) last_seen_at: Option<i64>,
    pub(crate) secret_age: i16,
}

/// What a node says of itself when it registers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeHello {
    /// Its executor.
    pub executor: ExecutorId,
    /// Its address.
    pub address: String,
    /// Its program, if it told.
    pub agent: Option<String>,
    /// Its process, if it told.
    pub instance: Option<String>,
    /// By which secret it called in.
    pub secret_age: SecretAge,
}

impl NodeHello {
    fn storable(self) -> NodeHello {
        let NodeHello { executor, address, agent, instance, secret_age } = self;
        let (agent, instance) = (agent.map(storable), instance.map(storable));
        NodeHello { executor, address: storable(address), agent, instance, secret_age }
    }
}

impl Store {
    /// Writes down that a node registered, whether it is known or new, and answers its row.
    ///
    /// # Errors
    /// What the database says.
    pub async fn node_register(&self, hello: NodeHello, now: DateTime<Utc>) -> Result<Node, StoreError> {
        let new_id = self.id_next("node").await?;
        let hello = hello.storable();
        let row: NodeRow = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let known =
                    node::table.filter(node::executor_id.eq(hello.executor.0)).filter(node::address.eq(&hello.address));
                let set = (
                    node::agent.eq(&hello.agent),
                    node::instance.eq(&hello.instance),
                    node::state.eq(NodeState::Online.code()),
                    node::last_seen_at.eq(Some(millis(now))),
                    node::secret_age.eq(hello.secret_age.code()),
                );
                let owner = executor::table.find(hello.executor.0);
                let is_known = diesel::update(known).set(set).execute(conn).await? == 1;
                // New, it seems. Writing the executor as it is locks its row, so that of two who register the same address
                // at once the second one finds the first.
                let is_known = is_known
                    || diesel::update(owner).set(executor::version.eq(executor::version)).execute(conn).await? == 1
                        && diesel::update(known).set(set).execute(conn).await? == 1;
                if !is_known {
                    let row = NodeRow {
                        id: new_id,
                        executor_id: hello.executor.0,
                        address: hello.address.clone(),
                        registration: "automatic".into(),
                        agent: hello.agent.clone(),
                        instance: hello.instance.clone(),
                        state: NodeState::Online.code(),
                        first_seen_at: millis(now),
                        last_seen_at: Some(millis(now)),
                        secret_age: hello.secret_age.code(),
                    };
                    diesel::insert_into(node::table).values(&row).execute(conn).await?;
                }
                Ok::<_, StoreError>(known.select(NodeRow::as_select()).first(conn).await?)
            })
            .await
        })?;
        row.node()
    }

    /// Writes down how a node was seen. `false` when there is no such node any more.
    ///
    /// # Errors
    /// What the database says.
    pub async fn node_state_record(
        &self,
        id: i64,
        state: NodeState,
        last_seen_at: Option<DateTime<Utc>>,
    ) -> Result<bool, StoreError> {
        run!(self, write, async |conn| {
            let seen = last_seen_at.map(millis);
            let set = (node::state.eq(state.code()), node::last_seen_at.eq(seen));
            Ok(diesel::update(node::table.find(id)).set(set).execute(conn).await? == 1)
        })
    }

    /// Removes a node that registered itself (one entered by hand goes by editing its executor).
    ///
    /// # Errors
    /// What the database says.
    pub async fn node_delete(&self, executor: ExecutorId, address: String) -> Result<bool, StoreError> {
        run!(self, write, async |conn| {
            let mine = node::table
                .filter(node::executor_id.eq(executor.0))
                .filter(node::address.eq(storable(address)))
                .filter(node::registration.ne("manual"));
            Ok(diesel::delete(mine).execute(conn).await? > 0)
        })
    }

    /// The nodes of one executor, or of all, in the order of their ids.
    ///
    /// # Errors
    /// What the database says; [`StoreError::Corrupt`] for a state no version wrote.
    pub async fn node_list(&self, only: Option<ExecutorId>) -> Result<Vec<Node>, StoreError> {
        let rows: Vec<NodeRow> = run!(self, read, async |conn| {
            let mut wanted = node::table.select(NodeRow::as_select()).order(node::id).into_boxed();
            if let Some(executor) = only {
                wanted = wanted.filter(node::executor_id.eq(executor.0));
            }
            Ok(wanted.load(conn).await?)
        })?;
        rows.into_iter().map(NodeRow::node).collect()
    }
}

impl NodeRow {
    fn node(self) -> Result<Node, StoreError> {
        let state = NodeState::from_code(self.state).ok_or_else(|| StoreError::Corrupt {
            table: "node",
            id: self.id,
            reason: format!("state {} is unknown to this version", self.state),
        })?;
        Ok(Node {
            id: self.id,
            executor: ExecutorId(self.executor_id),
            address: self.address,
            manual: self.registration == "manual",
            agent: self.agent,
            instance: self.instance,
            state,
            first_seen_at: moment(self.first_seen_at),
            last_seen_at: self.last_seen_at.map(moment),
            secret_age: SecretAge::of(self.secret_age),
        })
    }
}
