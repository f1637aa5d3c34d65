DROP TABLE run_taken;
