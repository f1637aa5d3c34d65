//! Nodes: the addresses of executors and how they were last seen.

use crate::backend::{ImmediateTransaction, Store, run};
use crate::columns::{millis, moment, storable};
use crate::error::StoreError;
use crate::schema::{executor, node};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::result::Error as DieselError;
use diesel_async::RunQueryDsl;
use hzm_job_scheduler::ExecutorId;
use hzm_job_scheduler::executor::MOST_ADDRESSES;
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
    /// The version of its executor that this was judged by.
    pub executor_version: i64,
}

/// How a registration ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registered {
    /// It was written down.
    Done(Node),
    /// The executor was changed or deleted since the node was judged: whether its secret is the present one, nobody knows.
    Stale,
    /// The executor has as many nodes as one may have.
    Full,
}

impl NodeHello {
    fn storable(self) -> NodeHello {
        let NodeHello { executor, address, agent, instance, secret_age, executor_version } = self;
        let (agent, instance) = (agent.map(storable), instance.map(storable));
        NodeHello { executor, address: storable(address), agent, instance, secret_age, executor_version }
    }

    /// The row that it makes where its address is new.
    fn row(&self, id: i64, now: DateTime<Utc>) -> NodeRow {
        NodeRow {
            id,
            executor_id: self.executor.0,
            address: self.address.clone(),
            registration: "automatic".into(),
            agent: self.agent.clone(),
            instance: self.instance.clone(),
            state: NodeState::Online.code(),
            first_seen_at: millis(now),
            last_seen_at: Some(millis(now)),
            secret_age: self.secret_age.code(),
        }
    }
}

impl Store {
    /// Writes down that a node registered, whether it is known or new.
    ///
    /// Nothing is written when its executor is at another version than the one it was judged by: a new secret may have come between,
    /// and whoever has the old one must not pass for a node that has the new one.
    ///
    /// # Errors
    /// What the database says.
    pub async fn node_register(&self, hello: NodeHello, now: DateTime<Utc>) -> Result<Registered, StoreError> {
        let hello = hello.storable();
        let row = hello.row(self.id_next("node").await?, now);
        let registered: Result<Option<NodeRow>, StoreError> = run!(self, write, async |conn| {
            conn.immediate_transaction(async |conn| {
                let mine = node::table.filter(node::executor_id.eq(row.executor_id));
                let known = mine.filter(node::address.eq(&row.address));
                let set = (
                    node::agent.eq(&row.agent),
                    node::instance.eq(&row.instance),
                    node::state.eq(row.state),
                    node::last_seen_at.eq(row.last_seen_at),
                    node::secret_age.eq(row.secret_age),
                );
                let owner = executor::table.find(row.executor_id).filter(executor::deleted_at.is_null());
                let owner = owner.filter(executor::version.eq(hello.executor_version));
                let mut is_known = diesel::update(known).set(set).execute(conn).await? == 1;
                if !is_known {
                    // New, it seems. Writing the executor as it is locks its row, so that of two who register the same address
                    // at once the second one finds the first, and a new secret waits and ages this node too.
                    diesel::update(owner).set(executor::version.eq(executor::version)).execute(conn).await?;
                    is_known = diesel::update(known).set(set).execute(conn).await? == 1;
                }
                // Looked at under the lock of the node's row: a new secret that is not written by now waits for it, and ages the node.
                let is_judged: i64 = owner.count().get_result(conn).await?;
                if is_judged == 0 {
                    return Err(StoreError::from(DieselError::RollbackTransaction));
                }
                if !is_known {
                    let nodes: i64 = mine.count().get_result(conn).await?;
                    if usize::try_from(nodes).is_ok_and(|nodes| nodes >= MOST_ADDRESSES) {
                        return Ok(None);
                    }
                    diesel::insert_into(node::table).values(&row).execute(conn).await?;
                }
                Ok(Some(known.select(NodeRow::as_select()).first(conn).await?))
            })
            .await
        });
        match registered {
            Ok(Some(row)) => Ok(Registered::Done(row.node()?)),
            Ok(None) => Ok(Registered::Full),
            Err(StoreError::Query(DieselError::RollbackTransaction)) => Ok(Registered::Stale),
            Err(error) => Err(error),
        }
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
