DROP INDEX run_executor;
