-- Who vouches for a user: the admin itself by a password (local), a directory (ldap) or a provider (oidc). The latter two know it by a
-- subject. Their users have no password here.
ALTER TABLE user_account ADD COLUMN origin TEXT NOT NULL DEFAULT 'local';
ALTER TABLE user_account ADD COLUMN subject TEXT;
