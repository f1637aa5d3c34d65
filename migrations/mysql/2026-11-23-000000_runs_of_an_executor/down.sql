DROP INDEX run_executor ON run;
