"""Signs a person in by a device's code, with boto3: `start` begins and prints what the person needs, `token` ends it."""
import json
import sys
import time

import boto3

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
oidc = boto3.client("sso-oidc")


def refusal(call, **parameters):
    """What boto3 makes of a refusal: the class of the exception, and what the service said."""
    try:
        call(**parameters)
    except oidc.exceptions.ClientError as e:
        return f"{type(e).__name__} {e.response['error']} {e.response['error_description'].split(':')[0]}"
    return "no refusal"


if sys.argv[1] == "start":
    client = oidc.register_client(clientName="device.py", clientType="public", redirectUris=["http://127.0.0.1/oauth/callback"])
    known = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    asked = oidc.start_device_authorization(**known, startUrl="https://grants.example.org/start")
    poll = {**known, "grantType": DEVICE, "deviceCode": asked["deviceCode"]}
    seen = [refusal(oidc.create_token, **poll)]
    for _ in range(100):  # one of them comes too early, however slow this machine is
        seen.append(refusal(oidc.create_token, **poll))
        if seen[-1].startswith("SlowDown"):
            break
    code = {**known, "grantType": "authorization_code", "code": "x", "redirectUri": "http://127.0.0.1/oauth/callback"}
    print(json.dumps({
        "poll": poll, "interval": asked["interval"], "url": asked["verificationUriComplete"], "user": asked["userCode"],
        "refusals": [
            seen[0], seen[-1], refusal(oidc.create_token, **code), refusal(oidc.create_token, **{**code, "clientSecret": "x"}),
            refusal(oidc.create_token, **{**known, "grantType": "password"}),
            refusal(oidc.register_client, clientName="x", clientType="confidential"),
            refusal(oidc.register_client, clientName="x", clientType="public", redirectUris=["https://evil.example/"]),
        ],
    }))
else:
    poll, interval = json.loads(sys.argv[2]), float(sys.argv[3])
    for _ in range(30):
        try:
            token = oidc.create_token(**poll)
            break
        except (oidc.exceptions.AuthorizationPendingException, oidc.exceptions.SlowDownException):
            time.sleep(interval)  # as RFC 8628 (3.5) asks for: the last poll of `start` may be less than an interval ago
    else:
        sys.exit("nobody approved the request")
    print(token["tokenType"], token["expiresIn"], len(token["accessToken"]) > 100, "idToken" in token)
