-- Who vouches for a user: the admin itself by a password (local), a directory (ldap) or a provider (oidc). The latter two know it by a
-- subject. Their users have no password here.
-- One statement, so all or nothing of it; made only if it is not there yet, because a crash may have left it without its record.
SET @statement = IF(
  (SELECT COUNT(*) FROM information_schema.columns
   WHERE table_schema = DATABASE() AND table_name = 'user_account' AND column_name = 'origin') = 0,
  'ALTER TABLE user_account ADD COLUMN origin VARCHAR(16) NOT NULL DEFAULT ''local'', ADD COLUMN subject VARCHAR(1024)',
  'DO 0');
PREPARE prepared FROM @statement;
EXECUTE prepared;
DEALLOCATE PREPARE prepared;
