// A real provider for one test: oidc-provider from the folder that is named first, on the port that is named second.
// The third word says where the claims are: in the `token`, or told only when asked (`userinfo`).
const [folder, port, where] = process.argv.slice(2);
const { Provider } = await import(`${folder}/node_modules/oidc-provider/lib/index.js`);

const client = {
  redirect_uris: ['http://127.0.0.1:8888/login/oidc'],
  grant_types: ['authorization_code'],
  response_types: ['code'],
};

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    { ...client, client_id: 'with-secret', client_secret: 's3cret' },
    { ...client, client_id: 'public', token_endpoint_auth_method: 'none' },
  ],
  pkce: { required: () => true },
  scopes: ['openid', 'profile', 'groups'],
  claims: { openid: ['sub'], profile: ['preferred_username'], groups: ['groups'] },
  conformIdTokenClaims: where === 'userinfo',
  cookies: { keys: ['for one test'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: 'Alice', groups: ['ops', 'dev'] }),
  }),
});

// Whoever started this holds the other end; when the test is gone, so is this.
process.stdin.on('end', () => process.exit()).resume();
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
