DROP INDEX user_account_folded;
ALTER TABLE user_account DROP COLUMN twin;
ALTER TABLE user_account DROP COLUMN folded;
