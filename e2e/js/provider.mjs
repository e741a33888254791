// An OpenID provider on this machine: oidc-provider with its development pages, where any password is right.
//
// Its one argument is a JSON object: users (the names that may sign in; each has the address NAME@example.com unless
// the name is one itself) and redirects (redirect URIs of the confidential client "latchkey-web", whose secret is
// "web-secret"), and groups (for a name, the groups that the ID token says). The public client "latchkey-cli" has PKCE, redirects to any port of loopback, the device flow and refresh tokens.
// It prints its issuer as a line of JSON, and ends when its input does.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const { users = [], groups = {}, redirects = [], idTokenSeconds = 3600 } = JSON.parse(process.argv[2] ?? "{}");
const email = (name) => (name.includes("@") ? name : `${name}@example.com`);

const server = createServer();
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const device = "urn:ietf:params:oauth:grant-type:device_code";
const clients = [
  {
    client_id: "latchkey-cli", application_type: "native", token_endpoint_auth_method: "none", response_types: ["code"],
    grant_types: ["authorization_code", "refresh_token", device],
    redirect_uris: ["", "/", "/callback", "/oauth/callback", "/authorize/callback"].flatMap((path) => ["http://127.0.0.1" + path, "http://localhost" + path]),
  },
];
if (redirects.length > 0) {
  clients.push({
    client_id: "latchkey-web", client_secret: "web-secret", response_types: ["code"], redirect_uris: redirects,
    grant_types: ["authorization_code", "refresh_token"],
  });
}

const provider = new Provider(issuer, {
  clients,
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), alg: "RS256", use: "sig" }] },
  cookies: { keys: ["only for tests"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username", "groups"] },
  scopes: ["openid", "email", "profile", "offline_access"],
  conformIdTokenClaims: false, // the email is in the ID token, as Entra, Okta and Keycloak put it there
  features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true }, rpInitiatedLogout: { enabled: false } },
  pkce: { required: (_ctx, client) => client.clientId === "latchkey-cli" },
  issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed("refresh_token"),
  ttl: { IdToken: idTokenSeconds, AccessToken: 3600, AuthorizationCode: 60, DeviceCode: 600, RefreshToken: 86400, Interaction: 600, Session: 3600, Grant: 86400 },
  findAccount: async (_ctx, name) =>
    users.includes(name)
      ? { accountId: name, claims: async () => ({ sub: name, email: email(name), email_verified: true, name, preferred_username: name, groups: groups[name] }) }
      : undefined,
});
provider.on("server_error", (_ctx, error) => console.error(error));
server.on("request", provider.callback());
console.log(JSON.stringify({ issuer }));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
