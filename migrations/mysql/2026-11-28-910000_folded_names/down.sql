ALTER TABLE user_account DROP KEY user_account_folded, DROP COLUMN twin, DROP COLUMN folded;
