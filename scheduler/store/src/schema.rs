//! One set of tables for every database; `migrations/` creates them. Keep both in step: a test compares them.
#![expect(missing_docs, reason = "the columns are described in the migrations")]

diesel::table! { id_block (name) { name -> Text, next -> BigInt, } }

diesel::table! { partition_lease (id) { id -> BigInt, owner -> Nullable<Text>, epoch -> BigInt, lease_until -> BigInt, } }

diesel::table! {
    executor (id) {
        id -> BigInt, name -> Text, app_key -> Text, app_secret -> Nullable<Text>, registration -> Text,
        version -> BigInt, created_at -> BigInt, updated_at -> BigInt, deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    node (id) {
        id -> BigInt, executor_id -> BigInt, address -> Text, registration -> Text, agent -> Nullable<Text>,
        instance -> Nullable<Text>, state -> SmallInt, first_seen_at -> BigInt, last_seen_at -> Nullable<BigInt>,
        secret_age -> SmallInt,
    }
}

diesel::table! {
    job (id) {
        id -> BigInt, executor_id -> BigInt, partition_id -> BigInt, name -> Text, handler -> Text, owner -> Text,
        spec -> Text, enabled -> Bool, anchor_at -> BigInt, version -> BigInt, created_at -> BigInt,
        updated_at -> BigInt, deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! { job_checkpoint (job_id) { job_id -> BigInt, planned_until -> BigInt, } }

diesel::table! {
    job_debt (job_id, version) {
        job_id -> BigInt, version -> BigInt, spec -> Text, anchor_at -> BigInt, floor_at -> Nullable<BigInt>,
        until_at -> BigInt,
    }
}

diesel::table! { job_request (request_key) { request_key -> Text, job_id -> BigInt, asked -> Text, } }

diesel::table! { journal_mark (journal) { journal -> BigInt, run_id -> BigInt, } }

diesel::table! {
    run (id) {
        id -> BigInt, job_id -> BigInt, executor_id -> BigInt, kind -> SmallInt, scheduled_at -> BigInt,
        shard -> Integer, attempt -> Integer, state -> SmallInt, reason -> SmallInt, not_before -> BigInt,
        node -> Nullable<Text>, pinned -> Bool, parameters -> Nullable<Text>, requested_by -> Nullable<Text>,
        created_at -> BigInt, sent_at -> Nullable<BigInt>, accepted_at -> Nullable<BigInt>,
        cancel_at -> Nullable<BigInt>, finished_at -> Nullable<BigInt>, code -> Nullable<Integer>,
        message -> Nullable<Text>,
    }
}

diesel::table! {
    run_request (job_id, request_key) {
        job_id -> BigInt, request_key -> Text, run_id -> BigInt, created_at -> BigInt, asked -> Nullable<Text>,
    }
}

diesel::table! { job_last_end (job_id) { job_id -> BigInt, ended_at -> BigInt, } }

diesel::table! { run_open (run_id) { run_id -> BigInt, job_id -> BigInt, } }

diesel::table! { run_stat (hour, state) { hour -> BigInt, state -> SmallInt, runs -> BigInt, } }

diesel::table! {
    user_account (id) {
        id -> BigInt, name -> Text, password_hash -> Text, role -> Text, created_at -> BigInt, updated_at -> BigInt,
        all_executors -> Bool, must_change -> Bool, disabled -> Bool, version -> BigInt,
        origin -> Text, subject -> Nullable<Text>, folded -> Nullable<Text>, twin -> BigInt,
    }
}

diesel::table! {
    api_token (id) {
        id -> BigInt, user_id -> BigInt, name -> Text, token_hash -> Text, role -> Text, executors -> Nullable<Text>,
        created_at -> BigInt, expires_at -> BigInt, last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! { user_grant (user_id, executor_id) { user_id -> BigInt, executor_id -> BigInt, } }

diesel::table! {
    session (token_hash) {
        token_hash -> Text, user_id -> BigInt, created_at -> BigInt, last_seen_at -> BigInt, expires_at -> BigInt,
        address -> Text, user_version -> BigInt,
    }
}

diesel::table! {
    operation (id) {
        id -> BigInt, at -> BigInt, user_name -> Text, action -> Text, object_kind -> Text, object_id -> BigInt,
        object_name -> Text, changes -> Text, address -> Nullable<Text>, place -> Nullable<BigInt>,
        hash -> Nullable<Text>,
    }
}

diesel::table! {
    operation_chain (id) { id -> BigInt, place -> BigInt, hash -> Text, key_mark -> Nullable<Text>, }
}

diesel::table! {
    executor_former_secret (executor_id) { executor_id -> BigInt, secret -> Text, until_at -> BigInt, }
}

diesel::table! { run_taken (id) { id -> BigInt, taken -> Text, } }

diesel::joinable!(job -> executor (executor_id));
diesel::joinable!(node -> executor (executor_id));
diesel::joinable!(run -> job (job_id));
diesel::joinable!(api_token -> user_account (user_id));
diesel::joinable!(session -> user_account (user_id));
diesel::allow_tables_to_appear_in_same_query!(
    api_token,
    executor,
    executor_former_secret,
    job,
    job_checkpoint,
    job_debt,
    job_last_end,
    job_request,
    journal_mark,
    node,
    operation,
    operation_chain,
    run,
    run_open,
    run_request,
    run_stat,
    run_taken,
    session,
    user_account,
    user_grant,
);
