DROP TABLE api_token;
DELETE FROM id_block WHERE name = 'token';
