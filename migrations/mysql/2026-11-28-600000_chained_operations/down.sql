ALTER TABLE node DROP COLUMN secret_age;
DROP TABLE executor_former_secret;
DROP TABLE operation_chain;
DROP INDEX operation_place ON operation;
ALTER TABLE operation DROP COLUMN hash;
ALTER TABLE operation DROP COLUMN place;
ALTER TABLE operation DROP COLUMN address;
