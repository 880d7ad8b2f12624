# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # EC2 instance roles, step by step
#
# An application on an EC2 instance wants to read a bucket.
# AWS answers only calls that are signed with credentials.
# Where do they come from, if nobody types them in?
#
# This notebook follows them: **role → instance profile → instance → metadata → credentials → decision**.
# Then it breaks each step, and asks why.
#
# Everything happens in memory. No AWS account is needed, and all keys are made up: they say `EXAMPLE`.

# %%
from datetime import timedelta

from ec2roles import Account, PermissionPolicy, TrustPolicy, errors

account = Account()
account

# %% [markdown]
# ## 1. An instance without a role
#
# The account has a clock that stands still until we move it, a bucket, and one running instance.

# %%
clock = account.clock
bucket = account.s3.create_bucket("ac-instance-role-demo")
web = account.launch_instance()
web

# %% [markdown]
# We type a command on the instance.

# %%
web.run("aws s3 ls")

# %% [markdown]
# Nothing was sent to AWS at all: the program found nothing to sign with.
# It looked in its environment, in `~/.aws`, and in the instance metadata.

# %%
web.run("curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/latest/meta-data/iam/security-credentials/")

# %% [markdown]
# 404: nothing there.
#
# ## 2. A role
#
# A role has two kinds of policies.
# The **trust policy** says who may assume it. The **permissions policies** say what may be done with it.
# The console makes a role for EC2 in one step.

# %%
role = account.console.create_role("EC2Role", service="ec2.amazonaws.com", policies=["AmazonS3ReadOnlyAccess"])
role.trust.to_dict()

# %%
[policy.name for policy in role.attached_policies]

# %% [markdown]
# The console made something else as well, and did not say so: an **instance profile** of the same name.
# That is the container in which a role is handed to an instance.

# %%
account.instance_profiles["EC2Role"]

# %% [markdown]
# ## 3. Attaching it
#
# Can we attach the role itself?

# %%
try:
    web.attach(role)
except errors.AwsError as error:
    print(error.message)
    print()
    print(error.detail)

# %% [markdown]
# No. What is attached is the instance profile.

# %%
web.attach("EC2Role")
web

# %% [markdown]
# Now the metadata has an answer. IMDSv2 wants a token first; then we ask for the role's name, and for its credentials.

# %%
token = web.metadata.put("/latest/api/token", headers={"X-aws-ec2-metadata-token-ttl-seconds": "21600"}).body
headers = {"X-aws-ec2-metadata-token": token}
web.metadata.get("/latest/meta-data/iam/security-credentials/", headers=headers).body

# %%
print(web.metadata.get("/latest/meta-data/iam/security-credentials/EC2Role", headers=headers).body)

# %% [markdown]
# Any process on the instance can read this; that is the point of it, and the danger.
# An SDK does these three requests for you. Here it is one call, which keeps the secret covered:

# %%
web.metadata.credentials()

# %% [markdown]
# ## 4. Using it

# %%
web.run("aws s3 ls")

# %%
web.run("aws sts get-caller-identity")

# %% [markdown]
# The session is named after the instance.
#
# From Python, `call` makes a call, and `can` only asks.

# %%
web.call("s3:ListAllMyBuckets")

# %%
decision = web.can("s3:PutObject", "arn:aws:s3:::ac-instance-role-demo/cat.txt")
decision

# %% [markdown]
# **Why?** A decision can say so.

# %%
print(decision.explain())

# %% [markdown]
# Nothing forbids the call. But nothing allows it either, and what is not allowed is denied.
#
# ## 5. Credentials rotate
#
# Somebody copies the credentials off the instance.

# %%
leaked = web.metadata.credentials()
leaked

# %% [markdown]
# Almost six hours later the metadata has others. We never saw the hours in between, and they are no less exact for that.

# %%
clock.advance(hours=5, minutes=56)
web.metadata.credentials()

# %% [markdown]
# Does the copy still work, from anywhere?

# %%
account.call("s3:ListAllMyBuckets", credentials=leaked)

# %% [markdown]
# It does, until it expires.

# %%
clock.advance(timedelta(minutes=5))
account.call("s3:ListAllMyBuckets", credentials=leaked)

# %% [markdown]
# ## 6. What can be done about a leak, before it expires?
#
# Detach the profile?

# %%
leaked = web.metadata.credentials()
web.detach()
print("on the instance:", web.call("s3:ListAllMyBuckets"))
print("elsewhere:      ", account.call("s3:ListAllMyBuckets", credentials=leaked))

# %% [markdown]
# That disarmed the instance, and not the thief. **Credentials carry an identity, never permissions.**
# The permissions are looked up for each call, so that is where to act: deny everything to the sessions that are older than now.

# %%
clock.advance(seconds=1)
role.revoke_sessions()
account.call("s3:ListAllMyBuckets", credentials=leaked)

# %%
role.policies["AWSRevokeOlderSessions"].to_dict()

# %% [markdown]
# New sessions are not concerned. The instance gets one by being attached anew, a second later.

# %%
clock.advance(seconds=1)
web.attach("EC2Role")
web.call("s3:ListAllMyBuckets")

# %% [markdown]
# ## 7. A role that EC2 may not assume
#
# This one trusts another service. The API lets us put it into a profile, and lets us attach the profile.

# %%
untrusted = account.create_role("untrusted", trust=TrustPolicy.service("lambda.amazonaws.com"))
untrusted.put_policy("list", PermissionPolicy.allow("s3:ListAllMyBuckets"))
profile = account.create_instance_profile("untrusted-profile")
profile.add_role(untrusted)
web.replace(profile)
web

# %%
web.run("aws s3 ls")

# %% [markdown]
# The same sentence as at the start, although the instance has a profile, and the role in it may list buckets.
# The message does not help. The metadata knows more.

# %%
print(web.run("curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/untrusted").stdout)

# %% [markdown]
# So does the history: EC2 tried, and the trust policy refused.

# %%
*_, attempt = account.history.events(instance=web, kind="assume")
attempt

# %%
print(attempt.decision.explain())

# %% [markdown]
# We mend the trust policy. Is that enough?

# %%
untrusted.update_trust(TrustPolicy.service("ec2.amazonaws.com"))
web.run("aws s3 ls")

# %% [markdown]
# Not yet: EC2 tries again at its next refresh, which is within the hour. Or at once, if the instance is stopped and started.

# %%
clock.advance(hours=1)
web.run("aws s3 ls")

# %% [markdown]
# ## 8. What long-term keys do instead
#
# Alice types her own keys into the instance. The chain of credentials finds them first, and the role is not asked any more.

# %%
alice = account.create_user("alice")
key = alice.create_access_key()
web.run("aws configure", stdin=f"{key.access_key_id}\n{key.secret_access_key.reveal()}\nus-east-1\n\n")
web.run("aws sts get-caller-identity --query Arn --output text")

# %%
clock.advance(days=40)
web.call("s3:ListAllMyBuckets")

# %% [markdown]
# Forty days later it is still Alice who asks: this key never expires. Look at what the answer says after `with`,
# and at who is not authorized. The role could have done it.

# %%
web.run("rm ~/.aws/credentials")
web.call("s3:ListAllMyBuckets")

# %% [markdown]
# ## 9. All of it is in the history
#
# Also what nobody watched: EC2 assumed a role every hour of those forty days.

# %%
for event in list(account.history.events(kind="assume"))[:3]:
    print(event)
print("...")
print(sum(1 for event in account.history.events(kind="assume")), "times in all")

# %% [markdown]
# ## Questions to try
#
# - Launch an instance with `http_tokens="required"`. What does `curl` without a token get, and what does `aws s3 ls` get?
# - Swap the role *inside* a profile with `remove_role` and `add_role`. When does the instance notice?
# - Put a permissions boundary on the role that allows only `s3:GetObject`. What does `explain()` say of `s3:ListAllMyBuckets`?
# - Write `s3:ListBuckets` into a policy, which is what the API calls it. What does the decision note?
