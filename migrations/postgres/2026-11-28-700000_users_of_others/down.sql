ALTER TABLE user_account DROP COLUMN subject;
ALTER TABLE user_account DROP COLUMN origin;
